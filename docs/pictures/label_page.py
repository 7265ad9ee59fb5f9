"""Makes the picture of the labelling page out of a finished demonstration run.

    LUIGI_CONFIG_PATH=luigi.cfg python docs/pictures/label_page.py

It labels a few frames into a file that is thrown away. It needs Playwright (`pip install -e '.[test]'`) and Chromium.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from make import make_small
from playwright.sync_api import expect, sync_playwright

HERE = Path(__file__).parent
SIZE = {"width": 1180, "height": 760}
# The picture is of the frame after so many in this person's order: aurora in twilight.
PASSED = 1


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = ["allsky", "label", "--labeller", "ann", "--port", "0", "--file", f"{folder}/labels.csv"]
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        page = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            assert page.stdout is not None
            address = next(line.strip() for line in page.stdout if "http://" in line)
            photograph(address, HERE / "label.png")
        finally:
            page.terminate()
            page.wait()
    make_small(HERE / "label.png")


def photograph(address: str, path: Path) -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport=SIZE)
        tab.goto(address)
        for number in range(PASSED):
            expect(tab.locator("#skip")).to_be_enabled()
            expect(tab.locator("#sky")).to_have_attribute("aria-busy", "false")
            tab.keyboard.press("u")
            expect(tab.locator("#count")).to_contain_text(f"{number + 1} of")
        expect(tab.locator("#sky")).to_have_attribute("aria-busy", "false")
        tab.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    main()
