"""The simulated archive as files: videos, clocks, truth tables."""

import warnings
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from allsky.conditions import observing_conditions
from allsky.ephemeris import sun_and_moon
from allsky.fisheye import Lens
from allsky.labels.roles import night_role
from allsky.simulator import TRUTH, Simulation, demo_simulation, simulate_night
from allsky.simulator.archive import frame_times
from allsky.simulator.cameras import SMALL_COLOUR, THEMIS
from allsky.simulator.overlay import Card, TextLine, draw_text
from allsky.simulator.simulation import FULL_MOONS, YELLOWKNIFE, video_name
from allsky.site import Site

TINY = replace(
    SMALL_COLOUR,
    lens=Lens(79.5, 53.5, 52.0),
    frame_size=(160, 120),
    overlay=(TextLine("%Y-%m-%d %H:%M:%S %Z", 2, 108, 11),),
)
NIGHT = "2023-01-14"


def written(simulation: Simulation, folder: Path, night: str = NIGHT) -> tuple[Path, pd.DataFrame]:
    simulate_night(simulation, night, folder / "videos", folder / "truth")
    truth = pd.read_parquet(folder / "truth" / f"night={night}" / "truth.parquet")
    return folder / "videos" / video_name(simulation, night), truth


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> tuple[Path, pd.DataFrame]:
    simulation = Simulation(nights=(NIGHT,), cadence_s=1800, camera=TINY, cards=(Card(frames=2),))
    return written(simulation, tmp_path_factory.mktemp("tiny"))


def test_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path):
    simulation = Simulation(nights=(NIGHT,), cadence_s=3600, camera=TINY, seed=5)
    first, truth = written(simulation, tmp_path / "first")
    again, _ = written(simulation, tmp_path / "again")
    other, _ = written(replace(simulation, seed=6), tmp_path / "other")
    table = Path("truth") / f"night={NIGHT}" / "truth.parquet"
    assert first.read_bytes() == again.read_bytes()
    assert (tmp_path / "first" / table).read_bytes() == (tmp_path / "again" / table).read_bytes()
    assert first.read_bytes() != other.read_bytes()
    assert len(truth) > 10


def test_a_night_does_not_depend_on_which_others_are_simulated(tmp_path):
    alone = Simulation(nights=(NIGHT,), cadence_s=3600, camera=TINY)
    among = replace(alone, nights=("2023-01-13", NIGHT, "2023-02-01"))
    assert written(alone, tmp_path / "a")[0].read_bytes() == written(among, tmp_path / "b")[0].read_bytes()


def test_truth_has_a_row_for_every_frame_of_the_video(tiny):
    video, truth = tiny
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == len(truth)
    assert frames[0].shape == (120, 160, 3)
    assert list(truth.columns) == TRUTH.names
    assert truth["frame_index"].tolist() == list(range(len(truth)))
    assert set(truth["video"]) == {video.name}


def test_burned_in_text_is_the_true_time_in_the_sites_zone(tiny):
    _, truth = tiny
    sky = truth[~truth["card"]]
    local = sky["utc"].dt.tz_convert("America/Edmonton").dt.strftime("%Y-%m-%d %H:%M:%S %Z")
    assert sky["overlay_text"].tolist() == local.tolist()
    assert sky["overlay_text"].str.endswith("MST").all()


def test_the_clock_follows_summer_time(tmp_path):
    night = "2023-03-29"
    _, truth = written(Simulation(nights=(night,), cadence_s=3600, camera=TINY), tmp_path, night)
    assert truth["overlay_text"].str.endswith("MDT").all()


def test_the_picture_shows_the_text_of_the_truth(tiny):
    video, truth = tiny
    with av.open(str(video)) as container:
        luma = [frame.to_ndarray(format="gray").astype(float) for frame in container.decode(video=0)]
    texts = truth["overlay_text"].tolist()
    for k in (4, 9, 14):
        likeness = {text: burned_likeness(luma[k], text) for text in texts[2:]}
        assert max(likeness, key=likeness.get) == texts[k]


def burned_likeness(luma: np.ndarray, text: str) -> float:
    """Correlation of the frame's lower edge with this text drawn on black."""
    drawn = np.zeros((120, 160, 3), dtype=np.uint8)
    draw_text(drawn, TINY.overlay[0], text)
    return float(np.corrcoef(drawn[-12:, :, 0].ravel(), luma[-12:].ravel())[0, 1])


