"""Which address shows what. Paths and their JSON twins stand side by side; `openapi.py` describes the latter."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tunesmith.errors import InvalidConfig, InvalidFilter, InvalidStudy, UnknownStudy
from tunesmith.plots.chosen import Curve, chosen_curves_figure
from tunesmith.plots.page import report_html
from tunesmith.plots.texts import clip
from tunesmith.space.params import Json
from tunesmith.trials.trial import Trial
from tunesmith.web.actions import Actions
from tunesmith.web.answers import body_answer, json_answer, takes_gzip
from tunesmith.web.assets import assets
from tunesmith.web.comparing import chosen, comparison_document, comparison_section
from tunesmith.web.documents import (
    compare_document,
    compared,
    line_of,
    metrics_of,
    story_from,
    study_document,
    trial_document,
    trial_of,
    trials_document,
)
from tunesmith.web.drawn import Drawn, figure_bytes, section_bytes
from tunesmith.web.openapi import document
from tunesmith.web.output import STREAMS, output_of
from tunesmith.web.pages import Pages
from tunesmith.web.reader import StoreReader, StudyReader
from tunesmith.web.rows import SIZES, Wanted

_HTML: Final = "text/html; charset=utf-8"
_JSON: Final = "application/json"
_LARGEST_NUMBER: Final = 10**9

Handler: TypeAlias = Callable[[Request], Response]


@final
class Site:
    """All pages and their twins over one store."""

    def __init__(self, reader: StoreReader, pages: Pages) -> None:
        self._reader = reader
        self._pages = pages
        self._drawn: dict[StudyReader, Drawn] = {}
        self._actions: dict[StudyReader, Actions] = {}

    def routes(self) -> list[Route]:
        """Everything but the live streams. Handlers are no coroutines: they run in threads of their own."""
        study, trial = "/studies/{study}", "/studies/{study}/trials/{number}"
        read: dict[str, Handler] = {
            "/": self._studies,
            "/compare": self._compare_studies,
            study: self._study,
            f"{study}/line": self._line,
            f"{study}/notes": self._notes,
            f"{study}/new": self._form,
            f"{study}/compare": self._compare,
            f"{study}/report.html": self._report,
            trial: self._trial,
            f"{trial}/record": self._record,
            "/api/studies": self._studies_twin,
            "/api/compare": self._compared_studies,
            "/api/compare/figure": self._comparison,
            f"/api{study}": self._study_twin,
            f"/api{study}/trials": self._trials_twin,
            f"/api{study}/compare": self._compare_twin,
            f"/api{study}/compare/curves": self._compared_curves,
            f"/api{study}/figures/{{figure}}": self._figure,
            f"/api{trial}": self._trial_twin,
            f"/api{trial}/curves": self._trial_curves,
            f"/api{trial}/output/{{stream}}": self._output,
            "/openapi.json": self._openapi,
            "/static/{name}": self._asset,
        }
        write: dict[tuple[str, str], Callable[[Actions, int | None, Mapping[str, Any]], Json]] = {
            ("POST", f"/api{study}/trials"): lambda actions, _, body: _outcome(actions.enqueue(body)),
            ("POST", f"/api{trial}/stop"): lambda actions, n, body: _outcome(actions.stop(n or 0, body)),
            ("PUT", f"/api{trial}/notes"): lambda actions, n, body: actions.annotate(n, body),
            ("PUT", f"/api{study}/notes"): lambda actions, _, body: actions.annotate(None, body),
            ("PUT", f"/api{study}/paused"): lambda actions, _, body: {"paused": actions.pause(body)},
            ("PUT", f"/api{study}/budget"): lambda actions, _, body: vars(actions.budget(body)),
        }
        writing = [Route(path, self._writer(act), methods=[method]) for (method, path), act in write.items()]
        return [*(Route(path, handler, methods=["GET"]) for path, handler in read.items()), *writing]

    # -- pages -------------------------------------------------------------------------------------------------------

    def _studies(self, request: Request) -> Response:
        return body_answer(request, self._pages.studies(request), _HTML)

    def _line(self, request: Request) -> Response:
        return body_answer(request, self._pages.line(request, self._reader_of(request)), _HTML)

    def _study(self, request: Request) -> Response:
        reader = self._reader_of(request)
        try:
            body, status = self._pages.study(request, reader, _wanted(request), ""), 200
        except InvalidFilter as error:
            unfiltered = _wanted(request)._replace(filter="", sort=Wanted().sort)
            body, status = self._pages.study(request, reader, unfiltered, str(error)), 400
        return body_answer(request, body, _HTML, status)

    def _trial(self, request: Request) -> Response:
        return body_answer(request, self._pages.trial(request, self._reader_of(request), _number(request)), _HTML)

    def _compare(self, request: Request) -> Response:
        text = request.query_params.get("trials", "")
        return body_answer(request, self._pages.compare(request, self._reader_of(request), text), _HTML)

    def _compare_studies(self, request: Request) -> Response:
        studies = chosen(self._reader, request.query_params.getlist("study"))
        return body_answer(request, self._pages.compare_studies(request, studies), _HTML)

    def _form(self, request: Request) -> Response:
        given = request.query_params.get("from")
        source = None if given is None else _whole(given, "from")
        return body_answer(request, self._pages.form(request, self._reader_of(request), source), _HTML)

    def _notes(self, request: Request) -> Response:
        return body_answer(request, self._pages.notes(request, self._reader_of(request)), _HTML)

    def _record(self, request: Request) -> Response:
        return body_answer(request, self._pages.record(request, self._reader_of(request), _number(request)), _HTML)

    def _report(self, request: Request) -> Response:
        """To be saved, not to be shown: the report has scripts in it, which a page from here may not run."""
        reader = self._reader_of(request)
        body = report_html(reader.full, told=reader.told).encode("utf-8", "replace")
        return body_answer(request, body, _HTML, headers={"content-disposition": 'attachment; filename="report.html"'})

    # -- their JSON twins --------------------------------------------------------------------------------------------

    def _studies_twin(self, request: Request) -> Response:
        lines = [line_of(info, self._reader.study(info.name)) for info in self._reader.infos()]
        return json_answer(request, {"studies": [line._asdict() for line in lines]})

    def _study_twin(self, request: Request) -> Response:
        reader = self._reader_of(request)
        return json_answer(request, study_document(reader, reader.notes))

    def _trials_twin(self, request: Request) -> Response:
        return json_answer(request, trials_document(self._reader_of(request), _wanted(request)))

    def _trial_twin(self, request: Request) -> Response:
        reader = self._reader_of(request)
        return json_answer(request, trial_document(reader, reader.notes, _number(request)))

    def _compare_twin(self, request: Request) -> Response:
        view = self._reader_of(request).view
        return json_answer(request, compare_document(view, compared(view, request.query_params.get("trials", ""))))

    def _compared_studies(self, request: Request) -> Response:
        studies = chosen(self._reader, request.query_params.getlist("study"))
        return json_answer(request, comparison_document(self._reader, studies))

    def _comparison(self, request: Request) -> Response:
        studies = chosen(self._reader, request.query_params.getlist("study"))
        if not studies:
            raise InvalidConfig("Name the studies to be compared: study=first&study=second.")
        return body_answer(request, section_bytes(comparison_section(studies)), _JSON)

    def _figure(self, request: Request) -> Response:
        reader = self._reader_of(request)
        drawn = self._drawn.setdefault(reader, Drawn(reader))
        body = drawn.figure(request.path_params["figure"], request.query_params.get("filter", ""))
        return body_answer(request, body, _JSON)

    def _trial_curves(self, request: Request) -> Response:
        reader = self._reader_of(request)
        return _curves(request, reader, [trial_of(reader.view, _number(request))])

    def _compared_curves(self, request: Request) -> Response:
        reader = self._reader_of(request)
        return _curves(request, reader, compared(reader.view, request.query_params.get("trials", "")))

    def _output(self, request: Request) -> Response:
        reader, stream = self._reader_of(request), request.path_params["stream"]
        if stream not in STREAMS:
            raise UnknownStudy(f"There is no output {stream[:40]!r}; there are {' and '.join(STREAMS)}.")
        trial = trial_of(reader.view, _number(request))
        found = output_of(reader.store, reader.name, trial.number, stream)
        return json_answer(request, found._asdict() if found else {"text": "", "left_out": 0})

    def _openapi(self, request: Request) -> Response:
        return json_answer(request, document())

    def _asset(self, request: Request) -> Response:
        asset = assets().get(request.path_params["name"])
        if asset is None:
            raise UnknownStudy("There is no such file.")
        headers = {"etag": asset.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == asset.tag:
            return Response(status_code=304, headers=headers)
        if takes_gzip(request):
            return Response(
                asset.compressed, headers={**headers, "content-encoding": "gzip", "content-type": asset.kind}
            )
        return Response(asset.body, headers={**headers, "content-type": asset.kind})

    # -- changes -----------------------------------------------------------------------------------------------------

    def _writer(self, act: Callable[[Actions, int | None, Mapping[str, Any]], Json]) -> Callable[[Request], Any]:
        async def write(request: Request) -> Response:
            body = await _body(request)
            # Waiting for the store is done away from the event loop.
            return await run_in_threadpool(self._written, request, act, body)

        return write

    def _written(
        self, request: Request, act: Callable[[Actions, int | None, Mapping[str, Any]], Json], body: Mapping[str, Any]
    ) -> Response:
        reader = self._reader_of(request)
        number = None
        if "number" in request.path_params:
            number = trial_of(reader.view, _number(request)).number
        actions = self._actions.setdefault(reader, Actions(self._reader.store, reader.name))
        return json_answer(request, act(actions, number, body))

    def _reader_of(self, request: Request) -> StudyReader:
        return self._reader.study(request.path_params["study"])


async def _body(request: Request) -> Mapping[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise InvalidStudy("Send the body as JSON, with the header Content-Type: application/json.")
    try:
        body = json.loads(await request.body())
    except ClientDisconnect:
        raise InvalidStudy("The body is too large; send less at a time.") from None
    except (ValueError, RecursionError):
        raise InvalidStudy("The body is no JSON; send an object such as {}.") from None
    if not isinstance(body, dict):
        raise InvalidStudy("The body must be a JSON object, such as {}.")
    return body


def _outcome(trial: Trial) -> Json:
    return {"number": trial.number, "state": trial.state.value, "config": trial.config}


def _curves(request: Request, reader: StudyReader, trials: list[Trial]) -> Response:
    """A metric of trials over their steps: by name, by its place on the page of the first trial, or the first objective."""
    objectives = {o.metric: o.direction for o in reader.view.spec.objectives}
    stories = [(trial.number, story_from(reader, trial.number)) for trial in trials]
    metric = request.query_params.get("metric") or next(iter(objectives))
    if "place" in request.query_params and stories:
        metrics = metrics_of(reader.view, stories[0][1])
        place = _whole(request.query_params["place"], "place")
        metric = metrics[place] if place < len(metrics) else metric
    found_curves = [(number, story.curves.get(metric)) for number, story in stories]
    curves = [Curve(number, *found) for number, found in found_curves if found is not None]
    figure = chosen_curves_figure(curves, metric, objectives.get(metric)) if curves else None
    finding = "" if curves else "Nothing was reported step by step"
    return body_answer(
        request, figure_bytes(figure, {"id": "curves", "heading": clip(metric, 200), "finding": finding}), _JSON
    )


def _wanted(request: Request) -> Wanted:
    query, blank = request.query_params, Wanted()
    size = _whole(query.get("size", str(blank.size)), "size")
    if not 1 <= size <= SIZES[-1]:
        raise InvalidConfig(f"size={size}: a page has 1 to {SIZES[-1]} trials.")
    return Wanted(
        filter=query.get("filter", ""),
        sort=query.get("sort") or blank.sort,
        page=max(1, _whole(query.get("page", "1"), "page")),
        size=size,
    )


def _number(request: Request) -> int:
    return _whole(request.path_params["number"], "the trial's number")


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= _LARGEST_NUMBER):
        raise InvalidConfig(f"{name} = {text[:40]!r} is not a whole number from 0 to {_LARGEST_NUMBER:,}.")
    return int(text)
