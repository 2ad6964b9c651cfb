"""Servers as people start them: from a program, from a notebook, from the command line."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

import tunesmith as ts
from tunesmith.errors import InvalidStudy, StoreError
from tunesmith.web.serve import Server


def read(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        return answer.read().decode()


def test_from_a_notebook(studies):
    """the page of the study, in a frame, until it is closed"""
    studies.ordinary()
    study = ts.Study(studies.store, "digits")
    ui = ts.ui(study)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/studies/digits\?token=\S+", ui.url)
    assert f'<iframe src="{ui.url}"' in ui._repr_html_()
    address = ui.url.partition("/studies")[0]
    assert json.loads(read(f"{address}/api/studies/digits"))["trials"] == 5
    with urllib.request.urlopen(f"{address}/", timeout=30) as answer:
        assert "frame-ancestors http://localhost:*" in answer.headers["content-security-policy"]
    ui.close()
    with pytest.raises(urllib.error.URLError):
        read(f"{address}/")


def test_of_a_file(studies):
    studies.ordinary()
    ui = ts.ui(studies.store.path, read_only=True)
    token = ui.url.partition("token=")[2]
    request = urllib.request.Request(
        ui.url.partition("/?")[0] + "/api/studies/digits/paused",
        b'{"paused": true}',
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
        method="PUT",
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=30)
    ui.close()


def test_a_store_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StoreError, match="There is no store"):
        ts.ui(tmp_path / "nothing.db")


def test_a_port_that_is_taken_is_told(studies):
    """one that was asked for; else the next one is tried"""
    first = Server(studies.store)
    with pytest.raises(InvalidStudy, match="give another --port"):
        Server(studies.store, port=first.port)
    second = Server(studies.store)
    assert second.port != first.port
    assert second.token != first.token
    for server in (first, second):
        server._socket.close()


def test_a_server_for_all_asks_for_the_token(studies):
    server = Server(studies.store, host="0.0.0.0")
    assert server.is_private
    assert socket.gethostname() in server.url
    server._socket.close()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_from_the_command_line(studies, how):
    """prints the address, answers, and ends when told to"""
    studies.ordinary()
    command = [sys.executable, "-u", "-m", "tunesmith", "ui", str(studies.store.path), "--port", "0"]
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        address = re.search(r"(http://\S+)/\?token=\S+", process.stdout.readline())[1]
        assert "digits" in read(f"{address}/")
        stream = urllib.request.urlopen(f"{address}/api/studies/digits/changes", timeout=30)
        assert stream.readline().startswith(b"data: ")
        process.send_signal(how)
        assert process.wait(30) in (0, -how)
        stream.close()
        assert "Traceback" not in process.stderr.read()


def test_all_modules_of_the_page_are_preloaded():
    """a module that is not would be asked for only when another one has been read"""
    import re

    from tunesmith.web.assets import MODULES, assets

    modules = [name for name, asset in assets().items() if asset.body.startswith(b"//") and name.endswith(".js")]
    imported = {found for name in modules for found in re.findall(rb'from "\./([\w.]+)"', assets()[name].body)}
    assert {name.decode() for name in imported} == set(MODULES)
