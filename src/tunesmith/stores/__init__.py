"""Where facts are kept."""

from tunesmith.stores.base import LEASE as LEASE, Store as Store, StudyInfo as StudyInfo
