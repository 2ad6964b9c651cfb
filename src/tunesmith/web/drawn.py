"""The figures of a study as JSON for Plotly: drawn once for every state of the study and every filter."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
import plotly.graph_objects as go

from tunesmith.errors import UnknownStudy
from tunesmith.plots.sections import EXPLAINING, SECTIONS, Section, curves_section, history_section
from tunesmith.run.threads import one_thread
from tunesmith.trials.view import View
from tunesmith.web.answers import json_bytes
from tunesmith.web.documents import frame_of
from tunesmith.web.reader import Moment, StudyReader

FIGURES: Final = (*SECTIONS, *EXPLAINING)
ON_DEMAND: Final = frozenset(EXPLAINING)
"""Computed when somebody asks for them: that takes seconds."""
_WITHOUT_CURVES: Final = frozenset({"history", "parallel"})
"""Drawn from a view without learning curves, which loads in a third of the time."""
FILTERED: Final = {"history": history_section, "curves": curves_section}
"""What shows only the trials that fit the filter of the table."""
_KEPT: Final = 24


@final
class Drawn:
    """The figures of one study."""

    def __init__(self, reader: StudyReader) -> None:
        self._reader = reader
        self._kept: OrderedDict[tuple[str, str], tuple[Moment, bytes]] = OrderedDict()

    def figure(self, name: str, filter_text: str = "") -> bytes:
        """A figure with its words, as JSON. Raises `UnknownStudy` for a figure that there is not, and `InvalidFilter`."""
        if name not in FIGURES:
            raise UnknownStudy(f"There is no figure {name[:80]!r}; there are {', '.join(FIGURES)}.")
        text = filter_text if name in FILTERED else ""
        view = self._reader.view if name in _WITHOUT_CURVES else self._reader.full
        moment = self._reader.moment(view)
        known, body = self._kept.get((name, text), (None, b""))
        if known != moment:
            body = section_bytes(self._section(name, view, text))
            self._kept[name, text] = moment, body
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return body

    def _section(self, name: str, view: View, text: str) -> Section:
        if name in EXPLAINING:
            with one_thread():
                return EXPLAINING[name](view) or Section(name, name.capitalize(), "Too few trials tell", [], None)
        if not text.strip():
            return SECTIONS[name](view)
        fits = frame_of(self._reader).matching(text)
        only = frozenset(np.flatnonzero(fits).tolist())
        found = FILTERED[name](view, only)
        remark = f"Only the {len(only):,} of {len(fits):,} trials that fit the filter."
        return found._replace(remarks=[remark, *found.remarks])


def section_bytes(section: Section) -> bytes:
    """A figure and its words as JSON; the page shows the finding itself, so that the figure needs no title."""
    axes = [
        {"name": axis.name, "kind": axis.kind, "idle": axis.idle, "ticks": axis.ticks, "labels": axis.labels}
        for axis in section.axes
    ]
    words = {"id": section.id, "heading": section.heading, "finding": section.finding, "remarks": section.remarks}
    return figure_bytes(section.figure, {**words, "width": section.width, "axes": axes})


def figure_bytes(figure: go.Figure | None, words: Mapping[str, Any]) -> bytes:
    """A figure among words, as one JSON object."""
    head = json_bytes(words)
    if figure is None:
        return head[:-1] + b',"figure":null}'
    figure.layout.title = None
    figure.layout.margin.t -= 35
    body: str = figure.to_json(validate=False, engine="json")
    return head[:-1] + b',"figure":' + body.encode("ascii") + b"}"
