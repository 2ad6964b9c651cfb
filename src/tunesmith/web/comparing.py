"""Whole studies side by side: which ones, the figure of their best values, and what each found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tunesmith.analysis.figures import comparison
from tunesmith.errors import InvalidConfig
from tunesmith.plots.comparison import comparison_figure, comparison_finding, comparison_remarks
from tunesmith.plots.sections import Section
from tunesmith.web.documents import line_of
from tunesmith.web.reader import StoreReader, StudyReader

MOST_STUDIES: Final = 12
_WIDE: Final = 640


def chosen(reader: StoreReader, names: Sequence[str]) -> list[StudyReader]:
    """The studies of these names, each once. Raises `UnknownStudy`, and `InvalidConfig` for too many."""
    wanted = list(dict.fromkeys(name for name in names if name))
    if len(wanted) > MOST_STUDIES:
        raise InvalidConfig(f"{len(wanted)} studies do not fit into one figure; compare at most {MOST_STUDIES}.")
    return [reader.study(name) for name in wanted]


def comparison_section(studies: Sequence[StudyReader]) -> Section:
    """Their best values so far, over trials and over time."""
    found = comparison([study.view for study in studies])
    figure = comparison_figure(found) if any(len(course.trials) for course in found.courses) else None
    return Section(
        "comparison", "Best value so far", comparison_finding(found), comparison_remarks(found), figure, _WIDE
    )


def comparison_document(reader: StoreReader, studies: Sequence[StudyReader]) -> dict[str, Any]:
    """Studies side by side: each in a line, with its best configuration."""
    infos = {info.name: info for info in reader.infos()}
    return {
        "studies": [
            {
                **line_of(infos[study.name], study)._asdict(),
                "sampler": study.view.spec.sampler,
                "scheduler": study.view.spec.scheduler,
                "seconds": study.summary.seconds,
                "config": study.best.trial.config if study.best else None,
            }
            for study in studies
        ]
    }
