"""What a study's page shows of its history before any script has run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from tunesmith.analysis.figures import history, thinned
from tunesmith.plots.sections import history_words
from tunesmith.plots.still import history_still
from tunesmith.trials.view import View
from tunesmith.web.reader import StudyReader


class FirstLook(NamedTuple):
    """The words of the history, and a picture of it until the figure has been drawn."""

    finding: str = ""
    remarks: Sequence[str] = ()
    picture: Markup = Markup()


def first_look(study: StudyReader) -> FirstLook:
    """Made once for every moment of a study."""
    return study.settled("first look", lambda view: _look(study, view))


def _look(study: StudyReader, view: View) -> FirstLook:
    found = history(view, None, study.best)
    thin = thinned(found)
    finding, remarks = history_words(found, thin)
    return FirstLook(finding, remarks, Markup(history_still(thin.points)))  # noqa: S704  of ours; its texts are escaped
