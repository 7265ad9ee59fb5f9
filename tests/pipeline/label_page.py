"""A labelling page that is served while a test looks at it, with a browser or without."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from allsky.labels.answers import read_labels
from pipeline.labelling.command import Asked, label_sheets
from pipeline.labelling.desk import Desk
from pipeline.labelling.material import open_material
from pipeline.labelling.server import ADDRESS, application
from tasks import settings
from tests.pipeline.labelling_corpus import LabellingCorpus

KEY = "the-key-of-this-run"
CLASSES = ("aurora", "no_aurora")


@dataclass
class Served:
    """The page of `desk` at `port`, over the corpus `made`."""

    made: LabellingCorpus
    desk: Desk
    port: int

    @property
    def address(self) -> str:
        return f"http://{ADDRESS}:{self.port}/?key={KEY}"

    def answers(self) -> pd.DataFrame:
        return read_labels(self.made.labels, CLASSES)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and content of one request, sent as it is."""
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=20)
        try:
            connection.request(method, path, body or None, headers)
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()
        finally:
            connection.close()


def desk_of(made: LabellingCorpus, labeller: str = "ann", **options) -> Desk:
    return label_sheets(open_material(settings.load(made.configuration)), labeller, Asked(**options))


@contextlib.contextmanager
def served(made: LabellingCorpus, desk: Desk | None = None) -> Iterator[Served]:
    """The page in a thread of its own, until the block ends."""
    page = Served(made, desk or desk_of(made), 0)
    ready, loop = threading.Event(), asyncio.new_event_loop()

    async def start() -> HTTPServer:
        server = HTTPServer(application(page.desk, made.corpus.root / "images", KEY))
        sockets = bind_sockets(0, address=ADDRESS)
        server.add_sockets(sockets)
        page.port = sockets[0].getsockname()[1]
        return server

    def run() -> None:
        asyncio.set_event_loop(loop)
        server = loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        server.stop()
        loop.run_until_complete(server.close_all_connections())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    try:
        yield page
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
