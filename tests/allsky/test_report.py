"""What the page must say, with everything, with a part, and with nothing."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import cv2
import numpy as np
import pandas as pd
import pytest

from allsky.figures.words import interval, percent
from allsky.labels.answers import clouds_as
from allsky.pictures import write_picture
from allsky.report import (
    CameraChange,
    Keogram,
    Neighbour,
    Problem,
    ReportData,
    contents,
    render_report,
    sentences,
    write_figures,
)
from allsky.report.absences import absences
from allsky.report.comparisons import differences, largest_estimates, unmeasured
from allsky.report.gallery import directions
from allsky.report.methods import methods
from allsky.statistics.contrasts import contrast_table
from allsky.statistics.hours import UTC, Said, clear_share, night_hours, with_called_clear
from allsky.statistics.night_totals import unpredicted
from allsky.statistics.tally import Tally
from allsky.tables import CONFUSION, CONTRASTS, RULE_COMPARISON
from tests.allsky import report_corpus as corpus
from tests.allsky.full_report import full_report

VOID = {"meta", "link", "img", "br", "hr", "input", "use", "path", "rect"}


class Page(HTMLParser):
    """The page as a browser would take it: balanced tags, identifiers, addresses, text."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.names: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.open == [], f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.names.append(tag)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.addresses += [attributes[key] for key in ("href", "src", "xlink:href") if attributes.get(key)]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def full(tmp_path_factory) -> ReportData:
    """A corpus with everything."""
    return full_report(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def light(full) -> ReportData:
    """The same without pictures, clocks and curves: quicker to render."""
    return replace(full, gallery=(), keograms=(), disks=(), readings={}, history=None, validation=None)


@pytest.fixture(scope="module")
def html(full) -> str:
    return render_report(full)


@pytest.fixture(scope="module")
def page(html) -> Page:
    return Page(html)


# The page as such.


def test_the_page_asks_nobody_for_anything_and_runs_no_script(html, page):
    assert "script" not in page.names
    # Its links lead to the files beside it, where the page can be read without them.
    assert all(address.startswith(("data:", "#", "figures/", "condition_table.csv")) for address in page.addresses)
    assert not re.search(r"@import|url\((?!#)", html)


def test_every_identifier_is_unique_and_every_link_within_the_page_leads_somewhere(page):
    assert len(set(page.ids)) == len(page.ids)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.ids)


def test_the_headline_is_the_two_rates_in_words(full, page):
    row = full.everything
    assert f"sees aurora that is not there in {100 * row.fpr:.1f} %" in page.text
    assert f"misses {100 * row.fnr:.1f} %" in page.text


def test_what_nobody_measured_is_said_and_not_shown_as_zero(full, page):
    unmeasured = full.class_rows.query("fnr_status == 'not measured' and fpr_status != 'not measured' and n_frames > 0")
    assert len(unmeasured) > 0
    assert "Nothing is known about misses" in page.text
    assert "not measured" in page.text


def test_a_kind_of_error_measured_everywhere_does_not_speak_for_the_other(light):
    """False alarms known in every condition, misses unknown in one."""
    table = light.condition_table[light.condition_table["n_frames"] > 0].assign(fpr_status="measured", fpr=0.1)
    table["fnr_status"] = "measured"
    cells = (table["solar_bin"] != "All") & (table["lunar_bin"] != "All")
    nautical_full = (table["lunar_bin"] == "Moon_Full") & (table["solar_bin"] == "Nautical")
    table.loc[nautical_full, "fnr_status"] = "not measured"
    told = unmeasured(replace(light, condition_table=table))
    shown = contents.condition_tables(replace(light, condition_table=table))[0]["lines"]
    lines = {line["name"]: line["unknown"] for line in shown}
    assert lines["Nautical twilight, full moon"] == ["misses"]
    assert sum(map(bool, lines.values())) == 1
    assert told[-2] == f"False alarms were measured in all {cells.sum()} conditions that have frames."
    assert told[-1].startswith("Nothing is known about misses in nautical twilight under a full moon (1 of the ")


