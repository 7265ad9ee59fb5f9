"""The one decode pass of a night: which frames are kept, what they are called, what is said of the rest."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allsky.clock.boxes import Box
from allsky.clock.learning import ClockSettings, Keyframe, Reading, learn_clock
from allsky.disk_search import find_sky_disk
from allsky.errors import BadVideo, NoClock
from allsky.frames import choose_frames, extract_night
from allsky.recordings.recording import VideoRecording
from allsky.recordings.stills import StillsRecording
from allsky.recordings.video import read_keyframes
from allsky.sky_disk import SkyDisk
from allsky.tables import FRAMES, READINGS
from tests.allsky.made_stills import write_still
from tests.allsky.made_videos import cut_off, numbered_picture, shown_number, write_numbered, write_video, zero_filled

DISK = SkyDisk(80, 75, 40, 160, 120)
START = datetime(2024, 1, 2, 3, 0, 10)
CARD_NUMBER = 1023


@dataclass
class NumberClock:
    """A clock that is the number of a `numbered_picture`, `step_s` apart; what it does wrong is told it.

    `misread` maps a shown number to the one it reads, `unread` are numbers only Tesseract reads, `unreadable` ones
    nobody reads. Dates far from their neighbours' are flagged, as the real clock does.
    """

    step_s: float = 20.0
    misread: dict[int, int] = field(default_factory=dict)
    unread: frozenset[int] = frozenset()
    unreadable: frozenset[int] = frozenset()
    reread_calls: list[int] = field(default_factory=list)
    boxes: tuple[Box, ...] = ()
    night: str | None = "2024-01-01"
    longitude_deg: float = 0.0

    @property
    def parts(self):
        return [SimpleNamespace(box=box) for box in self.boxes]

    def time(self, number: int) -> datetime:
        return START + timedelta(seconds=self.step_s * number)

    def read(self, luma) -> Reading:
        number = shown_number(luma)
        if number == CARD_NUMBER or number in self.unreadable:
            return Reading(None, None, 0.0)
        if number in self.unread:
            return Reading("?", None, 0.2, "template", (np.full((1, 1), number),))
        number = self.misread.get(number, number)
        return Reading(str(number), self.time(number), 0.9)

    def read_all(self, lumas) -> list[Reading]:
        return [self.read(luma) for luma in lumas]

    def is_card(self, luma) -> bool:
        return shown_number(luma) == CARD_NUMBER

    def provisional_utc(self, video, frame_index, reading):
        return pd.Timestamp(reading.overlay_time or self.time(frame_index), tz="UTC").to_pydatetime()

    def reread(self, crops):
        self.reread_calls.append(len(crops))
        return [Reading(str(c[0][0, 0]), self.time(int(c[0][0, 0])), 0.8, "ocr") for c in crops]

    def date(self, readings, cards=(), evidence=None):
        expected = pd.Series([self.time(k) for k in readings["frame_index"]], dtype="datetime64[ms]")
        off = (readings["overlay_time"] - expected).dt.total_seconds()
        dated = readings.assign(
            utc=readings["overlay_time"].fillna(expected).dt.tz_localize("UTC"),
            source=readings["source"].where(readings["overlay_time"].notna(), "interpolated"),
            residual_s=off,
            clock_flag=pd.Series(["reading disagrees" if abs(o) > 10 else None for o in off], dtype=object),
        )
        return dated[READINGS.names], {}


def extract(folder, videos, clock=None, disk=DISK, **changed):
    how = {"site_name": "SITE", "cadence_s": 60, "image_size": 72, "image_root": "images/night=2024-01-01"} | changed
    recordings = [VideoRecording(name, path) for name, path in videos]
    return extract_night(recordings, clock or NumberClock(), disk, image_folder=folder / "images", **how)


@pytest.mark.parametrize("threads", [0, 1])
def test_the_first_frame_of_each_utc_minute_is_kept(tmp_path, threads):
    night = extract(tmp_path, [("a.mp4", write_numbered(tmp_path / "a.mp4", 10))], threads=threads)
    # 03:00:10, then every 20 s: the first of each minute after is the third, sixth and ninth.
    assert night.frames["frame_index"].tolist() == [0, 3, 6, 9]
    assert night.frames["frame_id"].iloc[1] == "SITE_20240102T030110Z"
    assert night.frames["image"].iloc[1] == "images/night=2024-01-01/SITE_20240102T030110Z.jpg"
    assert sorted(p.name for p in (tmp_path / "images").iterdir()) == [
        f"{name}.jpg" for name in night.frames["frame_id"]
    ]
    assert len(night.readings) == 10 and night.problems == []
    assert FRAMES.to_arrow(night.frames).num_rows == 4 and READINGS.to_arrow(night.readings).num_rows == 10


def test_a_video_that_is_light_around_the_disk_is_left_out_where_the_camera_is_dark_there(tmp_path):
    y, x = np.mgrid[:120, :160]
    in_disk = np.hypot(x - DISK.center_x, y - DISK.center_y) < DISK.radius
    videos = []
    for name, around in (("a.mp4", 120), ("b.mp4", 0)):
        pictures = [numbered_picture(number) for number in range(10)]
        for picture in pictures:
            picture[40:] = np.where(in_disk, 100, around)[40:, :, None]
        videos.append((name, write_video(tmp_path / name, pictures)))
    clock = NumberClock(unread=frozenset({6}))
    night = extract(tmp_path, videos, clock, dark_around=True)
    assert set(night.frames["video"]) == {"b.mp4"} and night.frames["clock_flag"].isna().all()
    assert night.frames["frame_index"].tolist() == [0, 3, 6, 9]
    [problem] = night.problems
    assert problem.startswith("a.mp4: left out, it does not show the sky")
    with pytest.raises(BadVideo, match="does not show the sky"):
        extract(tmp_path, videos[:1], clock, dark_around=True)
    assert set(extract(tmp_path, videos, clock).frames["video"]) == {"a.mp4"}


def test_pictures_and_strip_show_the_frames_they_are_named_for(tmp_path):
    colours = np.random.default_rng(0).integers(30, 220, (10, 3))
    pictures = []
    for number, colour in enumerate(colours):
        picture = numbered_picture(number)
        picture[40:] = colour
        pictures.append(picture)
    path = write_video(tmp_path / "a.mp4", pictures, options={"crf": "5"})
    night = extract(tmp_path, [("a.mp4", path)])
    for column, (index, name, mean) in enumerate(night.frames[["frame_index", "frame_id", "mean_luma"]].to_numpy()):
        image = cv2.imread(str(tmp_path / "images" / f"{name}.jpg"))[..., ::-1]
        assert image.shape == (72, 72, 3)
        assert np.abs(image[36, 36].astype(int) - colours[index]).max() < 8
        assert image[0, 0].max() < 8
        assert np.abs(night.strip[36, column].astype(int) - colours[index]).max() < 8
        assert mean == pytest.approx(colours[index] @ [0.299, 0.587, 0.114], abs=4)
    assert night.strip.shape == (72, 4, 3)
    assert night.strip_utc == night.frames["utc"].tolist()


def test_the_clock_is_black_in_the_pictures(tmp_path):
    path = write_video(tmp_path / "a.mp4", [_lit_picture(k) for k in range(4)], options={"crf": "5"})
    night = extract(tmp_path, [("a.mp4", path)], NumberClock(boxes=(Box(70, 85, 20, 10),)))
    image = cv2.imread(str(tmp_path / "images" / f"{night.frames['frame_id'].iloc[0]}.jpg"))
    # The disk's square begins at (40, 35) and shrinks from 80 to 72 pixels.
    assert image[48:52, 30:42].max() < 12
    assert image[30:40, 30:42].min() > 90
    assert night.frames["mean_luma"].iloc[0] == pytest.approx(120, abs=3)


def _lit_picture(number):
    picture = numbered_picture(number)
    picture[40:] = 120
    return picture


def test_a_correction_moves_the_times_and_not_what_the_clock_showed(tmp_path):
    videos = [("a.mp4", write_numbered(tmp_path / "a.mp4", 10))]
    night = extract(tmp_path, videos, correction_s=3600.0)
    assert night.frames["frame_id"].iloc[0] == "SITE_20240102T040010Z"
    assert night.readings["overlay_time"].iloc[0] == pd.Timestamp("2024-01-02T03:00:10")
    assert night.frames["frame_index"].tolist() == [0, 3, 6, 9]


def test_frames_of_another_night_are_said_to_be(tmp_path):
    videos = [("a.mp4", write_numbered(tmp_path / "a.mp4", 10))]
    [problem] = extract(tmp_path, videos, NumberClock(night="2024-01-02")).problems
    assert problem.startswith("4 of 4 frames are of another night by their clock (most of 2024-01-01)")
    assert "name_date" in problem


def test_cards_are_dated_as_nothing_and_never_kept(tmp_path):
    shown = [CARD_NUMBER, CARD_NUMBER, 2, 3, 4, CARD_NUMBER, 6, 7]
    path = write_video(tmp_path / "a.mp4", (numbered_picture(k) for k in shown))
    night = extract(tmp_path, [("a.mp4", path)])
    assert night.frames["frame_index"].tolist() == [2, 3, 6]
    cards = night.readings[night.readings["utc"].isna()]
    assert cards["frame_index"].tolist() == [0, 1, 5]
    assert cards["clock_flag"].str.contains("card").all()


def test_a_misread_frame_costs_its_minute_nothing(tmp_path):
    # Frame 3 is read as minutes later: flagged, it loses its own minute to frame 4 and wins no other.
    path = write_numbered(tmp_path / "a.mp4", 12, options={"g": "4"})
    night = extract(tmp_path, [("a.mp4", path)], NumberClock(misread={3: 9}))
    assert night.frames["frame_index"].tolist() == [0, 4, 6, 9]
    assert night.frames["clock_flag"].isna().all()
    assert len(list((tmp_path / "images").iterdir())) == 4


def test_a_picture_the_pass_did_not_write_is_decoded_again(tmp_path):
    # Frame 1 claims the minute of frame 3 and of nobody else: that minute's own first frame must still be right.
    grey = [numbered_picture(k) for k in range(12)]
    for k, picture in enumerate(grey):
        picture[40:] = 20 * k
    path = write_video(tmp_path / "a.mp4", grey, options={"crf": "5", "g": "6", "bf": "2"})
    night = extract(tmp_path, [("a.mp4", path)], NumberClock(misread={1: 3}))
    assert night.frames["frame_index"].tolist() == [0, 3, 6, 9]
    image = cv2.imread(str(tmp_path / "images" / f"{night.frames['frame_id'].iloc[1]}.jpg"))
    assert abs(int(image[36, 36, 0]) - 60) < 8


class Vanishing(StillsRecording):
    """Stills of which the fourth goes away just after it was looked at."""

    def frames(self, threads=0):
        for frame in super().frames(threads):
            if frame.index == 3:
                (self.folder / self.stills[3]).unlink()
            yield frame


def test_a_still_that_goes_away_meanwhile_costs_its_own_picture_alone(tmp_path):
    stills = [write_still(tmp_path / f"{number}.png", numbered_picture(number)).name for number in range(10)]
    how = {"site_name": "SITE", "cadence_s": 60, "image_size": 72, "image_root": "images/night=2024-01-01"}
    recording = Vanishing("./", tmp_path, tuple(stills))
    night = extract_night([recording], NumberClock(), DISK, image_folder=tmp_path / "images", **how)
    assert night.frames["video"].tolist() == ["0.png", "4.png", "6.png", "9.png"]
    assert len(night.readings) == 10
    assert len(night.problems) == 1 and "the first in 3.png" in night.problems[0]


def test_a_minute_of_doubtful_frames_alone_keeps_a_flagged_one(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 9)
    night = extract(tmp_path, [("a.mp4", path)], NumberClock(misread={3: 40, 4: 41, 5: 42}))
    kept = night.frames.set_index("frame_index")
    assert kept.loc[[0, 6], "clock_flag"].isna().all()
    assert kept.loc[3, "clock_flag"] == "reading disagrees"


def test_frames_the_glyphs_doubt_are_read_by_tesseract_in_one_go(tmp_path):
    clock = NumberClock(unread=frozenset({2, 3, 7}), unreadable=frozenset({8}))
    night = extract(tmp_path, [("a.mp4", write_numbered(tmp_path / "a.mp4", 10))], clock)
    assert clock.reread_calls == [3]
    assert night.readings["source"].tolist() == [
        *("template", "template", "ocr", "ocr", "template", "template", "template", "ocr", "interpolated", "template")
    ]
    assert night.frames["frame_index"].tolist() == [0, 3, 6, 9]


def test_where_videos_overlap_the_first_by_name_wins_and_it_is_said(tmp_path):
    one = write_video(tmp_path / "1.mp4", (numbered_picture(k) for k in range(0, 6)))
    two = write_video(tmp_path / "2.mp4", (numbered_picture(k) for k in range(3, 12)))

    class PerVideo(NumberClock):
        def date(self, readings, cards=(), evidence=None):
            shift = readings["video"].map({"1.mp4": 0, "2.mp4": 3})
            dated = super().date(readings.assign(frame_index=readings["frame_index"] + shift))[0]
            return dated.assign(frame_index=readings["frame_index"]), {}

    night = extract(tmp_path, [("2.mp4", two), ("1.mp4", one)], PerVideo())
    assert list(zip(night.frames["video"], night.frames["frame_index"])) == [
        ("1.mp4", 0),
        ("1.mp4", 3),
        ("2.mp4", 3),
        ("2.mp4", 6),
    ]
    assert len(night.problems) == 1 and "1.mp4 and 2.mp4 overlap in 1" in night.problems[0]


def test_bad_videos_are_named_and_the_rest_is_kept(tmp_path):
    good = write_numbered(tmp_path / "good.mp4", 10)
    wide = write_numbered(tmp_path / "wide.mp4", 4, size=(320, 240))
    (tmp_path / "empty.mp4").write_bytes(b"")
    cut = cut_off(write_numbered(tmp_path / "cut.mp4", 10), 0.5)
    videos = [(path.name, path) for path in (good, wide, tmp_path / "empty.mp4", cut)]
    night = extract(tmp_path, videos)
    assert night.frames["video"].unique().tolist() == ["good.mp4"]
    problems = " ".join(night.problems)
    for said in ("empty.mp4", "0 bytes", "cut.mp4", "cut off", "wide.mp4: its frames are 320x240", "in 160x120"):
        assert said in problems


def test_a_damaged_video_gives_what_it_holds_and_says_how_much(tmp_path):
    path = write_numbered(tmp_path / "a.mp4", 200, options={"g": "10", "bf": "2", "sc_threshold": "0"})
    night = extract(tmp_path, [("a.mp4", zero_filled(path, 0.4, 0.45))])
    late = night.readings[night.readings["frame_index"] >= 110]
    assert (late["ocr_text"] == late["frame_index"].astype(str)).all()
    assert "of 200 frames could be read" in night.problems[0]


def test_a_night_of_which_nothing_can_be_read_raises(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"not a video")
    with pytest.raises(BadVideo, match=r"a\.mp4"):
        extract(tmp_path, [("a.mp4", tmp_path / "a.mp4")])


def test_a_night_that_cannot_be_dated_raises(tmp_path):
    class Blind(NumberClock):
        def date(self, readings, cards=(), evidence=None):
            return super().date(readings)[0].assign(utc=pd.NaT), {}

    path = write_numbered(tmp_path / "a.mp4", 5)
    with pytest.raises(NoClock, match="clock_box"):
        extract(tmp_path, [("a.mp4", path)], Blind(unreadable=frozenset(range(5))))


def test_progress_is_told(tmp_path):
    told = []
    path = write_numbered(tmp_path / "a.mp4", 600, size=(160, 120))
    extract(tmp_path, [("a.mp4", path)], cadence_s=3600, progress=lambda share, message: told.append((share, message)))
    assert [round(share, 3) for share, _ in told] == [0.417, 0.833]
    assert "a.mp4: frame 250 of 600" in told[0][1]


# The choice alone.

READING = st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 600), st.booleans(), st.booleans())


@given(st.lists(READING, max_size=60), st.sampled_from([1, 30, 60, 7.5]))
def test_one_frame_is_kept_of_every_slot_and_a_sure_one_where_there_is_one(rows, cadence_s):
    base = pd.Timestamp("2024-01-01 23:59:00", tz="UTC")
    readings = pd.DataFrame(
        [
            {
                "video": video,
                "frame_index": index,
                "utc": base + pd.Timedelta(seconds=second) if dated else pd.NaT,
                "clock_flag": "doubt" if flagged else None,
            }
            for index, (video, second, dated, flagged) in enumerate(rows)
        ],
        columns=READINGS.names,
    )
    readings["utc"] = pd.to_datetime(readings["utc"], utc=True).astype("datetime64[ms, UTC]")
    kept = choose_frames(readings, cadence_s)
    dated = readings[readings["utc"].notna()]
    slots = (dated["utc"].astype("int64") // int(cadence_s * 1000)).rename("slot")
    assert kept["utc"].is_monotonic_increasing and len(kept) == slots.nunique()
    for slot, rest in dated.groupby(slots):
        chosen = kept[kept["utc"].astype("int64") // int(cadence_s * 1000) == slot].iloc[0]
        sure = rest[rest["clock_flag"].isna()]
        pool = sure if len(sure) else rest
        pool = pool[pool["video"] == pool["video"].min()]
        assert chosen["utc"] == pool["utc"].min() and chosen["video"] == pool["video"].min()


# Real recordings (see ../shared/data/real/README.md): overlays and steps as stated there.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "night", "longitude_deg", "first", "n_frames", "n_kept"),
    [
        ("themis_fsmi_20150326.mp4", "2015-03-25", -111.93, "2015-03-26 06:07:00", 460, 23),
        ("themis_fsmi_20150326_600px.mp4", "2015-03-25", -111.93, "2015-03-26 06:07:00", 460, 23),
        ("themis_rank_20170915.mp4", "2017-09-14", -92.11, "2017-09-15 02:32:00", 60, 3),
    ],
)
def test_themis_movies_are_dated_exactly(shared_data, tmp_path, name, night, longitude_deg, first, n_frames, n_kept):
    path = shared_data / "real" / name
    keyframes = read_keyframes(path)
    clock = learn_clock([Keyframe(name, f.index, f.luma) for f in keyframes], ClockSettings(), night, longitude_deg)
    disk = find_sky_disk([frame.rgb() for frame in keyframes])
    result = extract(tmp_path, [(name, path)], clock, disk, image_size=240)
    start = pd.Timestamp(first, tz="UTC")
    assert len(result.readings) == n_frames
    assert (result.readings["utc"] == start + pd.to_timedelta(3 * result.readings["frame_index"], unit="s")).all()
    assert result.frames["utc"].tolist() == [start + pd.Timedelta(minutes=k) for k in range(n_kept)]
    assert result.frames["clock_flag"].isna().all() and result.problems == []
