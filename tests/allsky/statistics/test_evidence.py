import numpy as np
import pandas as pd
import pytest

from allsky.figures.evidence import mean_maps_figure, shares_figure
from allsky.pictures import inscribed_disk
from allsky.report import ReportData
from allsky.report.drawings import drawings
from allsky.segmentation import covered_fraction, map_to_mask, overlap
from allsky.site import Site
from allsky.sky_disk import SkyDisk
from allsky.square_view import BELOW_HORIZON, BY_BRIGHTNESS, BY_GEOMETRY, SquareView, clock_in_square
from allsky.statistics.evidence import EVIDENCE, MEAN_MAPS, MEAN_SIZE, map_evidence, mean_maps, share_table

SIZE = 120
SITE = Site("yknf", 62.4333, -114.35, 200.0, "America/Edmonton")
DARK = np.full((SIZE, SIZE, 3), 20, np.uint8)
NORTH_UP = SquareView("equidistant", north_deg=0.0)


def within(share: float, size: int = SIZE) -> np.ndarray:
    """Pixels nearer to the middle than `share` of the disk's radius."""
    offset = np.arange(size) - (size - 1) / 2
    return np.hypot(offset[:, None], offset) <= share * size / 2


# From map to mask.


def test_a_mask_is_where_the_map_reaches_its_threshold_in_the_sky():
    heat, sky = np.zeros((4, 4)), np.ones((4, 4), bool)
    heat[0], sky[:, 3] = [0.5, 0.24, 0.1, 1.0], False
    assert map_to_mask(heat, sky, 0.5).sum() == 1
    assert map_to_mask(heat, sky, 0.4).sum() == 2
    assert not map_to_mask(np.zeros((4, 4)), sky).any()


@pytest.mark.parametrize(
    ("lens", "expected"),
    # Half of the radius: a zenith angle of 45 degrees covers 1 - cos 45 of the hemisphere under an equidistant lens;
    # an equisolid lens keeps areas, so it is a quarter.
    [("equidistant", 1 - np.cos(np.pi / 4)), ("equisolid", 0.25)],
)
def test_covered_sky_is_counted_in_solid_angle(lens, expected):
    view = SquareView(lens)
    assert covered_fraction(within(0.5, 400), view.solid_angle(400)) == pytest.approx(expected, abs=0.004)


def test_overlap_is_intersection_over_union():
    one, other = np.array([[1, 1, 0, 0]], bool), np.array([[0, 1, 1, 0]], bool)
    assert overlap(one, other) == pytest.approx(1 / 3)
    assert overlap(one, other, np.array([[1.0, 2.0, 1.0, 0.0]])) == pytest.approx(2 / 4)
    assert np.isnan(overlap(~one & one, ~one & one))


# Where things stand in a square.


def test_directions_fall_where_a_sky_seen_from_below_has_them():
    x, y = NORTH_UP.place(0.0, 0.0, SIZE)
    assert (x, y) == pytest.approx(((SIZE - 1) / 2, (SIZE - 1) / 2 - SIZE / 2))
    x, y = NORTH_UP.place(45.0, 90.0, SIZE)  # east is left, half way up is half the radius under an equidistant lens
    assert (x, y) == pytest.approx(((SIZE - 1) / 2 - SIZE / 4, (SIZE - 1) / 2))


def test_the_moon_is_where_geometry_says_or_the_brightest_place_as_high():
    sky = DARK.copy()
    sky[28:32, 58:62] = 255  # due up, half way
    sky[58:62, 110:114] = 255  # a lamp near the horizon
    assert NORTH_UP.moon(sky, 45.0, 90.0)[1] == BY_GEOMETRY
    place, how = SquareView().moon(sky, 45.0, 90.0)
    assert how == BY_BRIGHTNESS
    assert place == pytest.approx((59.5, 29.5), abs=1.5)
    assert NORTH_UP.moon(sky, -3.0, 90.0) == (None, BELOW_HORIZON)


def test_the_clock_of_a_frame_falls_where_the_square_was_cut():
    disk = SkyDisk(320, 240, 200, 640, 480)
    assert clock_in_square((120, 40, 100, 20), disk) == pytest.approx((0, 0, 0.25, 0.05))
    view = SquareView(clock=(-0.1, 0, 0.25, 0.05))
    assert view.clock_mask(SIZE).sum() == 30 * 6


# Shares.


def test_a_map_even_over_the_sky_has_the_even_share_of_every_place():
    view = SquareView("equidistant", north_deg=0.0, clock=(0.3, 0.8, 0.7, 0.9))
    told = map_evidence(inscribed_disk(SIZE).astype(float), DARK, view, 40.0, 200.0)
    assert told["sky_share"] == 1
    assert all(told[f"{place}_share"] == pytest.approx(told[f"{place}_even"]) for place in ("horizon", "moon", "clock"))
    # The outer ninth of the radius of an equidistant disk, by area.
    assert told["horizon_even"] == pytest.approx(1 - (8 / 9) ** 2, abs=0.01)
    assert told["covered_fraction"] == pytest.approx(1)
    assert (told["moon_found_by"], told["lens"]) == (BY_GEOMETRY, "equidistant")