def test_a_sky_under_which_no_frame_was_taken_is_said_to_have_none(light):
    moonless = light.condition_table.query("lunar_bin in ('No_Moon', 'All')")
    data = replace(light, condition_table=moonless)
    assert unmeasured(data)[0] == "No frame was taken under a quarter moon or under a full moon."
    [fpr] = [matrix for matrix in contents.matrices(data) if matrix["rate"] == "fpr"]
    assert [[cell["status"] == "no frames" for cell in line["cells"]] for line in fpr["lines"]] == 4 * [
        [False, True, True, False]
    ]
    nothing = (
        CONTRASTS.empty()
        .reindex([0])
        .assign(
            kind="stated beforehand",
            rate="fpr",
            solar_bin="Nautical",
            lunar_bin="Moon_Quarter",
            verdict="not decidable",
        )
    )
    stated = differences(replace(data, contrasts=nothing))["stated"]
    assert [line["verdict"] for line in stated if "quarter moon" in line["name"]] == ["not decidable: no frames"]
    night_full = moonless.assign(lunar_bin=moonless["lunar_bin"].replace("No_Moon", "Moon_Full"))
    dark = pd.concat([moonless, night_full[night_full["solar_bin"] != "Nautical"]])
    told = unmeasured(replace(light, condition_table=dark))[0]
    assert told == "No frame was taken under a quarter moon or in nautical twilight under a full moon."


def test_the_largest_estimate_is_named_as_an_estimate_and_its_place_left_open_where_intervals_overlap(light):
    table = light.condition_table.assign(fpr=0.1, fpr_low=0.05, fpr_high=0.2, fpr_nights=9, fnr=None)
    worst = (table["solar_bin"] == "Night") & (table["lunar_bin"] == "Moon_Quarter")
    table.loc[worst, ["fpr", "fpr_low", "fpr_high"]] = (0.3, 0.15, 0.5)
    others = len(table.query("solar_bin != 'All' and lunar_bin != 'All' and n_frames > 0")) - 1
    told = largest_estimates(replace(light, condition_table=table))
    words = "The largest estimate of false alarms is that at night under a quarter moon: "
    order = f"overlaps those of all {others} other conditions measured, so it need not be the worst."
    assert told == [f"{words}{percent(0.3)} ({interval(0.15, 0.5)}) on 9 nights; its interval {order}"]
    table.loc[worst, "fpr_low"] = 0.21
    told = largest_estimates(replace(light, condition_table=table))
    order = "lies above those of all other conditions measured."
    assert told == [f"{words}{percent(0.3)} ({interval(0.21, 0.5)}) on 9 nights; its interval {order}"]


def test_differences_have_a_verdict_and_what_a_study_of_this_size_cannot_see(light):
    audited = light.sheet[light.sheet["role"] == "audit"]
    predictions = corpus.predictions(light.frames)
    contrasts = contrast_table(predictions, light.frames, audited, light.labels, "aurora")
    text = Page(render_report(replace(light, contrasts=contrasts))).text
    assert "Is it worse than at night without moon?" in text
    assert text.count("not decidable") >= 2
    assert "Of the two published claims," in text
    assert "Is it worse" not in Page(render_report(light)).text


def test_a_simulated_archive_says_so_before_anything_else(light):
    said = sentences.lead(replace(light, simulated=True))
    assert said[0].startswith("This archive is simulated")
    assert sentences.lead(light) == said[1:]
    assert "relative to one person (ada)" in said[1]


def test_the_methods_say_which_rule_counted_and_nothing_was_tuned_that_was_not(light):
    assert "A frame counts as the likelier of the two classes; no threshold was tuned." in methods(light)
    named = replace(light, model={**light.model, "threshold": 0.4})
    assert "from a probability of 0.4, which the model's description names" in methods(named)
    assert "from a probability of 0.8, as set for this report" in methods(replace(named, threshold=0.8))
    elsewhere = replace(light, model={"backbone": "resnet18", "image_size": 64})
    assert "was trained on" not in methods(elsewhere)


