"""A person labels with keys alone, sees nothing that would sway them, and loses no answer."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

from allsky.labels.answers import read_labels
from tests.browser import chromium, playwright
from tests.pipeline.label_page import CLASSES, desk_of, served
from tests.pipeline.labelling_corpus import make_corpus

expect = playwright.expect
# A busy machine may take its time.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def look_at(browser):
    """Opens a served page in a window of its own; whatever the console says is an error."""
    complaints: list[str] = []
    windows = []

    def opened(page, **options):
        window = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))
        windows.append(window)
        tab = window.new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(page.address)
        expect(tab.locator("#skip")).to_be_enabled()
        return tab

    opened.complaints = complaints
    yield opened
    for window in windows:
        window.close()
    assert complaints == []


@pytest.fixture
def page(tmp_path):
    with served(make_corpus(tmp_path, n_nights=6)) as found:
        yield found


def told(page) -> dict[str, str]:
    if not page.made.labels.exists():
        return {}
    labels = page.answers()
    return dict(zip(labels["frame_id"], labels["label"], strict=True))


def press(tab, key: str, says: str) -> None:
    tab.keyboard.press(key)
    expect(tab.locator("#status")).to_contain_text(says)
    expect(tab.locator("#sky")).to_have_attribute("aria-busy", "false")


def shown(tab) -> str:
    return tab.locator("#picture").get_attribute("src").rsplit("/", 1)[1]


def test_one_key_answers_and_the_next_frame_comes(page, look_at):
    tab = look_at(page)
    first, second, third = page.desk.waiting[:3]
    assert shown(tab) == first
    press(tab, "a", "aurora saved")
    assert told(page) == {first: "aurora"}
    assert shown(tab) == second
    press(tab, "2", "no aurora saved")
    press(tab, "u", "unsure saved")
    assert told(page) == {first: "aurora", second: "no_aurora", third: "unsure"}
    expect(tab.locator("#count")).to_have_text(f"3 of {len(page.desk.queue)} answered")


def test_a_key_held_down_answers_once(page, look_at):
    tab = look_at(page)
    tab.keyboard.down("a")
    for _ in range(5):
        tab.keyboard.down("a")  # what the system's key repeat sends
    tab.keyboard.up("a")
    expect(tab.locator("#sky")).to_have_attribute("aria-busy", "false")
    press(tab, "s", "Skipped")
    assert len(told(page)) == 1


def test_undo_takes_the_answer_out_of_the_file_and_shows_the_frame_again(page, look_at):
    tab = look_at(page)
    first, second = page.desk.waiting[:2]
    press(tab, "a", "aurora saved")
    press(tab, "n", "no aurora saved")
    press(tab, "z", "no aurora taken back")
    assert told(page) == {first: "aurora"}
    assert shown(tab) == second
    press(tab, "Backspace", "aurora taken back")
    assert told(page) == {}
    assert shown(tab) == first


def test_a_skipped_frame_comes_again_at_the_end(page, look_at):
    tab = look_at(page)
    first = page.desk.waiting[0]
    press(tab, "s", "Skipped")
    assert page.desk.waiting[-1] == first
    assert told(page) == {}


def test_the_sky_ten_minutes_away_shows_while_a_key_is_held_and_takes_no_answer(page, look_at):
    tab = look_at(page)
    # A frame in the middle of its night has both neighbours.
    while None in page.desk._neighbours(page.desk.waiting[0]):
        press(tab, "s", "Skipped")
    frame = page.desk.waiting[0]
    expect(tab.locator("#before")).to_be_enabled()
    tab.keyboard.down("ArrowLeft")
    expect(tab.locator("#badge")).to_contain_text("10 minutes before")
    assert shown(tab) == page.desk._neighbours(frame)[0]["id"]
    press(tab, "a", "let go")
    tab.keyboard.up("ArrowLeft")
    expect(tab.locator("#badge")).to_be_hidden()
    assert shown(tab) == frame
    assert told(page) == {}
    # Who cannot hold anything clicks: as a screen reader does, without a pointer.
    for badge_is in (True, False):
        tab.locator("#after").evaluate("button => button.click()")
        expect(tab.locator("#badge")).to_be_visible(visible=badge_is)
    tab.locator("#after").focus()
    tab.keyboard.press("Space")
    expect(tab.locator("#badge")).to_be_hidden()


def test_keys_typed_into_the_note_answer_nothing_and_the_note_goes_with_the_answer(page, look_at):
    tab = look_at(page)
    tab.keyboard.press("m")
    tab.keyboard.type("sun, n or u?")
    tab.keyboard.press("Enter")
    press(tab, "a", "aurora saved")
    assert page.answers()["note"].tolist() == ["sun, n or u?"]
    expect(tab.locator("#note")).to_have_value("")


def test_brightness_and_contrast_change_the_picture_and_are_remembered(page, look_at):
    tab = look_at(page)
    for key in "bbc":
        tab.keyboard.press(key)
    wanted = re.compile(r"brightness\(140%\) contrast\(120%\)")
    expect(tab.locator("#picture")).to_have_attribute("style", wanted)
    tab.reload()
    expect(tab.locator("#picture")).to_have_attribute("style", wanted)
    tab.keyboard.press("r")
    expect(tab.locator("#brightness-value")).to_have_text("100")


def test_everything_is_reached_with_the_tab_key_and_single_keys_can_be_turned_off(page, look_at):
    tab = look_at(page)
    reached = set()
    for _ in range(25):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("() => document.activeElement.id || document.activeElement.dataset.label || ''"))
    assert {
        "aurora",
        "no_aurora",
        "unsure",
        "skip",
        "before",
        "after",
        "note",
        "brightness",
        "contrast",
        "reset",
    } <= reached
    tab.locator("summary", has_text="Keys").click()
    tab.locator("#single-keys").uncheck()
    tab.keyboard.press("a")
    tab.locator("button[data-label=no_aurora]").focus()
    press(tab, "Enter", "no aurora saved")
    assert list(told(page).values()) == ["no_aurora"]


def test_a_screen_reader_hears_a_name_for_everything_that_can_be_operated(page, look_at):
    """By Chromium's own accessibility tree: the audit's rules pass over a label that is another element's."""
    tab = look_at(page)
    nodes = tab.context.new_cdp_session(tab).send("Accessibility.getFullAXTree")["nodes"]
    operated = {"button", "textbox", "slider", "checkbox", "DisclosureTriangle", "image", "progressbar"}
    names = [
        (node["role"]["value"], node["name"]["value"])
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in operated
    ]
    assert [one for one in names if not one[1]] == []
    assert [name.split()[0] for role, name in names if role == "slider"] == ["Brightness", "Contrast"]


