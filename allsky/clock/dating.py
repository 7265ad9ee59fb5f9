"""Which UTC has each frame of a night, and which readings are not to be believed?

Local times become UTC with the zone the overlay names, else the configured one; the repeated hour of autumn is told
apart by the order of frames and videos (`allsky.clock.autumn`). Each video's times then go through its `Timeline`. A
frame whose own reading leaves it is flagged; one without a reading is dated by it, unless its glyphs speak against
that; a stretch that differs from its neighbour by a single digit is flagged too, unless its glyphs prove it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
import pandas as pd

from allsky.clock.autumn import resolve_repeated
from allsky.clock.excursions import OFF_ITS_LINE, excursions
from allsky.clock.glyph_witness import Witness, hear
from allsky.clock.off_by_tens import OFF_BY_TENS, off_by_tens
from allsky.clock.stale_digits import STOOD_STILL, stale_stretches
from allsky.clock.timeline import Timeline
from allsky.clock.video_times import VideoTimes
from allsky.clock.zones import overlay_zone, possible_utc, sign_in_doubt, utc_not_set_forward
from allsky.tables import READINGS

# So many readings in an hour that summer time skips are no misreadings.
FEWEST_SKIPPED = 3
STILL_TO_COME = (
    "the clock shows a day that is still to come: a digit of the date is misread, or the camera's clock is wrong"
)


def date_readings(
    readings: pd.DataFrame,
    zone_words: Sequence[str | None],
    zone: tzinfo,
    quantum_s: float,
    witness: Witness | None = None,
    cards: Iterable[tuple[str, int]] = (),
) -> tuple[pd.DataFrame, dict[str, Timeline]]:
    """READINGS of a night, its videos dated one by one, and the timeline of each.

    `readings` has video, frame_index, ocr_text, overlay_time (naive), source and confidence; `zone_words` the zone each
    overlay names; `witness` what the rows' glyphs have to say; `cards` (video, frame_index) the frames left out of
    `readings` that are no sky. The order of rows is kept.
    """
    table = readings.reset_index(drop=True)
    videos = _rows_by_video(table)
    near = _middle_reading(table)
    known = {word: overlay_zone(word, zone, near) for word in set(zone_words)}
    zones = [known[word] for word in zone_words]
    own, skipped, unclear = _own_utc(table, zones, list(videos.values()), quantum_s)
    seconds, residual_s = np.full(len(table), np.nan), np.full(len(table), np.nan)
    flags = np.full(len(table), None, object)
    timelines, cards_of = {}, _by_video(cards)
    never = witness.impossible if witness else np.zeros(len(table), bool)
    index, confidence = table["frame_index"].to_numpy(), table["confidence"].to_numpy(float)
    for video, rows in videos.items():
        one = VideoTimes(rows, index[rows], own[rows], confidence[rows], quantum_s, cards_of[video], never[rows])
        _flag_what_speaks_against(one, zones, witness)
        timelines[video] = one.timeline
        seconds[rows], residual_s[rows], flags[rows] = one.seconds, one.residual_s, one.flags
    flags[_with_unread(videos.values(), own, skipped)] = (
        f"the overlay shows a local time that summer time skips in {zone}"
    )
    flags[_never_set_forward(videos.values(), own, skipped)] = (
        f"the clock showed times that summer time skips in {zone} and went on from there, so it was not set forward: "
        "set [camera] clock_timezone to what it keeps"
    )
    flags[_with_sign_in_doubt(zone_words, zone, near)] = (
        f"the overlay's offset from UTC is not that of {zone}, but its opposite is: its sign may be misread"
    )
    # A day too many, for zones and for a computer whose own clock is a little slow.
    flags[seconds > (datetime.now(UTC) + timedelta(days=1)).timestamp()] = STILL_TO_COME
    flags[unclear] = f"this local hour came twice in {zone}, and no other frame or video tells which it is"
    found = {
        "utc": pd.to_datetime(seconds, unit="s", utc=True).round("ms").astype("datetime64[ms, UTC]"),
        "source": np.where(np.isnan(own), "interpolated", table["source"]),
        "residual_s": residual_s,
        "clock_flag": pd.Series(flags, dtype=object),
    }
    # Not a copy of what was read: a night may have a million frames.
    return pd.DataFrame({name: found.get(name, table.get(name)) for name in READINGS.names}, copy=False), timelines


def _flag_what_speaks_against(one: VideoTimes, zones: Sequence[tzinfo], witness: Witness | None) -> None:
    """Flag the frames of a video against whose times the glyphs speak, or what the stretches are to each other."""
    if witness:
        hear(one, witness, zones)
    for frames in stale_stretches(one, zones):
        one.flags[frames[0] : frames[-1] + 1] = STOOD_STILL
    for frames in excursions(one):
        one.flags[frames] = OFF_ITS_LINE
    one.flags[off_by_tens(one)] = OFF_BY_TENS


def _by_video(frames: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    answer: dict[str, list[int]] = defaultdict(list)
    for video, index in frames:
        answer[video].append(index)
    return answer


def _rows_by_video(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """The rows of each video by frame, videos in the order in which the night has them."""
    videos = table.groupby("video", sort=False)["frame_index"]
    return {str(name): index.sort_values(kind="stable").index.to_numpy() for name, index in videos}


# Local time.


def _middle_reading(table: pd.DataFrame) -> datetime | None:
    """A time of the night, for the zones of its year."""
    read = table["overlay_time"].dropna()
    return read.iloc[len(read) // 2].to_pydatetime() if len(read) else None


def _with_sign_in_doubt(words: Sequence[str | None], zone: tzinfo, near: datetime | None) -> np.ndarray:
    """The rows whose offset may have another sign, and those without one, which are dated by what could be read."""
    doubted = {word for word in set(words) if sign_in_doubt(word, zone, near)}
    return np.array([bool(doubted) and (word is None or word in doubted) for word in words], bool)


def _own_utc(
    table: pd.DataFrame, zones: Sequence[tzinfo], videos: Sequence[np.ndarray], quantum_s: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each frame's own reading in UTC seconds (NaN without one), whether it is a time that never was, and whether it
    is one of a video whose hour came twice and nothing tells which it was."""
    first, second = np.full(len(table), np.nan), np.full(len(table), np.nan)
    skipped = np.zeros(len(table), bool)
    shown = table["overlay_time"].to_numpy("datetime64[ms]")
    for row in map(int, np.flatnonzero(table["overlay_time"].notna())):
        local = shown[row].item()
        options = possible_utc(local, zones[row])
        skipped[row] = not options
        options = options or (utc_not_set_forward(local, zones[row]),)
        first[row], second[row] = options[0].timestamp(), options[-1].timestamp()
    own, unclear = resolve_repeated(videos, table["frame_index"].to_numpy(), first, second, quantum_s)
    return own, skipped, unclear


