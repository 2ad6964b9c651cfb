"""The JSON twins as an OpenAPI document: what may be asked, what comes back."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any, Final

from tunesmith.plots.sections import PANELS
from tunesmith.web.comparing import MOST_STUDIES
from tunesmith.web.documents import MOST_COMPARED
from tunesmith.web.filters import LONGEST
from tunesmith.web.output import STREAMS
from tunesmith.web.rows import SIZES

_Json = dict[str, Any]

_STUDY: Final = {
    "name": "study",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "the study's name",
}
_NUMBER: Final = {
    "name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0},
    "description": "the trial's number",
}  # fmt: skip
_ABOUT: Final = """\
Everything that the dashboard's pages show, as JSON. A number that is not finite is null.

Programs send the token that `tunesmith ui` prints in the header `Authorization: Bearer TOKEN`. On loopback only
changes need it. An error is an object with one sentence: {"error": "..."}.
"""


@cache
def document() -> _Json:
    """The document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tunesmith dashboard", "version": version("tunesmith"), "description": _ABOUT},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
        "paths": {**_reading(), **_changing()},
    }


def _reading() -> _Json:
    study, trial = "/api/studies/{study}", "/api/studies/{study}/trials/{number}"
    filtered = _query("filter", {"type": "string", "maxLength": LONGEST}, "such as: lr > 1e-3 and state = failed")
    numbers = _query("trials", {"type": "string"}, f"numbers, such as 3,7,12; at most {MOST_COMPARED}")
    names = _query(
        "study", {"type": "array", "items": {"type": "string"}}, f"names of studies, repeated; at most {MOST_STUDIES}"
    )
    metric = _query("metric", {"type": "string"}, "by default the first objective")
    place = _query("place", {"type": "integer", "minimum": 0}, "instead: the metric's place on the first trial's page")
    return {
        "/api/studies": {"get": _get("All studies of the store, the latest first", "Studies")},
        "/api/compare": {"get": _get("Studies side by side", "StudiesCompared", names)},
        "/api/compare/figure": {"get": _get("The best values of studies so far, for Plotly", "Figure", names)},
        study: {"parameters": [_STUDY], "get": _get("A study: what it searches and what it found", "Study")},
        f"{study}/trials": {
            "parameters": [_STUDY],
            "get": _get(
                "A page of the table of trials",
                "Trials",
                filtered,
                _query("sort", {"type": "string"}, "a column, or best; after a - the other way round"),
                _query("page", {"type": "integer", "minimum": 1}, "the page, beginning with 1; the last one if there are fewer"),
                _query("size", {"type": "integer", "minimum": 1, "maximum": SIZES[-1]}, "trials of a page"),
            ),
            "post": _change("Add a trial with a configuration, to be trained before others", "Config", "Outcome"),
        },
        trial: {"parameters": [_STUDY, _NUMBER], "get": _get("All that is known about a trial", "Trial")},
        f"{trial}/curves": {
            "parameters": [_STUDY, _NUMBER],
            "get": _get("A trial's learning curve, for Plotly", "Figure", metric, place),
        },
        f"{trial}/output/{{stream}}": {
            "parameters": [_STUDY, _NUMBER, _path("stream", list(STREAMS), "what was printed, or the errors")],
            "get": _get("The end of what a trial printed", "Output"),
        },
        f"{study}/compare": {"parameters": [_STUDY], "get": _get("Trials side by side", "Comparison", numbers)},
        f"{study}/compare/curves": {
            "parameters": [_STUDY],
            "get": _get("The learning curves of trials, for Plotly", "Figure", numbers, metric, place),
        },
        f"{study}/figures/{{figure}}": {
            "parameters": [_STUDY, _path("figure", list(PANELS), "the figure")],
            "get": _get("A figure of the study, for Plotly, with its words", "Figure", filtered),
        },
    }  # fmt: skip


