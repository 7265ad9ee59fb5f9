"""A real browser for the tests of pages; where there is none, they are skipped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
if CHROMIUM is None:
    pytest.skip("no Chromium on this machine (apt-get install chromium)", allow_module_level=True)


@contextmanager
def chromium() -> Iterator[Any]:
    """The system's Chromium, started without a window."""
    with playwright.sync_playwright() as driver:
        # Containers run tests as root, for whom Chromium's sandbox does not start.
        try:
            started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        except playwright.Error as error:
            pytest.skip(f"{CHROMIUM} cannot be driven here: {str(error).splitlines()[0]}")
        yield started
        started.close()