def test_of_a_model_that_was_trained_elsewhere_nothing_is_said_of_which_nights_taught_it(light):
    assert "that neither trained nor tuned the model" in " ".join(sentences.lead(light))
    given = replace(
        light, given=True, condition_table=light.condition_table.assign(corrected_ratio=0.2, corrected_nights=9)
    )
    told = " ".join(sentences.lead(given)) + methods(given)
    assert "neither trained" not in told and "was trained on labelled frames" not in told and "outside" not in told
    assert "trained elsewhere; if any of these nights taught it, it errs less here" in told


def test_shares_are_said_to_count_the_nights_that_taught_the_model(light):
    for given, counted in ((False, True), (True, False)):
        told = " ".join(sentences.occurrence_sentences(replace(light, model={}, given=given)))
        assert ("those of nights that taught it included" in told) is counted


def test_the_methods_say_what_a_label_means_whose_it_is_and_how_the_share_was_corrected(light):
    told = methods(light)
    assert "A frame was labelled aurora where it is visible in that frame; hidden by cloud it is not" in told
    assert "labels are those of one person (ada)" in told
    assert "drawn at random within each condition of each night" in told and "difference estimator" not in told
    answered = methods(replace(light, labels=light.labels.assign(labeller="simulated")))
    assert "it is not; labels are the answers of a program" in answered
    assert f"{light.everything.n_unsure} frames called unsure were left out" in told
    drawn = light.sheet.assign(drawn_for_model="resnet18-1a2b3c4d")
    assert "each condition and band of predicted score of each night" in methods(replace(light, sheet=drawn))
    table = light.condition_table.assign(corrected_ratio=0.25, corrected_nights=50)
    corrected = methods(replace(light, condition_table=table))
    assert "difference estimator" in corrected and "on 50 nights outside training" in corrected


def test_both_occurrence_figures_stand_side_by_side(page):
    assert "774 of 2,851 frames were predicted aurora: 27.1 %." in page.text
    assert "mean of the condition cells' shares is 28.0 %" in page.text
    assert "Both are shares of recorded frames" in page.text


def test_an_error_is_shown_with_its_map_its_time_and_its_sky(full, page):
    first = full.frames.iloc[0]
    assert f"{first['utc']:%Y-%m-%d %H:%M:%S} UTC" in page.text
    assert f"sun {first['sun_altitude_deg']:+.1f}°" in page.text
    assert sum(address.startswith("data:image/jpeg") for address in page.addresses) == 9


# The sky seen from below: with north up, east lies to the left; turned by 90 degrees clockwise, north to the right and
# east up. (Percent from the left and from the top.)
UPRIGHT, TURNED = {"N": (50, 5), "E": (5, 50)}, {"N": (95, 50), "E": (50, 5)}


def test_north_and_east_are_marked_as_the_camera_of_that_night_has_them():
    cameras = {
        "camera": {"north_deg": 0.0, "east": "left", "orientation": "given"},
        "camera:2024-03-01": {"north_deg": 90.0, "east": "left", "orientation": "given"},
        "camera:2025-01-01": {"north_deg": 90.0, "east": "left", "orientation": "unknown"},
    }
    for night, expected in (("2024-02-29", UPRIGHT), ("2024-03-01", TURNED), ("2025-02-01", {})):
        marks = {mark["letter"]: (mark["left"], mark["top"]) for mark in directions(cameras, night)}
        assert marks.keys() == expected.keys()
        for letter, place in expected.items():
            assert marks[letter] == pytest.approx(place, abs=1)


def test_the_page_says_how_the_sky_is_turned_or_that_nobody_knows(full, page):
    assert "Where north and east lie is not known" in page.text
    known = render_report(replace(full, configuration={"camera": {"north_deg": 30.0}}, keograms=()))
    assert "N and E mark geographic north and east" in Page(known).text
    assert known.count(">N</b>") == known.count(">E</b>") == 4