def _never_set_forward(videos: Iterable[np.ndarray], own: np.ndarray, skipped: np.ndarray) -> np.ndarray:
    """The rows behind the `skipped` ones of a night, if the first of them to be read leaps back in UTC: the clock went
    on at the old time. One that was set forward meanwhile goes on in UTC."""
    answer, order = np.zeros(len(own), bool), np.concatenate(list(videos) or [np.zeros(0, int)])
    places = np.flatnonzero(skipped[order])
    if len(places) >= FEWEST_SKIPPED:
        behind = order[places[-1] + 1 :]
        read = behind[~np.isnan(own[behind])]
        answer[behind] = len(read) > 0 and own[read[0]] < own[order[places[-1]]]
    return answer


def _with_unread(videos: Iterable[np.ndarray], own: np.ndarray, skipped: np.ndarray) -> np.ndarray:
    """The rows that are `skipped`, and those without a reading of their own that stand nearest to them."""
    answer = skipped.copy()
    for rows in videos if skipped.any() else ():
        read = np.flatnonzero(~np.isnan(own[rows]))
        for place in np.flatnonzero(np.isnan(own[rows])) if len(read) else ():
            beside = read[np.abs(read - place) == np.abs(read - place).min()]
            answer[rows[place]] = skipped[rows[beside]].any()
    return answer