def _changing() -> _Json:
    study, trial = "/api/studies/{study}", "/api/studies/{study}/trials/{number}"
    return {
        f"{trial}/stop": {
            "parameters": [_STUDY, _NUMBER],
            "post": _change("Stop a trial; its training ends at its next report", "Reason", "Outcome"),
        },
        f"{trial}/notes": {
            "parameters": [_STUDY, _NUMBER],
            "put": _change("Set a trial's note and tags", "Notes", "Notes"),
        },
        f"{study}/notes": {
            "parameters": [_STUDY],
            "put": _change("Set the study's note and tags", "Notes", "Notes"),
        },
        f"{study}/paused": {
            "parameters": [_STUDY],
            "put": _change("Ask whoever runs the study to start no trials, or to go on", "Paused", "Paused"),
        },
        f"{study}/budget": {
            "parameters": [_STUDY],
            "put": _change("Set totals of the study; what is not named stays, null is no limit", "Budget", "Budget"),
        },
    }


def _schemas() -> _Json:
    text, number, whole = {"type": "string"}, {"type": ["number", "null"]}, {"type": "integer"}
    anything: _Json = {}
    return {
        "Error": _object(error=text),
        "Studies": _object(studies={"type": "array", "items": {"$ref": "#/components/schemas/Line"}}),
        "Line": _object(name=text, created=number, trials=whole, budget={"type": ["integer", "null"]}, states={"type": "object"},
                        status=text, best={"type": ["integer", "null"]}, value=number),
        "Study": _object(study=text, status=text, seq=whole, space={"type": "object"}, budget={"type": "object"},
                         notes={"type": "object"}, trials=whole, states={"type": "object"}),
        "Trials": _object(filter=text, sort=text, page=whole, pages=whole, size=whole, matching=whole, total=whole,
                          columns={"type": "array", "items": text}, trials={"type": "array", "items": {"type": "object"}}),
        "Trial": _object(number=whole, state=text, config={"type": ["object", "null"]}, values={"type": "object"},
                         moments={"type": "array"}, curves={"type": "object"}, diagnosis={"type": "array"}, record=anything, output={"type": "object"}),
        "StudiesCompared": _object(studies={"type": "array", "items": {"type": "object"}}),
        "Comparison": _object(study=text, trials={"type": "array"}, config={"type": "array"}, values={"type": "array"}),
        "Figure": _object(id=text, heading=text, finding=text, figure={"type": ["object", "null"]}),
        "Output": _object(text=text, left_out=whole),
        "Outcome": _object(number=whole, state=text, config={"type": ["object", "null"]}),
        "Config": _object(config={"type": "object"}),
        "Reason": {"type": "object", "properties": {"reason": {"type": "string", "maxLength": 500}}},
        "Notes": {"type": "object", "minProperties": 1, "properties": {
            "note": {"type": "string", "maxLength": 20_000},
            "tags": {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 100}}}},
        "Paused": _object(paused={"type": "boolean"}),
        "Budget": {"type": "object", "minProperties": 1, "properties": {
            "trials": {"type": ["integer", "null"], "minimum": 1},
            "time": {"type": ["number", "string", "null"], "description": "seconds, or a text such as 90m"},
            "cost": {"type": ["number", "null"], "exclusiveMinimum": 0}}},
    }  # fmt: skip


def _object(**properties: _Json) -> _Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _query(name: str, schema: _Json, about: str) -> _Json:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": about}


def _path(name: str, values: list[str], about: str) -> _Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": values},
        "description": about,
    }


def _get(summary: str, schema: str, *parameters: _Json) -> _Json:
    return {"summary": summary, "parameters": list(parameters), "responses": _responses(schema)}


def _change(summary: str, takes: str, gives: str) -> _Json:
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{takes}"}}}}
    refused = {"403": _answer("No token, another site, or a read-only server", "Error"),
               "409": _answer("The study is not in a state for it", "Error"),
               "413": _answer("Too large", "Error")}  # fmt: skip
    return {
        "summary": summary,
        "security": [{"token": []}],
        "requestBody": body,
        "responses": {**_responses(gives), **refused},
    }


def _responses(schema: str) -> _Json:
    return {
        "200": _answer("As asked", schema),
        "400": _answer("The request cannot be understood", "Error"),
        "401": _answer("The token is missing", "Error"),
        "404": _answer("There is no such study, trial or figure", "Error"),
    }


def _answer(about: str, schema: str) -> _Json:
    return {
        "description": about,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }
