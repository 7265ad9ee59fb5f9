"""A run's questions to luigid: over one connection while it is open, answered or refused."""

from __future__ import annotations

import contextlib
import http.client
import json
import multiprocessing
import select
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from luigi.rpc import RequestsFetcher, RPCError

from pipeline.scheduler_link import Link, remote_scheduler


class Answering(BaseHTTPRequestHandler):
    """Answers a scheduler's question with the question, and notes who came. It refuses `/api/refused`, is late with
    `/api/late`, and closes the connection after `/api/last`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.came.append(self.client_address)
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        content = json.dumps({"response": json.loads(asked["data"][0])}).encode()
        if self.path == "/api/late":
            time.sleep(0.5)
        self.close_connection = self.path == "/api/last"
        self.send_response(500 if self.path == "/api/refused" else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked may have gone
            self.wfile.write(content)

    def log_message(self, *_):
        """Nothing to standard error."""


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.came = []
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def url(server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_questions_arrive_whole_and_share_a_connection(server):
    scheduler = remote_scheduler(url(server))
    assert isinstance(scheduler._fetcher, Link)
    asked = {"task_id": "Nächte_& = ?", "status": "DONE", "deps": ["a", "b"]}
    assert [scheduler._request("/api/add_task", asked) for _ in range(3)] == [asked] * 3
    assert len(server.came) == 3 and len(set(server.came)) == 1
    scheduler.close()


def test_a_refusal_is_an_error_that_luigi_tries_again(server):
    link = Link()
    with pytest.raises(http.client.HTTPException, match="500"):
        link.fetch(f"{url(server)}/api/refused", {"data": "1"}, 5.0)
    server.shutdown()
    server.server_close()
    with pytest.raises(Link.raises):
        Link().fetch(f"{url(server)}/api/get_work", {"data": "1"}, 5.0)


def test_a_fork_opens_a_connection_of_its_own(server):
    link = Link()
    link.fetch(f"{url(server)}/api/ping", {"data": "1"}, 5.0)
    child = multiprocessing.get_context("fork").Process(
        target=link.fetch, args=(f"{url(server)}/api/ping", {"data": "2"}, 5.0)
    )
    child.start()
    child.join(30)
    link.fetch(f"{url(server)}/api/ping", {"data": "3"}, 5.0)
    assert child.exitcode == 0
    mine, forked, mine_again = server.came
    assert mine == mine_again != forked


def test_a_password_and_a_proxy_are_left_to_luigi(server, monkeypatch):
    assert isinstance(remote_scheduler(f"http://me:secret@127.0.0.1:{server.server_port}")._fetcher, RequestsFetcher)
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    assert isinstance(remote_scheduler(url(server))._fetcher, RequestsFetcher)


def test_a_connection_that_luigid_has_closed_is_opened_anew(server):
    link = Link()
    assert "1" in link.fetch(f"{url(server)}/api/last", {"data": "1"}, 5.0)
    assert select.select([link._mine.connection.sock], [], [], 5.0)[0]  # the news of it has come
    assert "2" in link.fetch(f"{url(server)}/api/ping", {"data": "2"}, 5.0)
    assert len(set(server.came)) == 2


def test_an_answer_that_came_too_late_is_not_taken_for_the_next(server):
    link = Link()
    with pytest.raises(TimeoutError):
        link.fetch(f"{url(server)}/api/late", {"data": "1"}, 0.1)
    time.sleep(0.6)
    assert json.loads(link.fetch(f"{url(server)}/api/ping", {"data": "2"}, 5.0)) == {"response": 2}


def test_threads_do_not_mix_up_their_answers(server):
    link, answers = Link(), {}

    def ask(number: int) -> None:
        told = [link.fetch(f"{url(server)}/api/ping", {"data": str(number)}, 5.0) for _ in range(30)]
        answers[number] = {json.loads(answer)["response"] for answer in told}

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: {number} for number in range(4)}


def test_a_night_does_not_wait_for_a_luigid_that_is_away_and_a_run_does(server, monkeypatch):
    scheduler = remote_scheduler(url(server))
    monkeypatch.setattr(scheduler, "_rpc_retry_attempts", 3)
    monkeypatch.setattr(scheduler, "_rpc_retry_wait", 0)
    tried, fetch = [], scheduler._fetcher.fetch
    monkeypatch.setattr(scheduler._fetcher, "fetch", lambda *asked: tried.append(asked[0]) or fetch(*asked))
    server.shutdown()
    server.server_close()
    with pytest.raises(RPCError, match="did not answer"):
        scheduler.set_task_progress_percentage("a night", 50)
    assert len(tried) == 1
    with pytest.raises(RPCError, match="3 attempts"):
        scheduler.ping(worker="a run")
    assert len(tried) == 1 + 1 + 3