def test_an_error_has_the_sky_before_and_after_it_with_what_was_said_of_it(page):
    assert "10 min earlier, p = 0.41" in page.text
    assert "9 min later" in page.text


def test_every_night_that_is_missing_or_broken_has_its_reason(full, page):
    lines = absences(full)["lines"]
    coverage = sum(line["n"] for line in lines if line["status"] == "missing")
    # From 2024-01-03 to 2024-11-14 there are 317 nights, 21 of them with frames and one broken.
    assert coverage == 317 - len(corpus.NIGHTS) - 1
    assert all(line["reason"] for line in lines)
    assert "2024-11-03" in page.text and "No recording in the archive." in page.text
    assert "never grows dark" in page.text
    assert "21 present" not in page.text and "20 present" in page.text


def test_the_gaps_of_a_decade_are_counted_by_reason_and_the_longest_listed(light):
    days = pd.date_range("2010-01-01", "2019-12-31")
    # It rests each Monday from the second one on, and stands still for twelve nights from such a Monday on.
    still = pd.date_range("2015-02-09", "2015-02-20")
    here = [day for day in days if (day.weekday() or day < days[7]) and day not in still]
    nights = light.tally.nights.iloc[[0] * len(here)].assign(night=[str(day.date()) for day in here], n_flagged=0)
    videos = pd.DataFrame({"night": nights["night"], "video": nights["night"] + ".mp4", "problem": None})
    told = absences(replace(light, videos=videos, tally=replace(light.tally, nights=nights), problems=()))
    [missing] = [line for line in told["reasons"] if line["reason"] == "No recording in the archive."]
    # 521 Mondays from 2010-01-11 to 2019-12-30, two of them in one gap.
    assert (told["n_runs"], told["n_nights"], missing["longest"]) == (520, 521 + 10, 12)
    assert len(told["lines"]) == 200
    assert {"2010-01-11", "2015-02-09 to 2015-02-20"} < {line["nights"] for line in told["lines"]}


def test_shares_among_clear_frames_are_given_where_a_class_says_cloudy(light):
    predictions = corpus.predictions(light.frames)
    said = predictions["predicted"].where(predictions["p_aurora"] > 0.2, "cloudy")
    predictions = predictions.assign(predicted=said)
    hours = night_hours(predictions, corpus.POSITIVE, corpus.SITE, "cloudy")
    told = " ".join(sentences.occurrence_sentences(replace(light, hours=hours, cloudy="cloudy")))
    assert (
        f"frames not predicted cloudy it is {percent((said == corpus.POSITIVE).sum() / (said != 'cloudy').sum())}"
        in told
    )
    assert "not predicted cloudy" not in " ".join(sentences.occurrence_sentences(light))


