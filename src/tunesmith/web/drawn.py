"""The figures of a study as JSON for Plotly: drawn once for every state of the study and every filter."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
import plotly.graph_objects as go

from tunesmith.errors import InvalidStudy, UnknownStudy
from tunesmith.plots.sections import PANELS, Panel, Section, Source
from tunesmith.run.threads import one_thread
from tunesmith.trials.view import View
from tunesmith.web.answers import json_bytes
from tunesmith.web.documents import frame_of
from tunesmith.web.reader import Moment, StudyReader

_KEPT: Final = 24


@final
class Drawn:
    """The figures of one study."""

    def __init__(self, reader: StudyReader) -> None:
        self._reader = reader
        self._kept: OrderedDict[tuple[str, str], tuple[Moment, bytes]] = OrderedDict()

    def figure(self, name: str, filter_text: str = "") -> bytes:
        """A figure with its words, as JSON. Raises `UnknownStudy` for a figure that there is not, and `InvalidFilter`."""
        panel = PANELS.get(name)
        if panel is None:
            raise UnknownStudy(f"There is no figure {name[:80]!r}; there are {', '.join(PANELS)}.")
        text = filter_text if panel.filtered else ""
        view = self._reader.full if panel.curves else self._reader.view
        moment = self._reader.moment(view) if panel.follows_reports else self._reader.settled_moment
        known, body = self._kept.get((name, text), (None, b""))
        if known != moment:
            body = section_bytes(self._section(name, panel, view, text))
            self._kept[name, text] = moment, body
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return body

    def _section(self, name: str, panel: Panel, view: View, text: str) -> Section:
        source = Source(view, self._reader.best_in(view), self._reader.told if panel.logged else None)
        if panel.modelled:
            try:
                with one_thread():
                    return panel.draw(source)
            except InvalidStudy:
                return Section(name, panel.heading, "Too few trials tell", [], None)
        if not text.strip():
            return panel.draw(source)
        fits = frame_of(self._reader).matching(text)
        only = frozenset(np.flatnonzero(fits).tolist())
        found = panel.draw(source._replace(only=only))
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
