"""The bins of sky conditions, and the published shares of frames in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allsky.conditions import LUNAR_BINS, SOLAR_BINS, ConditionBins, lunar_bin, observing_conditions, solar_bin
from allsky.errors import BadConfiguration
from allsky.site import Site, night_bounds
from allsky.tables import CONDITIONS

YELLOWKNIFE = Site("yellowknife", 62.4333, -114.3500)
SEASONS = (("2022-12-01", "2023-04-30"), ("2024-02-01", "2024-04-30"), ("2024-12-01", "2025-02-28"))

# Percent of the frames of 331 nights of AuroraMAX (Yellowknife), as published with aurora-gradcam.
PUBLISHED_SHARES = pd.DataFrame(
    {"Night": [45.66, 20.18, 13.74], "Astronomical": [11.24, 4.94, 2.80], "Nautical": [0.96, 0.28, 0.21]},
    index=["No_Moon", "Moon_Quarter", "Moon_Full"],
)


def five_minute_grid() -> pd.DataFrame:
    """Every five minutes of the 331 nights, without the hours when the sun is surely up."""
    nights = [str(night.date()) for first, last in SEASONS for night in pd.date_range(first, last)]
    assert len(nights) == 331
    offsets = pd.timedelta_range("4h", "20h", freq="5min")
    utc = pd.DatetimeIndex(
        np.concatenate([night_bounds(night, -114.35)[0].tz_localize(None) + offsets for night in nights])
    ).tz_localize("UTC")
    return pd.DataFrame({"frame_id": utc.strftime("%Y%m%d%H%M"), "utc": utc})


def test_the_nine_published_shares_come_out_within_half_a_point():
    sky = observing_conditions(five_minute_grid(), YELLOWKNIFE)
    dark = sky[sky["sun_altitude_deg"] < -11.5]
    shares = pd.crosstab(dark["lunar_bin"], dark["solar_bin"], normalize=True) * 100.0
    off = (shares.loc[PUBLISHED_SHARES.index, PUBLISHED_SHARES.columns] - PUBLISHED_SHARES).abs()
    assert shares.size == 9
    assert off.to_numpy().max() < 0.5
    # A frame each minute would be about the 214,890 frames of the published corpus; it had gaps.
    assert 5 * len(dark) == pytest.approx(214_890, rel=0.02)


@pytest.mark.parametrize(
    ("altitude", "expected"),
    [
        (-90, "Night"),
        (-18, "Night"),
        (-17.999, "Astronomical"),
        (-12, "Astronomical"),
        (-11.999, "Nautical"),
        (-6, "Nautical"),
        (-5.999, "Civil"),
        (-0.833, "Civil"),
        (-0.832, "Day"),
        (90, "Day"),
    ],
)
def test_an_edge_belongs_to_the_darker_solar_bin(altitude, expected):
    assert solar_bin([altitude])[0] == expected


@pytest.mark.parametrize(
    ("altitude", "phase", "expected"),
    [
        (5.001, 180, "Moon_Full"),
        (5, 180, "No_Moon"),
        (7, 150, "Moon_Full"),
        (7, 149.9, "No_Moon"),
        (10.001, 149.9, "Moon_Quarter"),
        (10, 149.9, "No_Moon"),
        (60, 45, "Moon_Quarter"),
        (60, 44.9, "No_Moon"),
        (60, 0, "No_Moon"),
        (-1, 90, "No_Moon"),
    ],
)
def test_the_moon_counts_only_when_it_is_lit_and_high_enough(altitude, phase, expected):
    assert lunar_bin([altitude], [phase])[0] == expected
    assert lunar_bin([altitude], [360.0 - phase])[0] == expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-90, 90), st.floats(0, 360)), min_size=1, max_size=50))
def test_every_sky_has_one_bin_of_each_kind(skies):
    sun, moon, phase = (np.array(values) for values in zip(*skies, strict=True))
    assert set(solar_bin(sun)) <= set(SOLAR_BINS)
    assert set(lunar_bin(moon, phase)) <= set(LUNAR_BINS)
    darkness = [SOLAR_BINS.index(name) for name in solar_bin(np.sort(sun))]
    assert darkness == sorted(darkness)


def test_edges_are_settings():
    bins = ConditionBins(night_below_deg=-15.0, full_altitude_deg=20.0)
    assert solar_bin([-16.0], bins)[0] == "Night"
    assert lunar_bin([15.0], [180.0], bins)[0] == "No_Moon"


@pytest.mark.parametrize(
    "edges", [{"night_below_deg": -10.0}, {"civil_below_deg": -7.0}, {"quarter_elongation_deg": 150.0}]
)
def test_edges_out_of_order_are_refused_with_what_was_found(edges):
    with pytest.raises(BadConfiguration, match=f"{next(iter(edges.values())):g}"):
        ConditionBins(**edges)


def test_a_row_of_conditions_for_each_frame_in_the_frames_order():
    utc = pd.to_datetime(["2023-01-01 09:00", "2023-01-01 03:00"], utc=True).as_unit("ms")
    frames = pd.DataFrame({"frame_id": ["b", "a"], "utc": utc, "mean_luma": 1.0}, index=[7, 3])
    sky = observing_conditions(frames, YELLOWKNIFE)
    assert list(sky["frame_id"]) == ["b", "a"]
    assert list(sky["utc"]) == list(utc)
    CONDITIONS.to_arrow(sky)
    CONDITIONS.to_arrow(observing_conditions(frames.iloc[:0], YELLOWKNIFE))
