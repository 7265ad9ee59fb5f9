"""Nobody but the browser that was given the key is answered, and no path leads out of the image folder."""

from __future__ import annotations

import json
import re
import socket

import pytest

from pipeline.labelling.server import ADDRESS, cookie_name
from tests.pipeline.label_page import KEY, Served, served
from tests.pipeline.labelling_corpus import make_corpus

MINE = {"Cookie": f"{cookie_name(KEY)}={KEY}"}


@pytest.fixture
def page(tmp_path):
    with served(make_corpus(tmp_path, n_nights=6)) as found:
        yield found


def with_token(page: Served) -> dict[str, str]:
    """What the page's own script sends: both cookies, and the token that stands in the page."""
    _, headers, html = page.ask("GET", "/", **MINE)
    token = re.search(r'name="xsrf-token" content="([^"]+)"', html.decode())
    assert token is not None
    cookie = headers["Set-Cookie"].split(";")[0]
    return {"Cookie": f"{MINE['Cookie']}; {cookie}", "X-XSRFToken": token[1], "Content-Type": "application/json"}


def first(page: Served) -> str:
    return page.desk.waiting[0]


def test_the_page_is_served_to_this_machine_alone(page):
    with socket.create_connection((ADDRESS, page.port), timeout=10) as connection:
        assert connection.getpeername()[0] == "127.0.0.1"
    others = {address[4][0] for address in socket.getaddrinfo(socket.gethostname(), page.port)} - {"127.0.0.1", "::1"}
    for address in others:
        with pytest.raises(OSError):
            socket.create_connection((address, page.port), timeout=5)


@pytest.mark.parametrize("path", ["/", "/?key=guessed", "/state", "/image/x"])
def test_without_the_key_nothing_is_told(page, path):
    status, _, content = page.ask("GET", path)
    assert status == 403
    assert "allsky label" in json.loads(content)["error"]
    assert first(page).encode() not in content


def test_the_first_visit_leaves_the_key_in_a_cookie_that_no_other_site_can_use(page):
    status, headers, _ = page.ask("GET", f"/?key={KEY}")
    assert (status, headers["Location"]) == (302, "/")
    assert "HttpOnly" in headers["Set-Cookie"] and "SameSite=Strict" in headers["Set-Cookie"]
    assert page.ask("GET", "/", **MINE)[0] == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8083", "127.0.0.1.evil.example", "localhost.evil.example:80"]
)
@pytest.mark.parametrize("path", ["/", "/state"])
def test_a_name_of_another_site_that_leads_here_is_refused(page, host, path):
    # DNS rebinding: the browser believes it talks to evil.example, whose cookies and scripts it then allows.
    assert page.ask("GET", path, Host=host, **MINE)[0] == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9999", "LOCALHOST", "[::1]:8083"])
def test_a_tunnel_may_give_this_machine_another_port(page, host):
    assert page.ask("GET", "/state", Host=host, **MINE)[0] == 200


@pytest.mark.parametrize("path", ["/answer", "/skip", "/undo"])
def test_a_post_that_another_site_forged_changes_nothing(page, path):
    body = json.dumps({"frame_id": first(page), "label": "aurora"})
    before = list(page.desk.waiting)
    assert page.ask("POST", path, body, **MINE)[0] == 403
    guessed = with_token(page) | {"X-XSRFToken": "guessed"}
    assert page.ask("POST", path, body, **guessed)[0] == 403
    assert page.desk.waiting == before
    assert not page.made.labels.exists()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:3000"])
def test_a_post_from_another_address_is_refused_even_with_the_token(page, origin):
    frame = first(page)
    body = json.dumps({"frame_id": frame, "label": "aurora"})
    assert page.ask("POST", "/answer", body, Origin=origin, **with_token(page))[0] == 403
    assert first(page) == frame
    assert not page.made.labels.exists()
    own = f"http://{ADDRESS}:{page.port}"
    assert page.ask("POST", "/answer", body, Origin=own, **with_token(page))[0] == 200


def test_an_answer_with_the_token_is_in_the_file_when_the_reply_comes(page):
    frame = first(page)
    status, _, content = page.ask(
        "POST", "/answer", json.dumps({"frame_id": frame, "label": "aurora"}), **with_token(page)
    )
    assert status == 200
    assert json.loads(content)["frame"]["id"] != frame
    assert page.answers()[["frame_id", "label", "labeller"]].to_numpy().tolist() == [[frame, "aurora", "ann"]]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ('{"frame_id": "%s", "label": "arora"}', 409, "none of aurora, no_aurora or unsure"),
        ('{"frame_id": "another", "label": "aurora"}', 409, "not one of the frames"),
        ('{"label": "aurora"}', 400, "JSON"),
        ("[]", 400, "JSON"),
        ("not JSON", 400, "JSON"),
    ],
)
def test_what_is_no_answer_is_refused_with_a_sentence(page, body, status, message):
    body = body.replace("%s", first(page))
    found, _, content = page.ask("POST", "/answer", body, **with_token(page))
    assert found == status
    assert message in json.loads(content)["error"]
    assert not page.made.labels.exists()


def test_a_file_that_cannot_be_written_is_said_and_the_frame_stays(page):
    frame = first(page)
    page.made.labels.mkdir()
    status, _, content = page.ask(
        "POST", "/answer", json.dumps({"frame_id": frame, "label": "aurora"}), **with_token(page)
    )
    assert status == 507
    assert "not saved" in json.loads(content)["error"]
    assert first(page) == frame


def test_pictures_are_those_of_the_corpus(page):
    frame = first(page)
    status, headers, content = page.ask("GET", f"/image/{frame}", **MINE)
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert content == (page.made.corpus.root / page.desk.image(frame)).read_bytes()
    assert page.ask("GET", "/image/unknown", **MINE)[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/image/../labels/sheet.parquet",
        "/image/..%2F..%2Fluigi.cfg",
        "/image/%2Fetc%2Fpasswd",
        "/static/../server.py",
        "/static/..%2Fserver.py",
        "/static/%2e%2e/templates/label.html",
        "//etc/passwd",
    ],
)
def test_no_path_leads_out(page, path):
    status, _, content = page.ask("GET", path, **MINE)
    assert status in (403, 404)
    assert b"root:" not in content and b"[archive]" not in content and b"import" not in content


def test_a_table_or_a_link_that_points_elsewhere_is_not_followed(page):
    outside = page.made.folder / "secret.jpg"
    outside.write_bytes(b"secret")
    linked, named = page.desk.waiting[:2]
    place = page.made.corpus.root / page.desk.image(linked)
    place.unlink()
    place.symlink_to(outside)
    page.desk.sky.loc[named, "image"] = "images/../../secret.jpg"
    for frame in (linked, named):
        status, _, content = page.ask("GET", f"/image/{frame}", **MINE)
        assert status == 403
        assert b"secret" not in content.replace(b"outside", b"")


def test_the_page_forbids_what_it_does_not_need(page):
    _, headers, html = page.ask("GET", "/", **MINE)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b"<script>" not in html and b"style=" not in html


def test_names_of_people_and_classes_are_text_and_no_markup(tmp_path):
    from tests.pipeline.label_page import desk_of

    made = make_corpus(tmp_path, n_nights=2)
    with served(made, desk_of(made, labeller="<script>alert(1)</script>")) as page:
        _, _, html = page.ask("GET", "/", **MINE)
    assert b"<script>alert" not in html
    assert b"&lt;script&gt;alert" in html
