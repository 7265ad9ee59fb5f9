"""Frames looked at in a thread of their own: all of them, in order, few at a time, and no error is lost."""

import threading
import weakref

import numpy as np
import pytest

from allsky.recordings.aside import BATCHES_AHEAD, BYTES_AT_ONCE, FRAMES_AT_ONCE, Aside
from allsky.recordings.video import VideoFrame


def frame(index, shape=(4, 4)):
    return VideoFrame(index, np.zeros(shape, np.uint8), False, lambda: np.zeros((*shape, 3), np.uint8))


def test_every_frame_is_handled_once_and_in_order_in_another_thread():
    seen, threads = [], set()

    def handle(frames):
        seen.extend(one.index for one in frames)
        threads.add(threading.current_thread())

    with Aside(handle) as aside:
        for index in range(5 * FRAMES_AT_ONCE + 3):
            aside.add(frame(index))
    assert seen == list(range(5 * FRAMES_AT_ONCE + 3))
    assert len(threads) == 1 and threading.current_thread() not in threads


def test_no_more_than_a_few_batches_are_held():
    born, held = [], []

    def handle(frames):
        held.append(sum(one() is not None for one in born))

    with Aside(handle) as aside:
        for index in range(20 * FRAMES_AT_ONCE):
            new = frame(index)
            born.append(weakref.ref(new.luma))
            aside.add(new)
    assert max(held) <= (BATCHES_AHEAD + 1) * FRAMES_AT_ONCE + 1


def test_large_frames_come_in_smaller_batches():
    sizes = []
    side = int((BYTES_AT_ONCE / 4) ** 0.5)
    with Aside(lambda frames: sizes.append(len(frames))) as aside:
        for index in range(7):
            aside.add(frame(index, (side, side)))
    assert sizes == [3, 3, 1]


def test_what_the_handler_raises_is_raised():
    def handle(frames):
        if frames[0].index >= FRAMES_AT_ONCE:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"), Aside(handle) as aside:
        for index in range(10 * FRAMES_AT_ONCE):
            aside.add(frame(index))
    with pytest.raises(OSError, match="the disk is full"), Aside(handle) as aside:
        aside.add(frame(FRAMES_AT_ONCE))


def test_what_waits_when_somebody_interrupts_is_not_handled():
    seen = []
    with pytest.raises(KeyboardInterrupt), Aside(seen.extend) as aside:
        aside.add(frame(0))
        raise KeyboardInterrupt
    assert seen == []


def test_frames_before_an_error_of_the_decoder_are_handled():
    seen = []
    with pytest.raises(ValueError, match="cut off"), Aside(seen.extend) as aside:
        aside.add(frame(0))
        raise ValueError("cut off")
    assert [one.index for one in seen] == [0]