def test_a_blind_page_says_nothing_of_predictions_roles_or_other_people(page, look_at):
    tab = look_at(page)
    for _ in range(6):
        text = tab.locator("body").inner_text().lower() + str(page.desk.state()).lower()
        assert not re.search(r"predict|probab|\brole|training|validation|audit|stratum|\bbo\b", text)
        press(tab, "s", "Skipped")
        tab.keyboard.press("b")


def test_progress_by_condition_and_night_adds_up(page, look_at):
    tab = look_at(page)
    press(tab, "a", "aurora saved")
    tab.locator("summary", has_text="Progress").click()
    for body in ("#conditions", "#nights"):
        expect(tab.locator(f"{body} td").first).to_be_visible()
        cells = np.array(tab.locator(f"{body} td").all_inner_texts(), dtype=int).reshape(-1, 2)
        assert cells.sum(axis=0).tolist() == [1, len(page.desk.queue)]


def test_what_another_person_answers_meanwhile_is_not_asked_again(page, look_at):
    tab = look_at(page)
    mine, theirs = page.desk.waiting[0], page.desk.waiting[1]
    bo = desk_of(page.made, labeller="bo")
    while theirs not in bo.waiting:  # drawn for both
        theirs = page.desk.waiting[2]
    bo.answer(theirs, "aurora")
    press(tab, "a", "aurora saved")
    assert told(page)[mine] == "aurora"
    double = theirs in desk_of(page.made).waiting
    assert (theirs in page.desk.waiting) == double


