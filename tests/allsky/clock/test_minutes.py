"""A clock that shows no seconds tells them by its turning minutes; how far, arithmetic says."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from allsky.clock.minutes import seconds_of_minutes
from allsky.clock.timeline import Timeline


def told(timeline: Timeline, doubted: Sequence[int] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of a minutes' clock of which the glyphs doubt some frames' readings, and which of them are vague."""
    return seconds_of_minutes(timeline, 60.0, np.isin(np.arange(len(timeline.index)), doubted))


def shown(true_s: np.ndarray) -> Timeline:
    """What a clock without seconds shows at the true times of frames 0, 1, ..."""
    index = np.arange(len(true_s), dtype=float)
    one = np.zeros(len(true_s), int)
    return Timeline(index, np.floor(true_s / 60) * 60, one, one, float(np.median(np.diff(true_s))))


@given(
    step=st.sampled_from([2, 3, 5, 6, 10, 15, 20, 30]),
    phase=st.integers(0, 59),
    minutes=st.integers(40, 120),
)
def test_half_an_hour_and_more_tells_every_second_to_half_a_step(step, phase, minutes):
    true = 1_000_000_020.0 + phase + step * np.arange(60 * minutes // step)
    seconds, vague = told(shown(true))
    assert not vague.any()
    assert np.abs(seconds - true).max() <= max(step / 2, 1.0) + 1e-6


@given(step=st.floats(3.0, 40.0), phase=st.floats(0.0, 59.0), minutes=st.integers(40, 90))
def test_a_cadence_of_no_whole_seconds_is_told_or_said_to_be_vague(step, phase, minutes):
    true = 1_000_000_020.0 + phase + step * np.arange(int(60 * minutes / step))
    seconds, vague = told(shown(true))
    assert np.abs(seconds - true)[~vague].max(initial=0.0) <= max(step / 2, 1.0) + 0.05 * step


def test_two_minutes_tell_nothing():
    seconds, vague = told(shown(1_000_000_020.0 + 20.0 * np.arange(6)))
    assert vague.all()
    assert (seconds % 60 == 0).all()


def test_a_single_frame_tells_nothing():
    zero, one = np.zeros(1), np.zeros(1, int)
    assert told(Timeline(zero, zero + 1_000_000_020.0, one, one, np.nan))[1].all()


def test_frames_a_minute_apart_have_the_time_they_show():
    true = 1_000_000_037.0 + 60.0 * np.arange(30)
    seconds, vague = told(shown(true))
    assert not vague.any()
    assert (seconds == np.floor(true / 60) * 60).all()


def test_a_misread_minute_is_flagged_and_harms_no_other():
    true = 1_000_000_020.0 + 20.0 * np.arange(180)
    timeline = shown(true)
    timeline.seconds[100] -= 600
    seconds, vague = told(timeline)
    assert vague[100]
    assert vague.sum() == 1
    assert np.abs(seconds - true)[~vague].max() <= 10.0


def test_doubted_readings_at_the_turns_of_minutes_take_no_other_frames_seconds_away():
    """Four of 90 frames, more than may be misread where the glyphs are sure, read as the minute beside them."""
    true = 1_000_000_016.0 + 20.0 * np.arange(90)
    timeline, off = shown(true), np.array([20, 41, 65, 82])
    timeline.seconds[off] += np.where(true[off] % 60 < 30, -60.0, 60.0)
    assert told(timeline)[1].sum() > len(off)
    seconds, vague = told(timeline, [*off, 50])
    assert np.flatnonzero(vague).tolist() == off.tolist()
    assert np.abs(seconds - true).max() <= 10.0


def test_minutes_misread_at_their_turns_bend_no_run_unseen():
    """Zoo clip 75779: three sure readings that were off by a minute made 20 s a frame 19 and 16, and times wrong by up
    to 24 s."""
    true = 1_000_000_064.0 + 20.0 * np.arange(90)
    clock = shown(true)
    clock.seconds[[9, 19, 69]] += (60.0, -60.0, 60.0)
    seconds, vague = told(clock, doubted=[*range(31, 61), 66])
    assert np.abs(seconds - true)[~vague].max() <= 10.0
    assert not vague[22:66].any()
