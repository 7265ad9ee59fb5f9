"""How a run talks to luigid: with little ado, since every task is several questions and answers.

Luigi's own way, through `requests`, takes 2 ms of CPU time a question, most of which it spends on a session's cookies,
proxies and redirects; the connection pool beneath it takes a third of that.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies

import luigi.rpc
import urllib3


def remote_scheduler(url: str) -> luigi.rpc.RemoteScheduler:
    """luigid at `url`. What only a session can do (a name and password in the address, a proxy) is left to Luigi."""
    scheduler = luigi.rpc.RemoteScheduler(url)
    address = urlsplit(url)
    if address.scheme in ("http", "https") and not address.username and not getproxies():
        scheduler.close()
        scheduler._fetcher = Link()  # type: ignore[assignment]
    return scheduler


class Link(luigi.rpc._FetcherInterface):
    """Asks through connections that stay open. A fork opens its own: two processes must not share one."""

    raises = urllib3.exceptions.HTTPError

    def __init__(self):
        self._open()

    def _open(self) -> None:
        self._process, self._pool = os.getpid(), urllib3.PoolManager()

    def fetch(self, full_url: str, body: dict[str, str], timeout: float) -> str:
        """The answer to `body`. Raises HTTPError where there is none, which Luigi tries again after a while."""
        if os.getpid() != self._process:
            self._open()
        answer = self._pool.request(
            "POST", full_url, fields=body, encode_multipart=False, timeout=timeout, retries=False
        )
        if answer.status >= 400:
            raise urllib3.exceptions.HTTPError(f"{full_url}: {answer.status} {answer.reason}")
        return answer.data.decode()

    def close(self) -> None:
        """Close what is open."""
        self._pool.clear()
