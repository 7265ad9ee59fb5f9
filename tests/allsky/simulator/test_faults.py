"""What goes wrong on purpose goes wrong as named, and the truth says so."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from allsky.fisheye import Lens
from allsky.simulator import Simulation, simulate_night
from allsky.simulator.archive import frame_times
from allsky.simulator.cameras import SMALL_COLOUR
from allsky.simulator.faults import KINDS, Fault
from allsky.simulator.simulation import video_name

TINY = replace(SMALL_COLOUR, lens=Lens(39.5, 29.5, 29.0), frame_size=(80, 60))
NIGHT = "2023-03-29"  # summer time is on
PLAIN = Simulation(nights=(NIGHT,), cadence_s=1800, camera=TINY)


def simulated(folder: Path, kind: str, amount: float = 0.0) -> tuple[Path, pd.DataFrame]:
    simulation = replace(PLAIN, faults=(Fault(kind, NIGHT, amount), Fault("gap", "2023-01-01", 3.0)))
    simulate_night(simulation, NIGHT, folder, folder / "truth")
    return folder / video_name(simulation, NIGHT), pd.read_parquet(folder / "truth" / f"night={NIGHT}/truth.parquet")


def shown(truth: pd.DataFrame) -> pd.Series:
    return pd.to_datetime(truth["overlay_text"].str[:19])


def due(truth: pd.DataFrame) -> pd.Series:
    return truth["utc"].dt.tz_convert("America/Edmonton").dt.tz_localize(None)


def off_by_s(truth: pd.DataFrame) -> list[float]:
    return (shown(truth) - due(truth)).dt.total_seconds().tolist()


def test_a_fault_must_be_known():
    with pytest.raises(ValueError, match="dst_forgotten"):
        Fault("rain", NIGHT)


def test_a_zero_byte_file(tmp_path):
    video, truth = simulated(tmp_path, "zero_bytes")
    assert video.stat().st_size == 0
    assert set(truth["fault"]) == {"zero_bytes"}


def test_a_file_that_is_no_video(tmp_path):
    video, _ = simulated(tmp_path, "not_video")
    with pytest.raises(av.error.FFmpegError):
        av.open(str(video))


def test_a_truncated_video_is_shorter_than_the_whole(tmp_path):
    whole, _ = simulated(tmp_path / "whole", "gap", 0.0)
    part, truth = simulated(tmp_path / "part", "truncated", 0.5)
    assert part.stat().st_size == whole.stat().st_size // 2
    assert part.read_bytes() == whole.read_bytes()[: part.stat().st_size]
    assert set(truth["fault"]) == {"truncated"}


def test_a_missing_clock(tmp_path):
    _, truth = simulated(tmp_path, "no_clock", 0.25)
    missing = truth["overlay_text"].isna()
    assert missing.mean() == pytest.approx(0.25, abs=0.06)
    assert not missing.iloc[0] and missing.iloc[-1]
    assert (truth["fault"].notna() == missing).all()


def test_a_wrong_clock_is_wrong_all_night(tmp_path):
    _, truth = simulated(tmp_path, "wrong_clock", 90.0)
    assert set(off_by_s(truth)) == {90.0}


def test_a_clock_that_was_never_put_forward_is_an_hour_behind(tmp_path):
    _, truth = simulated(tmp_path, "dst_forgotten")
    assert set(off_by_s(truth)) == {-3600.0}


def test_summer_time_forgotten_shows_nothing_in_winter(tmp_path):
    simulation = replace(PLAIN, nights=("2023-01-14",), faults=(Fault("dst_forgotten", "2023-01-14"),), cadence_s=7200)
    simulate_night(simulation, "2023-01-14", tmp_path, tmp_path)
    truth = pd.read_parquet(tmp_path / "night=2023-01-14" / "truth.parquet")
    assert set(off_by_s(truth)) == {0.0}


def test_a_clock_that_jumps_at_mid_night(tmp_path):
    _, truth = simulated(tmp_path, "clock_jump", -420.0)
    half = len(truth) // 2
    assert off_by_s(truth) == [0.0] * half + [-420.0] * (len(truth) - half)
    assert truth["fault"].isna().tolist() == [True] * half + [False] * (len(truth) - half)


def test_a_frozen_camera_repeats_picture_and_clock(tmp_path):
    video, truth = simulated(tmp_path, "frozen", 3)
    half = len(truth) // 2
    assert truth["overlay_text"].iloc[half : half + 4].nunique() == 1
    assert truth["utc"].iloc[half : half + 4].nunique() == 1
    assert truth["fault"].notna().sum() == 3
    with av.open(str(video)) as container:
        luma = [frame.to_ndarray(format="gray").astype(int) for frame in container.decode(video=0)]
    assert np.abs(luma[half] - luma[half + 3]).mean() < 1 < np.abs(luma[half] - luma[half + 4]).mean()


def test_a_gap_leaves_frames_out():
    whole = frame_times(PLAIN, NIGHT)
    left = frame_times(replace(PLAIN, faults=(Fault("gap", NIGHT, 2.0),)), NIGHT)
    assert len(whole) - len(left) == pytest.approx(4, abs=1)
    assert np.diff(left.asi8).max() > 7_200_000


def test_a_room_is_no_sky(tmp_path):
    video, truth = simulated(tmp_path, "not_a_sky")
    with av.open(str(video)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="gray")
    assert frame[2:10, 2:10].mean() > 80  # no dark corner
    assert set(truth["fault"]) == {"not_a_sky"}


def test_every_fault_says_what_it_does():
    assert all(len(meaning) > 10 for meaning in KINDS.values())
