"""Who may read and who may write."""

import pytest
from known import PORT, TOKEN

LOOPBACK = f"127.0.0.1:{PORT}"
NOTE = {"note": "seen"}


@pytest.fixture(autouse=True)
def _study(studies):
    studies.ordinary()


def put(client, **headers):
    return client.put("/api/studies/digits/trials/1/notes", json=NOTE, headers=headers)


def with_cookie(client):
    """A client that has opened the printed address, as a browser would."""
    answer = client.get(f"/?token={TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    return client


def test_loopback_reads_without_token(client):
    """but does not write"""
    assert client().get("/").status_code == 200
    assert client().get("/api/studies").status_code == 200
    assert put(client()).status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/", "/api/studies", "/studies/digits", "/openapi.json", "/static/dashboard.js", "/nowhere", "/api/changes"],
)
def test_elsewhere_nothing_is_read_without_the_token(client, path):
    """not even what is the same everywhere"""
    private = client(host="0.0.0.0")
    assert private.get(path).status_code == 401
    assert "digits" not in private.get(path).text
    assert private.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401


def test_elsewhere_the_token_opens_it(client):
    assert client(token=True, host="0.0.0.0").get("/api/studies").status_code == 200
    assert with_cookie(client(host="0.0.0.0")).get("/studies/digits").status_code == 200


def test_the_token_leaves_the_address(client):
    """and stays in a cookie that neither scripts nor other sites can use"""
    answer = client().get(f"/studies/digits?filter=lr+%3E+1&token={TOKEN}", follow_redirects=False)
    assert answer.headers["location"] == "/studies/digits?filter=lr+%3E+1"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "/%2Fevil.example"])
def test_the_way_back_leads_to_no_other_site(client, path):
    answer = client().get(f"http://{LOOPBACK}{path}?token={TOKEN}", follow_redirects=False)
    assert not answer.headers.get("location", "/").startswith(("//", "/\\", "http"))


def test_a_wrong_token_is_refused(client):
    assert client().get("/?token=guess", follow_redirects=False).status_code == 403
    assert put(client(), authorization="Bearer guess").status_code == 403
    assert put(client(), authorization=b"Bearer \xfc").status_code == 403


def test_programs_write_with_the_header(client):
    assert put(client(token=True)).status_code == 200


def test_pages_write_with_the_cookie_from_their_own_origin_only(client):
    """a cookie alone may have been sent for another site's page"""
    browser = with_cookie(client())
    own = f"http://{LOOPBACK}"
    assert put(browser, origin=own).status_code == 200
    assert put(browser, origin=own, **{"sec-fetch-site": "same-origin"}).status_code == 200
    assert put(browser).status_code == 403
    assert put(browser, origin="http://evil.example").status_code == 403
    assert put(browser, origin="http://127.0.0.1:9999").status_code == 403
    assert put(browser, origin="null").status_code == 403
    assert put(browser, origin=own, **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert put(browser, origin=own, **{"sec-fetch-site": "same-site"}).status_code == 403


def test_a_form_of_another_site_cannot_be_a_request_of_ours(client):
    """bodies are JSON, which forms cannot send"""
    browser = with_cookie(client())
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain"):
        answer = browser.post(
            "/api/studies/digits/trials/4/stop",
            content=b"{}",
            headers={"content-type": kind, "origin": f"http://{LOOPBACK}"},
        )
        assert answer.status_code == 400


def test_other_sites_cannot_read_along(client):
    assert (
        client().get("/api/studies", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}).status_code
        == 403
    )
    assert client().get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}).status_code == 200


def test_read_only_is_read_only(client):
    """also with the token"""
    assert put(client(token=True, read_only=True)).status_code == 403
    page = with_cookie(client(read_only=True)).get("/studies/digits/trials/4").text
    assert "data-act" not in page


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "localhost.evil.example", "10.0.0.1", "", "[::", "127.0.0.1.evil.example"],
)
def test_other_names_are_refused(client, host):
    """a site that points its own name here (DNS rebinding) reads nothing"""
    assert client().get("/api/studies", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:9999", "127.0.0.1:1", "[::1]:8321", "LOCALHOST"])
def test_names_of_loopback_are_known_at_any_port(client, host):
    """for tunnels"""
    assert client().get("/api/studies", headers={"host": host}).status_code == 200


def test_further_names_can_be_allowed(client):
    named = client(names=frozenset({"tuner.lan"}))
    assert named.get("/api/studies", headers={"host": "tuner.lan:80"}).status_code == 200


def test_every_answer_has_the_safety_headers(client):
    """pages, twins, files, refusals"""
    for path in ("/", "/api/studies", "/static/dashboard.css", "/nowhere", "/?token=wrong"):
        headers = client().get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self' 'unsafe-eval'" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "cache-control" in headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/static/%2Fetc%2Fpasswd",
        "/api/studies/digits/trials/..%2f..%2fx/output/stdout",
        "/api/studies/digits/trials/0/output/..%2fstderr",
        "/api/studies/digits/trials/0/output/stdout.txt",
        "/api/studies/..%2f..%2fetc/trials/0",
        "/studies/%2e%2e/trials/0",
    ],
)
def test_no_path_leads_to_the_disk(client, path):
    answer = client().get(f"http://{LOOPBACK}{path}")
    assert answer.status_code in (400, 404)
    assert "root:" not in answer.text


def test_output_outside_of_the_study_is_not_read(client, studies, tmp_path):
    """neither through a study that is called .. nor through a link"""
    root = studies.store.path.with_suffix(".files")
    (tmp_path / "trial-00000").mkdir()
    (tmp_path / "trial-00000" / "stdout.txt").write_text("secret")
    studies.study("..")
    studies.trial("..")
    folder = root / "digits" / "trial-00000"
    folder.mkdir(parents=True)
    (folder / "stdout.txt").symlink_to(tmp_path / "trial-00000" / "stdout.txt")
    (folder / "stderr.txt").write_text("harmless")
    reader = client()
    assert "secret" not in reader.get("/api/studies/digits/trials/0").text
    assert "secret" not in reader.get(f"http://{LOOPBACK}/api/studies/%2e%2e/trials/0").text
    assert reader.get("/api/studies/digits/trials/0/output/stderr").json()["text"] == "harmless"


def test_sizes_are_limited(client):
    writer = client(token=True)
    assert writer.put("/api/studies/digits/notes", json={"note": "x" * 1_200_000}).status_code == 413
    assert writer.put("/api/studies/digits/notes", json={"note": "x" * 30_000}).status_code == 400
    assert writer.get("/api/studies/digits/trials", params={"filter": "x" * 20_000}).status_code == 414
    assert writer.get("/api/studies/digits/trials", params={"filter": "lr > 1 or " * 300}).status_code == 400
    assert writer.get("/api/studies/digits/trials", params={"size": 10_000}).status_code == 400

    def endless():
        for _ in range(40):
            yield b" " * 50_000

    answer = writer.put("/api/studies/digits/notes", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"[" * 100_000, b'{"note": 1}', b"\xff"])
def test_bodies_that_make_no_sense_are_told(client, body):
    answer = client(token=True).put(
        "/api/studies/digits/notes", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]
