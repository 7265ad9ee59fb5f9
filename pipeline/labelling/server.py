"""The page on which a person labels, served to this machine alone.

Who may ask: only a browser that was given this run's key with the address, under a name of this machine (a page of
another site can neither read nor post, also when its name is made to resolve to 127.0.0.1), and posts carry
Tornado's token against forged ones. Pictures are looked up by frame_id, and none outside the image folder is sent.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import tornado.web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from allsky.errors import AllskyError
from pipeline.labelling.desk import Desk
from pipeline.labelling.keys import answers

HERE = Path(__file__).parent
ADDRESS = "127.0.0.1"
# One port by default, so that the page's settings, kept by the browser for its address, are there again.
PORT = 8083
NAMES_OF_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "[::1]"})

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Refused(tornado.web.HTTPError):
    """A request that is not done, and why, for the page to show."""

    def __init__(self, status: int, why: str):
        super().__init__(status)
        self.why = why


class _Guarded(tornado.web.RequestHandler):
    """A request that is answered only to the browser that was given the key."""

    desk: Desk
    images: Path
    key: str

    def initialize(self, desk: Desk, images: Path, key: str) -> None:
        self.desk, self.images, self.key = desk, images, key

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.clear_header("Server")

    def prepare(self) -> None:
        # DNS rebinding: another site's name that leads here is still another site's name.
        if _host(self.request.host) not in NAMES_OF_THIS_MACHINE:
            raise Refused(421, "asked for under a name that is not this machine's")
        origin = self.request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != self.request.host.lower():
            raise Refused(403, "asked by a page of another address")
        if not self.knows_the_key():
            raise Refused(403, "open the address that `allsky label` printed: it holds this run's key")

    def knows_the_key(self) -> bool:
        given = self.get_cookie(cookie_name(self.key)) or ""
        return hmac.compare_digest(given.encode(), self.key.encode())

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = kwargs.get("exc_info", (None, None))[1]
        self.finish({"error": error.why if isinstance(error, Refused) else self._reason})

    def log_exception(self, typ, value, tb) -> None:
        if not isinstance(value, tornado.web.HTTPError):
            super().log_exception(typ, value, tb)


class Page(_Guarded):
    """The page; the first visit brings the key and leaves it in a cookie."""

    def knows_the_key(self) -> bool:
        given = self.get_query_argument("key", "")
        return hmac.compare_digest(given.encode(), self.key.encode()) or super().knows_the_key()

    def get(self) -> None:
        if self.get_query_argument("key", ""):
            self.set_cookie(cookie_name(self.key), self.key, httponly=True, samesite="Strict", path="/")
            self.redirect("/")
            return
        self.render("label.html", desk=self.desk, answers=answers(self.desk.classes))


class State(_Guarded):
    """Where the labeller stands."""

    def get(self) -> None:
        self.write(self.desk.state())


class Progress(_Guarded):
    """How far each condition and each night is."""

    def get(self) -> None:
        self.write(self.desk.progress())


class Act(_Guarded):
    """An answer, a skip or an undo; what comes next is the reply."""

    def post(self, what: str) -> None:
        try:
            told = json.loads(self.request.body or b"{}")
            if what == "answer":
                self.desk.answer(str(told["frame_id"]), str(told["label"]), str(told.get("note", ""))[:2000])
            elif what == "skip":
                self.desk.skip(str(told["frame_id"]))
            else:
                self.desk.undo()
        except AllskyError as error:
            raise Refused(409, str(error)) from None
        except OSError as error:
            words = f"not saved: {self.desk.file.path} cannot be written ({error.strerror})"
            raise Refused(507, words) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Refused(400, "a JSON object with frame_id and label is expected") from None
        self.write(self.desk.state())


class Picture(_Guarded):
    """The image of one frame of the corpus."""

    def get(self, frame_id: str) -> None:
        try:
            path = (self.images.parent / self.desk.image(frame_id)).resolve()
            if not path.is_relative_to(self.images.resolve()):
                raise Refused(403, "that picture lies outside the image folder")
            picture = path.read_bytes()
        except (KeyError, OSError):
            raise Refused(404, "that picture is not there") from None
        self.set_header("Content-Type", "image/png" if path.suffix == ".png" else "image/jpeg")
        self.set_header("Cache-Control", "private, max-age=3600")
        self.write(picture)


class Asset(tornado.web.StaticFileHandler):
    """The page's style and script, which are no secret."""

    def set_extra_headers(self, path: str) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)


def _host(named: str) -> str:
    """The host of `host:port`; IPv6 addresses keep their brackets."""
    return named.lower() if named.endswith("]") else named.lower().rpartition(":")[0] or named.lower()


def cookie_name(key: str) -> str:
    """Cookies know no ports: two pages at once must not take each other's."""
    return f"allsky_label_{key[:6]}"


def application(desk: Desk, images: Path, key: str) -> tornado.web.Application:
    """The page for `desk`; `images` is the folder that pictures may come from."""
    given = {"desk": desk, "images": images, "key": key}
    return tornado.web.Application(
        [
            ("/", Page, given),
            ("/state", State, given),
            ("/progress", Progress, given),
            ("/(answer|skip|undo)", Act, given),
            (r"/image/([\w.-]+)", Picture, given),
            (r"/static/(label\.css|label\.js)", Asset, {"path": str(HERE / "static")}),
        ],
        template_path=str(HERE / "templates"),
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"httponly": True, "samesite": "Strict"},
        log_function=lambda handler: None,
    )


def serve(desk: Desk, images: Path, port: int | None, ready: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C; `ready` is called with its address.

    `port` None takes the usual one, or any that is free where that is taken. Raises OSError for one that is taken.
    """
    asyncio.run(_serve(desk, images, port, ready))


async def _serve(desk: Desk, images: Path, port: int | None, ready: Callable[[str], None]) -> None:
    key = secrets.token_urlsafe(24)
    server = HTTPServer(application(desk, images, key))
    sockets = _sockets(port)
    server.add_sockets(sockets)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    ready(f"http://{ADDRESS}:{sockets[0].getsockname()[1]}/?key={key}")
    await stopped.wait()
    server.stop()
    await server.close_all_connections()


def _sockets(port: int | None):
    if port is not None:
        return bind_sockets(port, address=ADDRESS)
    try:
        return bind_sockets(PORT, address=ADDRESS)
    except OSError:
        return bind_sockets(0, address=ADDRESS)