def test_cards_have_neither_time_nor_sky(tiny):
    _, truth = tiny
    cards = truth[truth["card"]]
    assert cards["frame_index"].tolist() == [0, 1]
    assert cards[["utc", "overlay_text", "visible", "contrast_to_noise"]].isna().all().all()
    assert truth.loc[~truth["card"], ["utc", "visible", "contrast_to_noise"]].notna().all().all()


def test_frames_lie_on_whole_multiples_of_the_cadence_in_darkness():
    simulation = Simulation(nights=(NIGHT,), cadence_s=300)
    utc = frame_times(simulation, NIGHT)
    assert (utc.asi8 // 1000 % 300 == 0).all()
    assert set(np.diff(utc.asi8)) == {300_000}
    step = pd.Timedelta(minutes=5)
    around = pd.DatetimeIndex([utc[0] - step, utc[0], utc[-1], utc[-1] + step])
    assert (astropy_sun_altitude(around, simulation.site) < -9.0).tolist() == [False, True, True, False]


def astropy_sun_altitude(utc: pd.DatetimeIndex, site: Site) -> np.ndarray:
    """Altitude [deg] of the sun from astropy, which shares nothing with what the simulator uses."""
    coordinates, units = pytest.importorskip("astropy.coordinates"), pytest.importorskip("astropy.units")
    from astropy.time import Time
    from astropy.utils import iers

    with iers.conf.set_temp("auto_download", False), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place = coordinates.EarthLocation.from_geodetic(site.longitude_deg, site.latitude_deg, site.elevation_m)
        times = Time(utc.tz_localize(None).to_numpy().astype("datetime64[ns]"))
        horizon = coordinates.AltAz(obstime=times, location=place, pressure=0 * units.hPa)
        return coordinates.get_body("sun", times).transform_to(horizon).alt.deg


def test_a_night_without_darkness_writes_nothing(tmp_path):
    simulate_night(Simulation(nights=("2023-06-21",)), "2023-06-21", tmp_path / "videos", tmp_path / "truth")
    assert not (tmp_path / "videos").exists() and not (tmp_path / "truth").exists()


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    simulation = Simulation(nights=(NIGHT,), cadence_s=7200, camera=TINY, codec="no_such_codec")
    with pytest.raises(Exception, match="no_such_codec"):
        simulate_night(simulation, NIGHT, tmp_path / "videos", tmp_path / "truth")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_grey_camera_writes_grey_frames(tmp_path):
    simulation = Simulation(nights=(NIGHT,), cadence_s=14_400, camera=THEMIS, clock_timezone="UTC")
    video, truth = written(simulation, tmp_path)
    with av.open(str(video)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert frame.shape == (480, 640, 3)
    assert np.abs(frame - frame[..., :1]).max() <= 3
    assert truth["overlay_text"].tolist() == truth["utc"].dt.strftime("%Y-%m-%d %H:%M:%S").tolist()


def test_the_demos_full_moons_are_full():
    # Full moon of 2023-01-06 at 23:08 UTC, of 2024-02-24 at 12:30 UTC (F. Espenak,
    # http://astropixels.com/ephemeris/moon/phases2001gmt.html).
    evenings = pd.DatetimeIndex(FULL_MOONS).tz_localize("UTC") + pd.Timedelta(hours=30)
    assert np.abs(sun_and_moon(evenings, YELLOWKNIFE)["moon_phase_deg"] - 180.0).max() < 15


def test_the_demo_has_five_audit_nights_in_every_cell():
    demo = replace(demo_simulation(), cadence_s=600)
    assert 30 <= len(demo.nights) == len(set(demo.nights)) <= 40
    audit = [night for night in demo.nights if night_role(night) == "audit"]
    cells: dict[tuple[str, str], int] = {}
    for night in audit:
        utc = frame_times(demo, night)
        bins = observing_conditions(pd.DataFrame({"frame_id": "", "utc": utc}), demo.site)
        for cell in set(zip(bins["solar_bin"], bins["lunar_bin"], strict=True)):
            cells[cell] = cells.get(cell, 0) + 1
    assert len(cells) == 9 and min(cells.values()) >= 5
