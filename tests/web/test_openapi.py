"""The JSON twins against their own description."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from known import PORT, TOKEN

from tunesmith.web.app import Dashboard
from tunesmith.web.guard import Policy
from tunesmith.web.openapi import document
from tunesmith.web.routes import Site


def test_every_twin_is_described():
    """all addresses under /api, with all their methods; the streams are no JSON"""
    routes = Site(None, None).routes()
    served = {(route.path, method) for route in routes for method in route.methods - {"HEAD"} if "/api/" in route.path}
    assert set(OPERATIONS) == served


def test_the_description_is_served(client):
    answer = client().get("/openapi.json")
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.json()["info"]["title"] == "Tunesmith dashboard"


class Admitted:
    """An application that is always called by its right name, with the token."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            own = {b"host": f"127.0.0.1:{PORT}".encode(), b"authorization": f"Bearer {TOKEN}".encode()}
            others = [(name, value) for name, value in scope["headers"] if name not in own]
            scope = {**scope, "headers": [*own.items(), *others]}
        await self._app(scope, receive, send)


OPERATIONS = [(path, m.upper()) for path, methods in document()["paths"].items() for m in methods if m != "parameters"]


@pytest.mark.parametrize(("path", "method"), OPERATIONS, ids=lambda part: part)
def test_no_request_breaks_the_server(studies, path, method):
    """whatever is sent where, the answer is one that is described, and never that something broke"""
    studies.ordinary()
    app = Dashboard(studies.store, Policy(TOKEN, port=PORT), "studies.db").app
    operation = schemathesis.openapi.from_asgi("/openapi.json", Admitted(app))[path][method]

    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), is_known=st.integers(0, 4))
    def ask(case, is_known):
        if is_known and "{study}" in path:  # else nearly all answers would be that there is no such study, or trial
            case.path_parameters["study"] = "digits"
            if "number" in (case.path_parameters or {}):
                case.path_parameters["number"] = is_known
        elif is_known and "compare" in path:
            case.query["study"] = ["digits"] * is_known
        answer = case.call()
        assert answer.status_code < 500, answer.text
        described = document()["paths"][path][method.lower()]["responses"]
        assert str(answer.status_code) in described, answer.text

    ask()
