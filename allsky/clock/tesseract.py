"""What characters stand in these small pictures of text?

Tesseract answers for many pictures in one call: they travel as the pages of one TIFF, so that the
model is loaded once and no line can be mistaken for part of another. Measured on 16 px clocks:
158 ms for a call of its own, 13 to 15 ms as one page of 64.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytesseract
from PIL import Image

from allsky.errors import MissingTool

PAGES_PER_CALL = 64
SECONDS_PER_CALL = 120

# "Treat the image as a single text line": pages are lines already, so no layout analysis is wanted.
SINGLE_LINE = 7

NOT_INSTALLED = (
    "Tesseract is needed to read the clock burned into the videos and was not found; "
    "install it (Debian, Ubuntu: `apt install tesseract-ocr`) and run again."
)


@dataclass(frozen=True)
class Char:
    """A character and its tight box in pixels of its page; `confidence` 0 to 1 is Tesseract's own."""

    text: str
    x: float
    y: float
    width: float
    height: float
    confidence: float

    @property
    def center(self) -> float:
        """Where its middle is: x of a pixel's middle is its number."""
        return self.x + (self.width - 1) / 2


class _Crashed(Exception):
    """Tesseract was ended by a signal."""


@dataclass(frozen=True)
class TextLine:
    """A line's characters from left to right, with the blanks between words (of no ink, and of confidence 1)."""

    chars: tuple[Char, ...]

    @property
    def text(self) -> str:
        return "".join(char.text for char in self.chars)


def read_lines(pages: Sequence[np.ndarray]) -> list[TextLine]:
    """The text of each page, a grey picture (H, W) of one line of dark text on light.

    One Tesseract call for every `PAGES_PER_CALL` pages; a page that makes it crash shows nothing. Raises MissingTool
    where Tesseract, or its English data, is not installed.
    """
    lines: list[TextLine] = []
    for first in range(0, len(pages), PAGES_PER_CALL):
        lines += _one_call(pages[first : first + PAGES_PER_CALL])
    return lines


def require_tesseract() -> None:
    """Raises MissingTool where Tesseract is not installed."""
    if shutil.which(pytesseract.pytesseract.tesseract_cmd) is None:
        raise MissingTool(NOT_INSTALLED)


def _one_call(pages: Sequence[np.ndarray]) -> list[TextLine]:
    try:
        found = _pages(_hocr(_tiff(pages)))
    except _Crashed:
        # Tesseract 5.3 divides by zero on a rare page: the others are to be read all the same.
        if len(pages) == 1:
            return [TextLine(())]
        half = len(pages) // 2
        return _one_call(pages[:half]) + _one_call(pages[half:])
    return [found.get(number, TextLine(())) for number in range(len(pages))]


def _tiff(pages: Sequence[np.ndarray]) -> bytes:
    """The pages as one TIFF."""
    pictures = [Image.fromarray(np.ascontiguousarray(page, np.uint8)) for page in pages]
    stack = BytesIO()
    pictures[0].save(stack, format="TIFF", save_all=True, append_images=pictures[1:])
    return stack.getvalue()


def _hocr(stack: bytes) -> str:
    """Tesseract's answer, in HTML. Pictures and answer travel through pipes: pytesseract would put them into files,
    which stay behind where a run is killed."""
    command = [pytesseract.pytesseract.tesseract_cmd, "stdin", "stdout", "-l", "eng"]
    # Threads inside Tesseract fight each other over a line this small: one is twice as fast as four.
    environment = {"OMP_THREAD_LIMIT": "1"} | os.environ
    settings = ["--psm", str(SINGLE_LINE), "-c", "hocr_char_boxes=1", "hocr"]
    try:
        answer = subprocess.run(
            command + settings, input=stack, capture_output=True, timeout=SECONDS_PER_CALL, env=environment
        )
    except FileNotFoundError as error:
        raise MissingTool(NOT_INSTALLED) from error
    except subprocess.TimeoutExpired as error:
        raise MissingTool(
            f"Tesseract did not answer within {SECONDS_PER_CALL} s; is the machine overloaded?"
        ) from error
    if answer.returncode < 0:
        raise _Crashed
    if answer.returncode:
        said = answer.stderr.decode("utf-8", errors="replace").strip()[:200]
        raise MissingTool(f"Tesseract failed ({said}); is `tesseract-ocr-eng` installed?")
    return answer.stdout.decode("utf-8", errors="replace")


def _pages(hocr: str) -> dict[int, TextLine]:
    parser = _CharBoxes()
    parser.feed(hocr)
    return {number: TextLine(tuple(chars)) for number, chars in parser.pages.items()}


class _CharBoxes(HTMLParser):
    """Collects the `ocrx_cinfo` spans of hOCR, page by page, with a blank between words."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[int, list[Char]] = {}
        self._page = -1
        self._box: list[float] | None = None
        self._confidence = 0.0
        self._word_starts = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        kind, title = values.get("class"), values.get("title") or ""
        if kind == "ocr_page":
            self._page += 1
            self.pages[self._page] = []
        elif kind == "ocrx_word":
            self._word_starts = True
        elif kind == "ocrx_cinfo":
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", title)]
            self._box, self._confidence = numbers[:4], numbers[4] / 100

    def handle_data(self, data: str) -> None:
        if self._box is None or not data.strip():
            return
        left, top, right, bottom = self._box
        chars = self.pages[self._page]
        if self._word_starts and chars:
            end = chars[-1].x + chars[-1].width
            chars.append(Char(" ", end, top, max(left - end, 0.0), bottom - top, 1.0))
        chars.append(Char(data.strip()[:1], left, top, right - left, bottom - top, self._confidence))
        self._word_starts, self._box = False, None
