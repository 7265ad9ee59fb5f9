"""Which frames of a night teach its clock's digits?"""

from __future__ import annotations

from collections.abc import Iterable

from allsky.clock.learning import Keyframe
from allsky.recordings.recording import Recording

# Keyframes come every 250 frames as a rule (x264's default); with a frame every 6 s, as of the published camera, all of
# them show the same second and one of two last digits of the minute. Up to so many frames behind them are decoded for
# other digits: six on average, which takes a tenth of a second a night.
MOST_BEHIND = 12


def teaching_frames(recordings: Iterable[Recording]) -> list[Keyframe]:
    """The frames that `learn_clock` takes: some of each recording, spread over it."""
    return [
        Keyframe(recording.name, frame.index, frame.luma.copy())
        for recording in recordings
        for frame in recording.keyframes(most_behind=MOST_BEHIND)
    ]
