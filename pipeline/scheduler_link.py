"""How a run talks to luigid: with little ado, since every task is several questions and answers.

Luigi's own way, through `requests`, takes 2 ms of CPU time a question, most of which it spends on a session's cookies,
proxies and redirects. What is asked here touches little memory besides, which counts double: after each fork of a task
the kernel copies every page that the run's process touches.
"""

from __future__ import annotations

import http.client
import os
import select
import socket
import threading
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies

import luigi.rpc

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# How far a task is: a night does not wait for a luigid that is away to be told.
SAID_ONCE = ("/api/set_task_progress_percentage", "/api/set_task_status_message")


class RemoteScheduler(luigi.rpc.RemoteScheduler):
    """luigid, asked straight; what goes wrong is left to Luigi, which asks again for as long as it was told to."""

    def __init__(self, url: str):
        super().__init__(url)
        self.close()
        self._fetcher = Link()  # type: ignore[assignment]

    def _fetch(self, url_suffix: str, body: dict[str, str]) -> str:
        try:
            return self._fetcher.fetch(self._url + url_suffix, body, self._connect_timeout)
        except self._fetcher.raises as problem:
            if url_suffix in SAID_ONCE:
                raise luigi.rpc.RPCError(f"{self._url} did not answer", problem) from None
            return super()._fetch(url_suffix, body)


def remote_scheduler(url: str) -> luigi.rpc.RemoteScheduler:
    """luigid at `url`. What only a session can do (encryption, a name and password, a proxy) is left to Luigi."""
    address = urlsplit(url)
    plain = address.scheme == "http" and not address.username and not getproxies()
    return RemoteScheduler(url) if plain else luigi.rpc.RemoteScheduler(url)


class Link(luigi.rpc._FetcherInterface):
    """Asks through connections that stay open, one for each thread. A fork opens its own: two processes must not share
    one."""

    raises = (OSError, http.client.HTTPException)

    def __init__(self):
        self._open()

    def _open(self) -> None:
        self._process, self._mine = os.getpid(), threading.local()

    def fetch(self, full_url: str, body: dict[str, str], timeout: float) -> str:
        """The answer to `body`. Raises OSError or HTTPException where there is none."""
        address = urlsplit(full_url)
        connection = self._connection(address.netloc, timeout)
        try:
            connection.request("POST", address.path, urlencode(body), FORM)
            answer = connection.getresponse()
            content = answer.read().decode()
        except BaseException:
            connection.close()  # an answer that comes late would be taken for that to the next question
            raise
        if answer.status >= 400:
            raise http.client.HTTPException(f"{full_url}: {answer.status} {answer.reason}")
        return content

    def _connection(self, place: str, timeout: float) -> http.client.HTTPConnection:
        if os.getpid() != self._process:
            self._open()
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = http.client.HTTPConnection(place, timeout=timeout)
        elif connection.sock and _says_something(connection.sock):
            connection.close()  # luigid says nothing unasked, so it has closed it
        return connection

    def close(self) -> None:
        """Close what is open."""
        if connection := getattr(self._mine, "connection", None):
            connection.close()


def _says_something(connection: socket.socket) -> bool:
    asked = select.poll()
    asked.register(connection, select.POLLIN)
    return bool(asked.poll(0))
