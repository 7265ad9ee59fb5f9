"""A camera that was moved, or got another overlay, is told from its pictures; one odd night is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from allsky.bright_moments import MomentsSeen
from allsky.camera_epochs import FIRST, LOOKS, SECTION, before_and_after, camera_epochs, look_of_night, look_picture
from allsky.fisheye import Lens
from allsky.simulator import Simulation
from allsky.simulator.archive import frame_times, sky_pictures
from allsky.simulator.cameras import SMALL_COLOUR
from allsky.simulator.recording import place
from allsky.sky_disk import SkyDisk

OLD = SMALL_COLOUR.lens
MOVED = Lens(168.0, 121.0, 106.0, north_deg=12.0)
DISK = SkyDisk(OLD.center_x, OLD.center_y, OLD.radius, 320, 240)
CLOCK = [{"box": [4, 224, 170, 12], "format": "%Y-%m-%d %H:%M:%S %Z", "text_height": 9.0}]
OTHER = [{"box": [140, 4, 170, 12], "format": "%d.%m.%Y %H:%M:%S", "text_height": 9.0}]


def night_map(lens: Lens, night: str) -> np.ndarray:
    """The bright moments of a simulated night under a lens."""
    simulation = Simulation((night,), cadence_s=3600, camera=replace(SMALL_COLOUR, lens=lens))
    seen = MomentsSeen()
    for picture in sky_pictures(simulation, night, frame_times(simulation, night)):
        seen.add(place(picture.rgb, lens, 320, 240)[..., 1])
    return seen.picture()


@pytest.fixture(scope="module")
def maps() -> dict[str, np.ndarray]:
    """Moonlit, dark and cloudy nights, the camera moved between the third and the fourth."""
    nights = ["2023-02-01", "2023-02-05", "2023-02-12", "2023-02-17", "2023-02-26", "2023-03-05"]
    return {night: night_map(OLD if number < 3 else MOVED, night) for number, night in enumerate(nights)}


@pytest.fixture(scope="module")
def looks(maps) -> pd.DataFrame:
    rows = [look_of_night(bright, DISK, CLOCK) | {"night": night, "recipe": night} for night, bright in maps.items()]
    return LOOKS.to_arrow(pd.DataFrame(rows, columns=LOOKS.names)).to_pandas()


def test_a_moved_disk_is_found_on_the_night_it_moved(maps, looks):
    epochs = camera_epochs(looks, dict.fromkeys(maps, "2023-02-01"), {"2023-02-01": FIRST})
    assert epochs[["night", "status", "cause", "night_before"]].to_numpy().tolist()[1:] == [
        ["2023-02-17", "suggested", "disk", "2023-02-12"]
    ]
    assert epochs["says"].iloc[1].startswith("the sky disk was centred on 160, 116 with a radius of 114, and is")
    after = looks.iloc[3:]
    for name, truth in (("center_x", 168.0), ("center_y", 121.0), ("radius", 106.0)):
        assert np.abs(after[name] - truth).max() < 0.01 * 106


def test_a_section_confirms_what_was_seen(maps, looks):
    nights = list(maps)
    in_epoch = {night: nights[0] if number < 3 else nights[3] for number, night in enumerate(nights)}
    epochs = camera_epochs(looks, in_epoch, {nights[0]: FIRST, nights[3]: SECTION})
    assert epochs["status"].tolist() == ["in force", "in force"]
    assert epochs["cause"].tolist() == ["first night", "section, disk"]


def test_a_section_whose_first_night_shows_nothing_confirms_the_change_seen_after_it(maps, looks):
    nights = list(maps)
    in_epoch = {night: nights[0] if number < 2 else nights[2] for number, night in enumerate(nights)}
    blind = looks.copy()
    blind.loc[2, ["center_x", "center_y", "radius", "confidence"]] = np.nan
    blind.loc[2, "clock"] = None
    epochs = camera_epochs(blind, in_epoch, {nights[0]: FIRST, nights[2]: SECTION})
    assert epochs[["night", "status", "cause", "night_before"]].to_numpy().tolist()[1:] == [
        [nights[2], "in force", "section, disk", nights[1]]
    ]


def told(clocks) -> list[tuple[str, str]]:
    nights = [f"2023-02-{day:02d}" for day in range(1, len(clocks) + 1)]
    rows = [
        {"night": night, "recipe": night, "clock": pd.Series(clock).to_json(orient="records") if clock else None}
        for night, clock in zip(nights, clocks, strict=True)
    ]
    looks = LOOKS.to_arrow(pd.DataFrame(rows, columns=LOOKS.names)).to_pandas()
    epochs = camera_epochs(looks, dict.fromkeys(nights, nights[0]), {nights[0]: FIRST})
    return list(zip(epochs["night"], epochs["cause"]))[1:]


def test_another_overlay_is_told_once_two_nights_have_it():
    assert told([CLOCK] * 3 + [OTHER] * 3) == [("2023-02-04", "overlay")]
    assert told([CLOCK] * 3 + [OTHER]) == []
    assert told([CLOCK] * 3 + [OTHER] * 2) == [("2023-02-04", "overlay")]


def test_an_odd_night_and_nights_without_a_clock_are_no_change():
    assert told([CLOCK, CLOCK, OTHER, CLOCK, CLOCK]) == []
    assert told([CLOCK, CLOCK, None, None, CLOCK, CLOCK]) == []
    assert told([CLOCK, CLOCK, None, OTHER, OTHER]) == [("2023-02-04", "overlay")]


def test_a_clock_that_grows_by_a_letter_is_the_same():
    longer = [CLOCK[0] | {"box": [4, 224, 182, 12], "text_height": 9.4}]
    assert told([CLOCK, CLOCK, longer, longer]) == []


def test_the_nights_before_and_after_are_drawn_side_by_side(maps, looks):
    rows = looks.to_dict("records")
    pair = [look_picture(bright, look, DISK) for bright, look in zip(maps.values(), rows)][2:4]
    picture = before_and_after(*pair)
    assert picture.shape == (240, 648, 3)
    # Orange where each night's own rim runs, left the old one, right the moved one.
    for y, x in ((116, round(OLD.center_x + OLD.radius)), (121, 328 + 168 + 106)):
        assert picture[y, x - 1 : x + 2, 0].max() > 200