def test_shares_among_frames_called_clear_are_given_where_labellers_have_a_key_for_clouds(light):
    predictions, site = corpus.predictions(light.frames), corpus.SITE
    sheet, answers = corpus.sheet(light.frames), corpus.labels(light.frames)
    night = light.frames.set_index("frame_id")["night"]
    nights = sorted(night[night.index.isin(answers["frame_id"])].unique())
    clouded = answers["frame_id"].map(night).isin(nights[: len(nights) // 2]) & (answers["label"] != corpus.POSITIVE)
    labels = clouds_as(answers.assign(label=answers["label"].where(~clouded, "cloud")), "cloud", "no_aurora")
    hours = night_hours(predictions, corpus.POSITIVE, site)
    said = replace(light, cloudy="cloud", hours=hours)
    assert "neither cloud" not in " ".join(sentences.occurrence_sentences(said))
    seen = with_called_clear(hours, sheet, labels, light.frames, site, Said(corpus.POSITIVE, "cloud"))
    told = " ".join(sentences.occurrence_sentences(replace(said, hours=seen)))
    share = clear_share(seen[seen["clock"] == UTC])
    assert f"they saw aurora in {percent(share.value)}" in told and "called neither cloud nor unsure" in told


def test_everything_left_out_is_named_with_its_reason(page):
    assert "The file is empty (0 bytes); copy it again from the camera." in page.text
    assert "No clock could be read: set [camera] clock_box." in page.text
    assert "reading disagrees with the fit" in page.text
    assert "nan" not in page.text.split()


def test_the_data_dictionary_names_every_public_column(page):
    def squeezed(text):  # backticks become markup, which splits words
        return re.sub(r"[\s`]", "", text)

    assert {f"{name}.parquet" for name in ("calibration", "hours", "epochs", "witnesses", "evidence", "history")} <= {
        f"{table.name}.parquet" for table in contents.DICTIONARY
    }
    for table in contents.DICTIONARY:
        assert all(squeezed(column.meaning) in squeezed(page.text) for column in table.columns), table.name


def test_the_truth_is_in_the_dictionary_of_a_simulated_archive_alone():
    told = [{table["name"] for table in contents.dictionary(simulated)} for simulated in (False, True)]
    assert told[1] - told[0] == {"truth"}


def test_the_model_stands_beside_the_green_pixel_rule(page):
    assert "green-pixel rule" in page.text
    assert "94.0 %" in page.text and "81.0 %" in page.text


def test_where_the_rule_wins_the_page_says_so_and_what_may_be_chance(light):
    rows = [
        ("Night", "No_Moon", 300, 17, 0.9, 0.85, 0.95, 0.8, 0.7, 0.9, 0.1, 0.02, 0.18),
        ("Nautical", "No_Moon", 60, 13, 0.6, 0.4, 0.8, 0.7, 0.5, 0.9, -0.1, -0.3, 0.1),
        ("All", "All", 360, 17, 0.88, 0.8, 0.93, 0.83, 0.75, 0.9, 0.05, -0.01, 0.11),
    ]
    text = Page(render_report(replace(light, rule_comparison=pd.DataFrame(rows, columns=RULE_COMPARISON.names)))).text
    assert "88.0 % rightly and the rule 83.0 %, a difference of +5.0 percentage points (−1.0 to +11.0" in text
    assert "on the same frames), which may be chance" in text
    assert "the rule's share is the higher in 1 of the 2 conditions compared" in text


def test_selection_figures_are_headed_as_such(page):
    assert page.text.count("sed for selection") >= 3


def test_a_text_from_outside_cannot_become_markup(light):
    hostile = replace(light, notices=["<script>alert(1)</script>"], problems=[Problem("2024-01-01", None, "<b>")])
    assert "<script>" not in render_report(hostile)


def test_the_page_is_the_same_for_the_same_data(light):
    assert render_report(light) == render_report(light)


def test_another_threshold_than_the_models_is_said(light):
    strict = replace(light, threshold=0.9, model={**light.model, "threshold": None})
    text = Page(render_report(strict)).text
    assert "counts as aurora from a probability of 0.9" in text
    assert "likelier of the two classes" not in text


# What is missing.


def test_without_a_model_it_says_how_many_frames_wait(full):
    kept = replace(full.tally, predicted=None)
    text = Page(render_report(ReportData(corpus.SITE, videos=full.videos, tally=kept, sheet=full.sheet))).text
    assert f"{len(full.sheet)} frames wait to be labelled." in text
    assert "There are no predictions yet" in text


def test_with_a_model_but_no_labels_the_error_columns_are_empty_and_it_says_so(light):
    table = corpus.condition_table(light.frames, corpus.predictions(light.frames), None)
    text = Page(render_report(replace(light, labels=None, condition_table=table, gallery=(), baseline=None))).text
    assert "how often it is wrong cannot be said before audit frames are labelled" in text
    assert "their columns below are empty" in text
    assert "135 audit frames wait in labels/audit.parquet" in text


def test_with_one_class_labelled_the_headline_gives_the_rate_that_exists(light):
    table = light.condition_table.assign(fnr=None, fnr_low=None, fnr_high=None)
    headline = sentences.headline(replace(light, condition_table=table))
    assert "sees aurora that is not there in" in headline
    assert "misses" not in headline


def test_too_few_audit_nights_are_said_to_be_too_few(light):
    rates = ["fpr", "fpr_low", "fpr_high", "fnr", "fnr_low", "fnr_high"]
    table = light.condition_table.assign(n_audit_nights=3, **dict.fromkeys(rates, float("nan")))
    headline = sentences.headline(replace(light, condition_table=table))
    assert "cannot be said from 3 labelled audit nights: it takes 5" in headline


def test_one_night_is_a_corpus(light):
    night = corpus.NIGHTS[0]
    frames, predictions = (t[t["night"] == night] for t in (light.frames, corpus.predictions(light.frames)))
    table, tally = corpus.condition_table(frames, predictions, None), Tally.of(frames, predictions)
    one = replace(light, videos=light.videos.iloc[:1], frames=frames, tally=tally, condition_table=table)
    assert f"138 frames of 1 night, {night}, at yknf." in Page(render_report(replace(one, labels=None))).text


def test_without_a_moonlit_frame_the_moon_s_columns_say_so(light):
    frames = light.frames[light.frames["lunar_bin"] == "No_Moon"]
    predictions = corpus.predictions(light.frames)
    predictions = predictions[predictions["frame_id"].isin(frames["frame_id"])]
    table = corpus.condition_table(frames, predictions, light.labels)
    dark = replace(light, frames=frames, tally=Tally.of(frames, predictions), condition_table=table)
    (matrix,) = (one for one in contents.matrices(dark) if one["rate"] == "positive_ratio")
    assert [[cell["measured"] for cell in line["cells"]] for line in matrix["lines"]] == [
        [True, False, False, True]
    ] * 4
    assert "no frames" in Page(render_report(dark)).text


def test_only_broken_videos_give_a_page_that_names_them(full):
    broken = full.videos[full.videos["problem"].notna()]
    text = Page(render_report(ReportData(corpus.SITE, videos=broken))).text
    assert "the archive holds no usable frame" in text
    assert "The file is empty (0 bytes)" in text


def test_an_empty_archive_gives_a_page_that_says_what_to_do():
    text = Page(render_report(ReportData(corpus.SITE))).text
    assert "No video was found. Point [archive] videos at a folder of nightly videos" in text


def test_a_picture_that_vanished_does_not_stop_the_report(full, light, tmp_path):
    gone = tmp_path / "no.jpg"
    near = [Neighbour(-10.0, gone, 0.5)]
    lost = [item._replace(image=gone, overlay=gone, neighbours=near) for item in full.gallery]
    page = Page(render_report(replace(light, gallery=lost, keograms=[Keogram("2024-01-03", tmp_path / "no.png")])))
    assert "p = 0.93" in page.text
    assert "img" not in page.names


def test_of_three_classes_the_positive_one_leads_and_each_has_its_table(light):
    other = light.condition_table.assign(**{"class": "cloud", "fpr": 0.5})
    both = pd.concat([light.condition_table, other])
    classes = ("aurora", "cloud", "no_aurora")
    three = replace(light, classes=classes, condition_table=both)
    assert three.everything.fpr == light.everything.fpr
    text = Page(render_report(three)).text
    assert "50.0 %" not in text[: text.index("The condition table of cloud")]
    assert "50.0 %" in text


def test_of_three_classes_each_condition_has_its_confusion(light):
    classes = ("aurora", "cloud", "clear")
    rows = [
        ("Night", "No_Moon", a, b, 30 if a == b else 5, 0.75 if a == b else 0.125, 9) for a in classes for b in classes
    ]
    three = replace(light, classes=classes, confusion=pd.DataFrame(rows, columns=CONFUSION.names))
    assert "Which class was taken for which" in Page(render_report(three)).text
    assert "75.0 %" in Page(render_report(three)).text
    two = replace(light, confusion=three.confusion)
    assert "Which class was taken for which" not in Page(render_report(two)).text


def test_the_way_of_the_frames_ends_with_those_that_judge(light):
    steps = {step: number for step, number, _ in contents.funnel(light)}
    audit = light.sheet.loc[light.sheet["role"] == "audit", "frame_id"]
    assert steps["frames in them"] == light.videos.loc[light.videos["problem"].isna(), "n_frames"].sum()
    assert steps["of them on audit nights"] == light.labels["frame_id"].isin(audit).sum()
    assert steps["of them judging the classifier"] == light.everything.n_labelled


def test_labelled_audit_frames_without_a_prediction_are_not_dropped_in_silence(light):
    predictions = corpus.predictions(light.frames)
    assert unpredicted(light.sheet, light.labels, predictions) == []
    audit = light.labels["frame_id"][light.labels["frame_id"].isin(light.sheet.query("role == 'audit'")["frame_id"])]
    fewer = predictions[predictions["frame_id"] != audit.iloc[3]]
    (sentence,) = unpredicted(light.sheet, light.labels, fewer)
    assert sentence.startswith("1 labelled audit frame has no prediction") and audit.iloc[3] in sentence


# Files.


def test_every_figure_is_written_as_png_with_its_numbers_as_csv(full, tmp_path):
    written = write_figures(full, tmp_path / "figures")
    names = {path.stem for path in written}
    assert {path.suffix for path in written} == {".png", ".csv"}
    assert len(written) == 2 * len(names)
    assert {"false_positives_matrix", "occurrence_by_hour", "coverage", "learning_curves", "reliability"} <= names
    for path in written:
        if path.suffix == ".png":
            assert cv2.imread(str(path)).shape[1] > 500
        else:
            assert len(pd.read_csv(path)) > 0


def test_every_file_that_the_page_links_to_is_written_beside_it(full, page, tmp_path):
    written = {f"figures/{path.name}" for path in write_figures(full, tmp_path / "figures")}
    linked = {address for address in page.addresses if address.startswith("figures/")}
    assert len(linked) > 20
    assert linked == written


def test_an_empty_archive_has_no_figures(tmp_path):
    assert write_figures(ReportData(corpus.SITE), tmp_path) == []


# Other archives.


def test_a_change_of_the_camera_is_shown_and_asks_for_a_section_until_it_is_confirmed(light, tmp_path):
    picture = tmp_path / "2024-01-12.jpg"
    write_picture(picture, np.zeros((24, 64, 3), np.uint8))
    change = CameraChange(
        "2024-01-12", "2024-01-11", "suggested", "disk", "the sky disk was here, and is there", picture
    )
    told = Page(render_report(replace(light, camera_changes=(change,)))).text
    assert "Not confirmed. 2024-01-11 and 2024-01-12 (disk): the sky disk was here, and is there." in told
    assert "add a section [camera:2024-01-12]" in told
    confirmed = change._replace(status="in force", cause="section, disk")
    told = Page(render_report(replace(light, camera_changes=(confirmed,)))).text
    assert "2024-01-11 and 2024-01-12 (section, disk)" in told and "Not confirmed" not in told


def test_stills_that_their_names_date_are_not_said_to_have_a_clock(light):
    assert "Each frame carries a burned-in time" in Page(render_report(light)).text
    stills = replace(
        light, videos=light.videos.assign(video="night/"), configuration={"archive": {"stills_time": "name"}}
    )
    told = Page(render_report(stills)).text
    assert "The stills are dated by their names" in told and "burned-in time" not in told
    assert "single pictures, dated by their names" in told and "timelapse videos" not in methods(stills)


def test_an_archive_of_stills_is_not_said_to_be_of_videos_and_has_no_picture_of_a_clock(light, full, tmp_path):
    named = {"archive": {"stills_time": "name"}}
    stills = replace(full, videos=full.videos.assign(video="night/"), configuration=named)
    assert not [file for file in write_figures(stills, tmp_path) if file.name.startswith("clock_")]
    assert [file for file in write_figures(full, tmp_path) if file.name.startswith("clock_")]
    assert next(step for step, _, _ in contents.funnel(stills)) == "nights of stills in the archive"
    broken = corpus.videos().query("problem.notna()").assign(video="night/")
    empty = ReportData(corpus.SITE, videos=broken, tally=Tally.of(corpus.frames().head(0)), configuration=named)
    told = Page(render_report(empty)).text
    assert "1 folder of stills, but no usable frame." in told and "Every recording has a problem" in told


def test_labels_of_frames_that_nobody_drew_are_told_apart(light):
    drawn = light.sheet["frame_id"].nunique()
    more = light.frames.loc[~light.frames["frame_id"].isin(light.sheet["frame_id"]), "frame_id"].head(7)
    free = light.labels.head(1).drop(columns="frame_id").merge(pd.DataFrame({"frame_id": more}), how="cross")
    labels = pd.concat([light.labels, free[light.labels.columns]])
    before, after = (
        {name: rest for name, *rest in contents.tiles(replace(light, labels=given))} for given in (light.labels, labels)
    )
    assert before["labelled"] == [f"{light.labels['frame_id'].nunique():,}", f"of {drawn:,} drawn"]
    assert after["labelled"] == [before["labelled"][0], f"of {drawn:,} drawn, and 7 others"]
    assert contents.funnel(replace(light, labels=labels)) == contents.funnel(light)


def test_no_error_of_a_kind_is_said_only_where_the_condition_table_counts_none(full, light):
    misses = [item for item in full.gallery if item.outcome == "fn"]
    for fp, told in ((0, True), (11, False)):
        table = light.condition_table.assign(fp=fp)
        text = Page(render_report(replace(light, gallery=misses, condition_table=table))).text
        assert ("No false positive among the labelled frames" in text) is told
        assert "No false negative" not in text


def test_a_range_of_nights_tells_of_its_own_frames_alone(light):
    """Its labels are those of its nights: frames of other nights do not wait, and few labels are not none."""
    night = light.sheet.loc[light.sheet["role"] == "audit", "night"].iloc[0]
    mine = set(light.sheet.loc[light.sheet["night"] == night, "frame_id"])
    labels = light.labels[light.labels["frame_id"].isin(mine)]
    rates = dict.fromkeys(("fpr", "fnr"), math.nan)
    table = light.condition_table.assign(**rates, n_audit_nights=1)
    part = replace(light, labels=labels, nights=(night, night), condition_table=table, contrasts=None)
    text = Page(render_report(part)).text
    assert f"of {len(mine):,} drawn" in text
    assert "Labelled audit frames are too few" in text and "No audit frame has been labelled" not in text


def test_a_frame_that_was_drawn_twice_waits_once(light):
    page = Page(render_report(replace(light, labels=None, condition_table=None, tally=Tally.of(corpus.frames()))))
    twice = pd.concat([light.sheet, light.sheet.assign(drawn_for_model="resnet18-1a2b3c4d")])
    again = replace(light, labels=None, condition_table=None, tally=Tally.of(corpus.frames()), sheet=twice)
    waiting = f"{light.sheet['frame_id'].nunique()} frames wait to be labelled"
    assert waiting in page.text and waiting in Page(render_report(again)).text


def test_methods_tell_how_many_frames_several_answered_and_how_many_were_settled(light):
    drawn = set(light.sheet.loc[light.sheet["role"] == "audit", "frame_id"])
    first = light.labels[light.labels["frame_id"].isin(drawn)].iloc[:7]
    final = first.iloc[:2].assign(labeller="adjudicated")
    labels = pd.concat([light.labels, first.assign(labeller="bo"), final], ignore_index=True)
    told = methods(replace(light, labels=labels))
    assert "7 frames were answered by more than one, 2 of them settled by adjudication" in told
    assert "answered by more than one" not in methods(light)
