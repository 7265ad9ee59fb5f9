"""What the figures claim: shares and never odds, gaps left blank, unmeasured cells empty, nothing global touched."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.dates import date2num

from allsky import figures
from allsky.figures.canvas import CSS_VARIABLES, INK
from allsky.figures.occurrence import hours_of_night
from allsky.figures.training import kept_epoch
from allsky.figures.words import condition_in_a_sentence, count, interval, listed, percent
from allsky.site import Site
from allsky.statistics.hours import night_hours, occurrence_by_clock, occurrence_by_hour
from allsky.statistics.tally import count_nights
from tests.allsky import report_corpus as corpus

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def frames():
    return corpus.frames()


@pytest.fixture(scope="module")
def predictions(frames):
    return corpus.predictions(frames)


@pytest.fixture(scope="module")
def hours(predictions):
    return night_hours(predictions, corpus.POSITIVE, corpus.SITE)


@pytest.fixture(scope="module")
def table(frames, predictions):
    return corpus.condition_table(frames, predictions, corpus.labels(frames))


def texts(figure) -> list[str]:
    """Every text of a figure, as it would be printed."""
    figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))]


# Conditions.


def test_the_matrix_has_nine_cells_and_their_margins_in_the_order_of_darkness(table):
    cells = figures.rate_cells(table, "fpr")
    assert list(dict.fromkeys(cells["solar_bin"])) == ["Night", "Astronomical", "Nautical", "All"]
    assert list(dict.fromkeys(cells["lunar_bin"])) == ["No_Moon", "Moon_Quarter", "Moon_Full", "All"]


def test_civil_twilight_and_day_appear_only_where_frames_lie_there(table):
    civil = table.iloc[[0]].assign(solar_bin="Civil", n_frames=7)
    assert "Civil" in set(figures.rate_cells(pd.concat([table, civil]), "fpr")["solar_bin"])
    assert "Civil" not in set(figures.rate_cells(pd.concat([table, civil.assign(n_frames=0)]), "fpr")["solar_bin"])


def test_a_cell_nobody_labelled_says_so_and_shows_no_number(table):
    cells = figures.rate_cells(table, "fpr")
    unmeasured = cells[cells["status"] == "not measured"]
    assert len(unmeasured) > 0
    assert unmeasured["rate"].isna().all()
    shown = texts(figures.condition_matrix(cells, "fpr"))
    assert shown.count("not measured") == len(unmeasured)


def test_counts_beside_a_rate_are_those_it_is_out_of(table):
    cells = figures.rate_cells(table, "fnr").set_index(["solar_bin", "lunar_bin"])
    whole = table.set_index(["solar_bin", "lunar_bin"]).loc[("All", "All")]
    assert cells.loc[("All", "All"), "n_hits"] == whole["fn"]
    assert cells.loc[("All", "All"), "n"] == whole["fn"] + whole["tp"]


def test_a_table_without_any_label_still_draws(frames, predictions):
    unlabelled = corpus.condition_table(frames, predictions, None)
    for rate in ("fpr", "fnr"):
        cells = figures.rate_cells(unlabelled, rate)
        recorded = unlabelled.set_index(["solar_bin", "lunar_bin"])["n_frames"]
        told = cells.set_index(["solar_bin", "lunar_bin"])["status"]
        assert told.to_dict() == {k: "not measured" if recorded.get(k, 0) > 0 else "no frames" for k in told.index}
        shown = texts(figures.error_rates(cells, rate))
        assert shown.count("not measured") + shown.count("no frames") == 10


# Occurrence.


def test_each_tile_of_hours_says_share_frames_and_nights(hours):
    shown = texts(figures.hour_month_figure(occurrence_by_hour(hours), corpus.SITE.longitude_deg))
    first = occurrence_by_hour(hours).iloc[0]
    assert f"{100 * first.positive_ratio:.0f}" in shown
    assert f"{first.n_frames} / {first.n_nights}" in shown


def test_an_archive_of_many_years_has_a_line_per_month_of_the_year(hours):
    years = [hours.assign(night=hours["night"].str.replace("2024", str(year))) for year in range(2014, 2024)]
    by_hour = occurrence_by_hour(pd.concat(years))
    assert by_hour["month"].nunique() == 30
    figure = figures.hour_month_figure(by_hour, corpus.SITE.longitude_deg)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Jan", "Feb", "Nov"]
    one = occurrence_by_hour(hours).iloc[0]
    assert f"{10 * one.n_frames} / {10 * one.n_nights}" in texts(figure)


def test_both_clocks_stand_side_by_side_with_their_nights(hours):
    figure = figures.clock_hours_figure(occurrence_by_clock(hours), corpus.SITE.longitude_deg)
    assert [ax.get_xlabel() for ax in figure.axes[2:]] == ["hour, UTC", "hour, magnetic local time"]
    assert str(len(corpus.NIGHTS)) in texts(figure)
    assert "of clear frames" not in texts(figure)


@given(st.floats(-180, 180))
def test_the_hours_of_a_night_begin_within_half_an_hour_of_local_noon(longitude):
    hours = hours_of_night(longitude)
    assert sorted(hours) == list(range(24))
    from_noon = (hours[0] + longitude / 15 - 12 + 12) % 24 - 12
    assert abs(from_noon) <= 0.5 + 1e-9


# Coverage.


def test_every_night_from_first_to_last_is_present_broken_or_missing(frames):
    coverage = figures.night_coverage(corpus.videos(), count_nights(frames)).set_index("night")
    assert list(coverage.index) == [str(day.date()) for day in pd.date_range("2024-01-03", "2024-11-14")]
    assert coverage.loc[corpus.BROKEN_NIGHT, "status"] == "broken"
    assert "empty (0 bytes)" in coverage.loc[corpus.BROKEN_NIGHT, "reason"]
    assert coverage.loc["2024-01-06", "status"] == "missing"
    assert set(coverage.loc[list(corpus.NIGHTS), "status"]) == {"present"}


def test_flagged_frames_do_not_make_a_night_present(frames):
    night = frames[frames["night"] == corpus.NIGHTS[0]].assign(clock_flag="in doubt")
    assert list(figures.night_coverage(corpus.videos(corpus.NIGHTS[:1]).iloc[:1], count_nights(night))["status"]) == [
        "broken"
    ]


def test_a_problem_found_after_the_inventory_marks_its_night(frames):
    problems = pd.DataFrame({"night": ["2024-01-04"], "video": [None], "sentence": ["No clock."]})
    coverage = figures.night_coverage(corpus.videos(), count_nights(frames), problems).set_index("night")
    assert coverage.loc["2024-01-04", "status"] == "present with a problem"


@pytest.mark.parametrize(
    ("night", "words"),
    # The sun's lowest altitude at the solstice is latitude + 23.4 - 90: 11.6 at Longyearbyen (78.2 N) in June.
    [("2024-06-20", "never grows dark (lowest sun +12°)"), ("2024-12-20", "No recording in the archive.")],
)
def test_a_missing_night_says_whether_it_would_have_been_dark(night, words):
    site = Site("longyearbyen", 78.2, 15.6)
    days = [str((pd.Timestamp(night) + pd.Timedelta(days=step)).date()) for step in (-1, 1)]
    coverage = figures.night_coverage(
        corpus.videos(tuple(days)).iloc[:2], count_nights(corpus.frames().iloc[:0]), None, site
    )
    assert words in coverage.set_index("night").loc[night, "reason"]


def test_a_night_whose_clock_is_in_doubt_gives_that_as_its_reason(frames):
    night = frames[frames["night"] == corpus.NIGHTS[0]].assign(clock_flag="in doubt")
    coverage = figures.night_coverage(corpus.videos(corpus.NIGHTS[:1]).iloc[:1], count_nights(night))
    assert coverage["reason"].tolist() == [f"The clock of all {len(night)} frames is in doubt."]


def test_months_without_a_video_shrink_to_one_line(frames):
    shown = texts(figures.coverage_calendar(figures.night_coverage(corpus.videos(), count_nights(frames))))
    assert "8 months without a video, 2024-03 to 2024-10" in shown


# Training.


def test_the_epoch_marked_as_kept_wins_over_the_lowest_loss():
    history = corpus.history()
    assert kept_epoch(history) == 9
    assert kept_epoch(history.assign(kept=history["epoch"] == 4)) == 4
    assert kept_epoch(history.assign(validation_loss=np.nan)) is None
    figures.learning_curves(history.assign(validation_loss=np.nan)).draw_without_rendering()


def test_confusion_counts_agree_with_scikit_learn_s_worked_example():
    # https://scikit-learn.org/stable/modules/generated/sklearn.metrics.confusion_matrix.html, the "ant" example.
    labelled = ["cat", "ant", "cat", "cat", "ant", "bird"]
    predicted = ["ant", "ant", "cat", "cat", "ant", "cat"]
    answers = pd.DataFrame({"label": labelled, "predicted": predicted})
    counts = figures.confusion_counts(answers, ["ant", "bird", "cat"])
    assert counts.to_numpy().tolist() == [[2, 0, 0], [0, 0, 1], [1, 0, 2]]


def test_a_calibrated_classifier_lies_on_the_diagonal_and_an_overconfident_one_does_not():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    label = np.where(rng.random(len(p)) < p, "aurora", "no_aurora")
    honest = figures.reliability(pd.DataFrame({"label": label, "p_aurora": p}), "aurora")
    boastful = figures.reliability(pd.DataFrame({"label": label, "p_aurora": np.round(p)}), "aurora")
    assert honest["n_frames"].sum() == boastful["n_frames"].sum() == len(p)
    assert (honest["mean_probability"] - honest["positive_share"]).abs().max() < 0.05
    gap = (boastful["mean_probability"] - boastful["positive_share"]).abs()
    assert np.average(gap.fillna(0), weights=boastful["n_frames"]) == pytest.approx(0.25, abs=0.01)


def test_sampling_weights_count_in_the_reliability_diagram():
    answers = pd.DataFrame({"label": ["aurora", "no_aurora"], "p_aurora": [0.72, 0.78], "weight": [3.0, 1.0]})
    seventies = figures.reliability(answers, "aurora").iloc[7]
    assert (seventies["positive_share"], seventies["mean_probability"]) == pytest.approx((0.75, 0.735))


# Clock.


def test_a_reading_that_was_not_believed_is_drawn_where_it_said_it_was():
    points = figures.clock_points(corpus.readings())
    rejected = points[points["rejected"]]
    assert list(rejected["frame_index"]) == [40, 150, 220]
    late = rejected.iloc[0]
    assert (late["read_utc"] - late["utc"]).total_seconds() == 7200
    assert "3 rejected" in texts(figures.clock_figure(points, "2024-01-03"))


def test_videos_of_a_night_stand_end_to_end():
    first = corpus.readings(n=230)
    points = figures.clock_points(pd.concat([first, first.assign(video="videos/z.mp4")]))
    assert list(points["position"]) == list(range(460))


def test_a_night_without_a_single_reading_says_so():
    unread = corpus.readings().assign(residual_s=np.nan)
    assert any("No reading" in text for text in texts(figures.clock_figure(figures.clock_points(unread), "2024-01-03")))


# The night.


@pytest.mark.parametrize("with_model", [True, False])
def test_the_keogram_s_axis_runs_from_start_to_end_and_leaves_gaps_blank(frames, predictions, with_model):
    night = frames[frames["night"] == corpus.NIGHTS[0]]
    start, end = night["utc"].min(), night["utc"].max()
    answers = predictions[predictions["night"] == corpus.NIGHTS[0]] if with_model else None
    figure = figures.night_figure("2024-01-03", corpus.keogram_image(), start, end, night, answers, corpus.POSITIVE)
    image = figure.axes[0].images[0]
    assert len(figure.axes) == (4 if with_model else 3)
    assert image.get_extent()[:2] == pytest.approx(figure.axes[0].get_xlim())
    assert (np.asarray(image.get_array())[:, 260, 3] == 0).all()
    figure.draw_without_rendering()


def test_thumbnails_stand_under_their_instants(frames):
    night = frames[frames["night"] == corpus.NIGHTS[0]]
    start, end = night["utc"].min(), night["utc"].max()
    small = [(utc, corpus.sky_picture(1, 60)) for utc in night["utc"].iloc[[10, 60, 110]]]
    drawn = figures.night_figure("2024-01-03", corpus.keogram_image(), start, end, night, thumbnails=small)
    row = drawn.axes[1]
    assert [box.xy[0] for box in row.artists] == pytest.approx(date2num([utc for utc, _ in small]))
    drawn.draw_without_rendering()


def test_a_break_in_time_breaks_the_condition_bars(frames):
    night = frames[frames["night"] == corpus.NIGHTS[0]].reset_index(drop=True)
    gapped = night.drop(index=range(60, 80))
    image = corpus.keogram_image()
    start, end = night["utc"].min(), night["utc"].max()
    whole, broken = (
        figures.night_figure("2024-01-03", image, start, end, sky).axes[1].collections for sky in (night, gapped)
    )
    assert sum(len(bars.get_paths()) for bars in broken) == sum(len(bars.get_paths()) for bars in whole) + 2


def test_one_frame_makes_a_night(frames):
    sky = frames.iloc[[5]]
    utc = sky["utc"].iloc[0]
    span = pd.Timedelta(hours=12)
    figure = figures.night_figure("2024-01-03", corpus.keogram_image(), utc - span, utc + span, sky)
    assert any("2024-01-03" in text for text in texts(figure))


# Looks.


def test_an_svg_is_well_formed_themed_and_alone_with_its_identifiers(table):
    drawn = [figures.condition_matrix(figures.rate_cells(table, "fpr"), "fpr") for _ in range(2)]
    svgs = [figures.inline_svg(figure, name, 'False "positives"') for figure, name in zip(drawn, "ab", strict=True)]
    own = [{element.get("id") for element in ElementTree.fromstring(svg).iter()} - {None} for svg in svgs]
    assert own[0] and not own[0] & own[1]
    assert all(color not in svgs[0].replace(f", {color})", "") for color in CSS_VARIABLES)
    assert f"var(--ink, {INK})" in svgs[0]
    assert 'aria-label="False &quot;positives&quot;"' in svgs[0]


def test_the_same_drawing_gives_the_same_bytes(table):
    def draw():
        figure = figures.condition_matrix(figures.rate_cells(table, "fpr"), "fpr")
        return figures.png(figure), figures.inline_svg(figure, "a", "a")

    assert draw() == draw()


def test_drawing_needs_no_pyplot():
    program = "import sys, allsky.figures, allsky.report; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


# Words.


def test_numbers_read_as_people_write_them():
    shares = (0.0, 0.0004, 0.0612, 0.284, 0.9999, None, float("nan"))
    shown = [percent(share).replace("\N{NO-BREAK SPACE}", " ") for share in shares]
    assert shown == ["0.0 %", "< 0.1 %", "6.1 %", "28.4 %", "100 %", "–", "–"]
    assert interval(0.012, 0.09).replace("\N{WORD JOINER}", "") == "1.2–9.0"
    assert interval(None, 0.09) == ""
    assert [count(1, "night"), count(12345, "frame")] == ["1 night", "12,345 frames"]
    assert [listed(["a"]), listed(["a", "b", "c"])] == ["a", "a, b and c"]
    assert condition_in_a_sentence("Nautical", "Moon_Full") == "in nautical twilight under a full moon"


# Decades.


@pytest.fixture(scope="module")
def decades() -> pd.DataFrame:
    """Five years of nights, with a gap of a year and one night in ten without a video."""
    nights = [str(day.date()) for day in pd.date_range("1990-01-01", "1994-12-31") if not 1991 < day.year < 1993]
    table = pd.DataFrame({"night": nights, "n_frames": 60, "n_positive": 15})
    return table[[int(night[8:]) % 10 != 0 for night in nights]].reset_index(drop=True)


def test_decades_are_a_tile_per_month_with_its_nights(decades):
    kept = decades.assign(n_flagged=0)
    videos = pd.DataFrame({"night": kept["night"], "video": kept["night"] + ".mp4", "problem": None})
    shown = texts(figures.coverage_by_year(figures.night_coverage(videos, kept)))
    # Three tens a month are missing, two in February; the year without a video has a dash for each month.
    assert shown.count("28") == 7 * 4 and shown.count("27") == 4 * 4 and shown.count("26") == 4
    assert shown.count("–") == 12 and {"1990", "1992", "1994"} <= set(shown)


def test_a_bar_of_a_month_is_the_share_of_its_frames(decades):
    decades = decades.copy()
    decades.loc[decades["night"] == "1990-03-01", ["n_frames", "n_positive"]] = (600, 600)
    drawn = figures.month_occurrence_figure(decades)
    heights = [bar.get_height() for bar in drawn.axes[0].patches]
    march = decades[decades["night"].str[:7] == "1990-03"]
    assert len(heights) == 48 and heights[0] == pytest.approx(25.0)
    assert heights[2] == pytest.approx(100 * march["n_positive"].sum() / march["n_frames"].sum())


def test_a_page_of_ten_thousand_nights_is_not_much_heavier_than_one_of_a_few(decades):
    few, many = (decades.assign(n_flagged=0).head(n) for n in (300, len(decades)))
    videos = pd.DataFrame({"night": many["night"], "video": many["night"] + ".mp4", "problem": None})
    calendar = figures.coverage_calendar(figures.night_coverage(videos.head(300), few))
    years = figures.coverage_by_year(figures.night_coverage(videos, many))
    assert len(figures.inline_svg(years, "many", "x")) < len(figures.inline_svg(calendar, "few", "x"))