def test_a_program_that_ended_is_said_and_no_answer_pretends_to_be_saved(page, look_at, tmp_path):
    tab = look_at(page)
    tab.route("**/answer", lambda route: route.abort())
    frame = shown(tab)
    tab.keyboard.press("a")
    expect(tab.locator("#error")).to_contain_text("Nothing was saved")
    assert shown(tab) == frame
    assert told(page) == {}
    look_at.complaints.clear()  # the browser's own, of the request that went nowhere


def test_when_all_is_answered_the_page_says_what_to_do_next(tmp_path, look_at):
    with served(make_corpus(tmp_path, n_nights=2)) as page:
        for frame in page.desk.waiting[1:]:
            page.desk.answer(frame, "aurora")
        tab = look_at(page)
        press(tab, "a", "saved")
        expect(tab.locator("#caption")).to_contain_text("Every frame is answered")
        expect(tab.locator("button[data-label=aurora]")).to_be_disabled()
        press(tab, "z", "taken back")


@pytest.mark.parametrize(("scheme", "size"), [("light", (1280, 800)), ("dark", (390, 844))])
def test_an_accessibility_audit_finds_nothing(page, look_at, scheme, size):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = look_at(page, color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, bypass_csp=True)
    press(tab, "a", "saved")
    for summary in tab.locator("summary").all():
        summary.click()
    found = axe.run(tab).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("size", [(320, 640), (390, 844), (844, 390), (768, 1024)])
def test_on_a_phone_nothing_runs_out_of_the_screen_and_the_answers_are_in_reach(page, look_at, size):
    tab = look_at(page, viewport={"width": size[0], "height": size[1]}, has_touch=True, is_mobile=True)
    assert tab.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    for button in tab.locator("button.answer").all():
        box = button.bounding_box()
        assert box["height"] >= 44 and box["width"] >= 44
        assert box["y"] + box["height"] <= size[1]
    tab.locator("button[data-label=aurora]").tap()
    expect(tab.locator("#status")).to_contain_text("aurora saved")


class Program:
    """`allsky label` as a person starts it."""

    def __init__(self, made):
        program = "import sys; from pipeline.cli import main; sys.argv[0] = 'allsky'; main()"
        self.running = subprocess.Popen(
            [sys.executable, "-c", program, "label", "--labeller", "ann", "--port", "0"],
            env=os.environ | {"LUIGI_CONFIG_PATH": str(made.configuration), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.running.stdout is not None
        self.address = next(line.strip() for line in self.running.stdout if "http://" in line)

    def end(self, number: signal.Signals) -> str:
        """Ends it; what it said last."""
        self.running.send_signal(number)
        return self.running.communicate(timeout=30)[0]


def test_the_command_serves_this_machine_alone_and_loses_nothing_when_it_is_killed(tmp_path, browser):
    made = make_corpus(tmp_path, n_nights=3)
    for key, ending in (("a", signal.SIGKILL), ("n", signal.SIGINT)):
        program = Program(made)
        try:
            served_at = [one.laddr.ip for one in psutil.Process(program.running.pid).net_connections()]
            tab = browser.new_page()
            tab.goto(program.address)
            expect(tab.locator("#skip")).to_be_enabled()
            press(tab, key, "saved")
            tab.close()
        finally:
            rest = program.end(ending)
        assert set(served_at) == {"127.0.0.1"}
    assert program.running.returncode == 0
    assert re.search(r"2 of \d+ answered", rest)
    labels = read_labels(made.labels, CLASSES)
    assert labels["label"].tolist() == ["aurora", "no_aurora"]
    assert labels["frame_id"].nunique() == 2
