"""Store: where the facts of studies are kept. The protocol, and the rules of `append` that all stores share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol, final

from tunesmith.errors import BudgetSpent, Conflict
from tunesmith.trials.changes import Changes, ReportRow
from tunesmith.trials.facts import Draft, Event, Noted, Opened, Reported, Revised
from tunesmith.trials.fold import fold
from tunesmith.trials.sealing import has_test, sealed
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import State, Trial

LEASE: Final = 60.0
"""Seconds after which a worker that has not renewed its lease is taken for lost."""


class StudyInfo(NamedTuple):
    """One line of the list of studies."""

    name: str
    created: float
    trials: int
    seq: int


class Store(Protocol):
    """Append-only facts with one snapshot per trial, written in the same transaction by the same fold.

    Every study has one counter, `seq`, which numbers its facts in the order of their commits. All methods raise
    `UnknownStudy` for a name that does not exist, and may be called from several threads.
    """

    def create(self, spec: StudySpec) -> None:
        """Begin a study; its first fact is `Revised(spec)`. Raises `DuplicateStudy` if the name is taken."""

    def studies(self) -> Sequence[StudyInfo]:
        """All studies, oldest first."""

    def spec(self, study: str) -> StudySpec:
        """The study's present definition."""

    def append(
        self,
        study: str,
        drafts: Sequence[Draft],
        *,
        expect: Mapping[int, int] | None = None,
        lease: float | None = None,
    ) -> Changes:
        """Add facts, all or none, and return what became different by them.

        `expect` maps trial numbers to the version that they must still have, else `Conflict`. `lease` is the time until
        which trials opened or started here are their worker's. Raises `IllegalTransition` if the fold refuses, and
        `BudgetSpent` if a trial is opened beyond the budget of trials.
        """

    def changes(self, study: str, after: int = 0, *, reports: bool = True) -> Changes:
        """All that happened after fact `after`; `reports=False` leaves the learning curves out."""

    def events(self, study: str, trial: int | None = None, after: int = 0) -> Iterator[Event]:
        """The log, in order: of one trial, or of everything (then including what concerns the study alone)."""

    def renew(self, study: str, worker: str, trials: Sequence[int], until: float) -> Sequence[int]:
        """Prolong the worker's leases; returns the trials that are not its own any more."""

    def delete(self, study: str) -> None:
        """Remove a study and all that belongs to it."""

    def close(self) -> None:
        """Give back connections and files. Closing twice is allowed."""


class Ledger(Protocol):
    """What `stage` needs to know of a study while its store holds the write lock."""

    @property
    def spec(self) -> StudySpec: ...
    @property
    def seq(self) -> int: ...
    @property
    def opened(self) -> int:
        """How many trials there are; also the next number."""

    def trial(self, number: int) -> Trial | None: ...
    def owner(self, key: str) -> int | None:
        """The trial that has a draft's key already, -1 for the study itself, None if nobody has."""


@final
class Staged:
    """What an append will write."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.spec: StudySpec | None = None
        self.events: list[tuple[Event, str | None]] = []
        """Facts other than reports, and reports without metrics, as all of them may be sealed; each with its key."""
        self.reports: list[ReportRow] = []
        self.trials: dict[int, Trial] = {}
        self.log: list[int] = []
        """For each new seq the trial that it concerns; -1 for the study."""


def stage(ledger: Ledger, drafts: Sequence[Draft], expect: Mapping[int, int] | None, at: float) -> Staged:
    """Apply drafts to a study without writing anything: the rules of `append`, the same for every store."""
    for claimed, version in (expect or {}).items():
        known = ledger.trial(claimed)
        if known is None or known.version != version:
            raise Conflict(f"Trial {claimed} has changed in the meantime; look at it again.")
    staged = Staged(ledger.seq)
    opened = ledger.opened
    keys: dict[str, int] = {}
    if any(map(has_test, drafts)):
        drafts = sealed(ledger.spec, drafts)
    for draft in drafts:
        if draft.key is not None and _is_known(ledger, draft, keys):
            continue
        fact, number = draft.fact, draft.trial
        staged.seq += 1
        if isinstance(fact, Opened):
            _check_opening(staged.spec or ledger.spec, number, opened)
            number, opened = opened, opened + 1
        elif number is None:
            assert isinstance(fact, Revised | Noted), "only Opened, Noted and Revised come without a trial"
            staged.spec = fact.spec if isinstance(fact, Revised) else staged.spec
            staged.events.append((Event(staged.seq, None, 0, at, draft.worker, fact), draft.key))
            staged.log.append(-1)
            continue
        before = staged.trials.get(number) or ledger.trial(number)
        event = Event(staged.seq, number, before.version + 1 if before else 1, at, draft.worker, fact)
        trial = staged.trials[number] = fold(before, event)
        staged.log.append(number)
        if isinstance(fact, Reported) and fact.metrics:
            staged.reports.append(ReportRow(number, trial.attempt, fact.step, at, staged.seq, fact.metrics))
        else:
            staged.events.append((event, draft.key))
    return staged


def _is_known(ledger: Ledger, draft: Draft, keys: dict[str, int]) -> bool:
    """Whether this very fact was appended before. Raises `Conflict` if its key belongs to another trial."""
    assert draft.key is not None
    owner = keys.get(draft.key, ledger.owner(draft.key))
    mine = -1 if draft.trial is None else draft.trial
    if owner not in (None, mine):
        kind = type(draft.fact).__name__.lower()
        raise Conflict(f"Trial {owner} was faster with the same {kind} fact; decide anew.")
    keys[draft.key] = mine
    return owner == mine


def _check_opening(spec: StudySpec, claimed: int | None, opened: int) -> None:
    if claimed not in (None, opened):
        raise Conflict(f"Number {claimed} is not the next one; take the number that is free.")
    if spec.budget.trials is not None and opened >= spec.budget.trials:
        raise BudgetSpent(f"All {spec.budget.trials} trials of study {spec.name!r} are taken; raise trials= to go on.")


def holds_lease(trial: Trial) -> bool:
    """Whether a worker is busy with the trial, so that its lease matters."""
    return trial.state in (State.OPEN, State.RUNNING) and bool(trial.worker)
