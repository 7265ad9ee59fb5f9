"""The page in a real browser: nothing complains, everybody can read it, on a phone, in the dark and on paper."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allsky.report import ReportData, render_report
from tests.allsky import report_corpus as corpus
from tests.allsky.full_report import full_report
from tests.browser import chromium


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of a full report, and of an empty archive."""
    folder = tmp_path_factory.mktemp("report")
    told = {"full": replace(full_report(folder), keograms=()), "empty": ReportData(corpus.SITE)}
    for name, data in told.items():
        (folder / f"{name}.html").write_text(render_report(data), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def look_at(browser, pages):
    """Opens a page in a window of its own; whatever the console says is an error."""
    complaints: list[str] = []
    windows = []

    def opened(name, scheme="light", size=(1280, 900)):
        view = {"width": size[0], "height": size[1]}
        windows.append(browser.new_context(viewport=view, color_scheme=scheme))
        tab = windows[-1].new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto((pages / f"{name}.html").as_uri())
        tab.evaluate("() => document.querySelectorAll('details').forEach(one => one.open = true)")
        return tab

    yield opened
    for window in windows:
        window.close()
    assert complaints == []


@pytest.mark.parametrize(
    ("name", "scheme", "size"),
    [("full", "light", (1280, 900)), ("full", "dark", (390, 844)), ("empty", "light", (390, 844))],
)
def test_an_accessibility_audit_finds_nothing(look_at, name, scheme, size):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(look_at(name, scheme, size)).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (768, 1024)])
def test_nothing_runs_out_of_a_small_screen(look_at, size):
    tab = look_at("full", size=size)
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_on_paper_nothing_is_cut_off(look_at):
    tab = look_at("full", size=(794, 1123))
    tab.emulate_media(media="print")
    wide = "() => [...document.querySelectorAll('figure svg, table')].filter(one => one.scrollWidth > 800).length"
    assert tab.evaluate(wide) == 0


def test_paper_is_white_where_the_screen_is_dark(look_at):
    tab = look_at("full", scheme="dark")
    grounds = "[document.body, document.querySelector('section')]"
    colours = f"() => {grounds}.map(one => getComputedStyle(one).backgroundColor)"
    assert "rgb(255, 255, 255)" not in tab.evaluate(colours)
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.evaluate(colours) == ["rgb(255, 255, 255)"] * 2


def test_the_name_of_a_line_stays_in_sight_while_a_phone_moves_a_table(look_at):
    tab = look_at("full", size=(390, 844))
    moved = """() => {
      const box = document.querySelector('[aria-label^="Exploratory"], [aria-label^="Condition table"]');
      box.scrollLeft = 200;
      const name = box.querySelector('tbody th').getBoundingClientRect();
      return [box.scrollLeft, name.left - box.getBoundingClientRect().left];
    }"""
    scrolled, left = tab.evaluate(moved)
    assert scrolled == 200
    assert 0 <= left < 1


def test_the_way_to_the_results_is_one_tab_and_one_key(look_at):
    tab = look_at("full")
    tab.keyboard.press("Tab")
    assert tab.evaluate("() => document.activeElement.textContent") == "Skip to the results"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**#errors")