def test_a_map_on_the_moon_is_told_from_one_on_the_clock():
    view = SquareView(north_deg=0.0, clock=(0.3, 0.8, 0.7, 0.9))
    moon, clock = np.zeros((SIZE, SIZE)), np.zeros((SIZE, SIZE))
    moon[26:34, 56:64], clock[100:106, 50:70] = 1, 1
    assert map_evidence(moon, DARK, view, 45.0, 0.0)["moon_share"] == 1
    told = map_evidence(clock, DARK, view, 45.0, 0.0)
    assert (told["moon_share"], told["clock_share"]) == (0, 1)
    assert told["lens"] == "assumed equidistant"


def test_weight_outside_the_sky_is_seen():
    corner = np.zeros((SIZE, SIZE))
    corner[:10, :10] = 1
    told = map_evidence(corner, DARK, SquareView(), -5.0, 0.0)
    assert told["sky_share"] == 0
    assert np.isnan(told["moon_share"])
    assert np.isnan(told["clock_share"])


# Tables and figures.


@pytest.fixture
def evidence() -> pd.DataFrame:
    rows = []
    for number, outcome in enumerate(["tp", "tp", "fp", None]):
        row = {"frame_id": f"f{number}", "night": f"2024-01-0{number + 1}", "solar_bin": "Night", "outcome": outcome}
        row["inclusion_probability"] = 0.25 if outcome else None
        told = map_evidence(np.ones((SIZE, SIZE)), DARK, SquareView(), 30.0 * (number - 1), 0.0)
        rows.append({**row, "lunar_bin": "No_Moon", **told})
    return EVIDENCE.to_arrow(pd.DataFrame(rows)).to_pandas()


def test_mean_maps_are_means_of_the_frames_of_an_outcome(evidence):
    maps = mean_maps(evidence, lambda frame_id: np.full((60, 60), int(frame_id[1:]), np.float16))
    assert list(maps.columns) == MEAN_MAPS.names
    assert len(maps) == 4  # two outcomes, in their condition and in all
    rows = {(row.outcome, row.solar_bin): row for row in maps.itertuples()}
    true, false = rows["tp", "Night"], rows["fp", "All"]
    assert (true.n_frames, true.n_nights, np.mean(true.map)) == (2, 2, 0.5)
    assert (false.n_frames, false.n_nights, np.mean(false.map)) == (1, 1, 2.0)
    assert maps["map"].map(len).unique().tolist() == [MEAN_SIZE**2]


def test_a_frame_drawn_with_a_quarter_of_the_chance_speaks_for_four_times_as_many(evidence):
    drawn = evidence.assign(inclusion_probability=[1.0, 0.25, 1.0, np.nan], horizon_share=[0.0, 1.0, 1.0, 1.0])
    maps = mean_maps(drawn, lambda frame_id: np.full((60, 60), int(frame_id[1:]), np.float16)).set_index("outcome")
    assert np.mean(maps.loc["tp", "map"].iloc[0]) == pytest.approx((0 + 4 * 1) / 5)
    shares = share_table(drawn).set_index(["outcome", "place"])
    assert shares.loc[("tp", "horizon"), "share"] == pytest.approx(4 / 5)
    assert shares.loc[("tp", "horizon"), "even"] == pytest.approx(evidence["horizon_even"].iloc[0])
    assert shares.loc[("fp", "horizon"), "share"] == 1


def test_shares_leave_out_frames_without_the_place(evidence):
    shares = share_table(evidence).set_index(["outcome", "place"])
    assert shares.loc[("tp", "horizon"), "n_frames"] == 2
    # The moon is up in none of the two true positives: at -30 and at 0 degrees.
    assert ("tp", "moon") not in shares.index
    assert shares.loc[("fp", "moon"), "n_frames"] == 1


def test_the_report_has_the_figures_once_there_are_maps(evidence):
    assert not drawings(ReportData(SITE))
    maps = mean_maps(evidence, lambda frame_id: np.ones((60, 60)))
    drawn = drawings(ReportData(SITE, evidence=evidence, mean_maps=maps))
    assert [drawing.name for drawing in drawn] == ["map_shares", "mean_maps"]


def test_maps_without_any_weight_are_said_to_be_empty(evidence):
    nowhere = evidence.assign(**{name: np.nan for name in evidence if name.endswith("_share")})
    maps = mean_maps(evidence, lambda frame_id: np.zeros((60, 60)))
    [drawing] = drawings(ReportData(SITE, evidence=nowhere, mean_maps=maps))
    assert drawing.name == "mean_maps"
    [text] = mean_maps_figure(maps).axes[0].texts
    assert "Every map is empty" in text.get_text()


def test_figures_draw_what_there_is(evidence):
    maps = mean_maps(evidence, lambda frame_id: np.ones((60, 60)))
    drawn = mean_maps_figure(maps)
    assert [ax.get_title() for ax in drawn.axes[:4]] == [
        "true positive",
        "false positive",
        "false negative",
        "true negative",
    ]
    assert "horizon" in [label.get_text() for label in shares_figure(share_table(evidence)).axes[0].get_yticklabels()]
