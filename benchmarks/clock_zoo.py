"""A zoo of burned-in clocks: how many frames are dated exactly, how many are flagged, and is any silently wrong?

Each clip is drawn by chance, from a fixed seed, out of fonts, sizes, places, polarities, backgrounds, codecs, formats,
zones and faults, and goes through what the chain does: keyframes, `learn_clock`, `extract_night`. Its text is drawn so
that a person can read it: digits of nine pixels and more, 60 grey levels and more away from the sky or outlined. Only
cards between the frames show no clock. There is no rival here, so nothing is timed.

A frame counts as exact when it is not flagged and its UTC is what the overlay shows, to the second (to half the
frame step where a clock without seconds is asked for the times between); as silently wrong when it is not
flagged and off by more than half the video's frame step (or 1 s, where that is more); as near in between. Times that
no clock can show (a spring's missing hour) must be flagged, and are silently wrong otherwise, as are those after them,
which are an hour behind; so are those of a clip
all of whose frames lie in autumn's repeated hour under a clock without a zone.

One clip in 64 is a whole night: 3,000 to 6,500 frames, one every 6 s, a keyframe every 250. Frames of a clip share what
makes them easy or hard, so the intervals (95 %) are of clips: of the share of exact frames by drawing clips again
(bootstrap), of the share of clips with anything silently wrong by Clopper and Pearson.

What is drawn is always the same, but encoders give a slightly other file each time: a clip that is read with an effort
may turn out otherwise in another run.

    python benchmarks/clock_zoo.py [--quick] [--clips 2000] [--first 0] [--every 1] [--results zoo.jsonl] [--table]

With `--results` each clip's line is added to the file, clips already in it are not done again, and the figures are the
file's: a long run may be stopped and gone on with, or done in slices. Two processes share the work with `--every 2`,
one from `--first 0` and one from `--first 1`, into one file; run it once more for the figures of both.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from made_clocks import FONTS, HERSHEY, MATPLOTLIB, NARROW, Clip, Text, coverage, shown, write_clip
from zoo_figures import KINDS, intervals, summary, sums, table

from allsky.clock.learning import ClockSettings, learn_clock
from allsky.errors import AllskyError
from allsky.fisheye import SkyDisk
from allsky.frames import extract_night
from allsky.recordings.recording import VideoRecording
from allsky.recordings.teaching import teaching_frames
from allsky.site import night_of

SEED = 20261128
# One clip in so many is a whole night, of so many frames.
A_NIGHT_IN, NIGHT_FRAMES = 64, (3000, 6500)
# The share of texts in Matplotlib's fonts that are drawn with a narrow 1 and 7.
NARROW_SHARE = 0.2
LONGITUDE_DEG = {"UTC": -112.0, "America/Edmonton": -114.4, "Europe/Oslo": 15.6}
# Patterns; `^` puts what follows into the opposite corner, `|` on the next line; `{utc}` is a second clock. Those of
# SHORT need the night's date.
LAYOUTS = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y_%m_%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S", "%d %b %Y %H:%M:%S", "%b %d %Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p", "%Y-%m-%d %I:%M:%S %p",
    "%a %d %b %Y %H:%M:%S", "%Y-%m-%d|%H:%M:%S", "%Y-%m-%d^%H:%M:%S", "%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %Z %H:%M:%S",
    "%Y-%m-%d %H:%M:%S(%Z)", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S.%1f", "%Y-%m-%d %H:%M:%S {k6}",
    "%Y/%m/%d|%H:%M'%S\"", "%H:%M:%S %d.%m.%Y", "%Y-%m-%d %H:%M", "%d %B %Y %H:%M", "%a %b %d %H:%M:%S %Y",
    "%Z %d.%m.%Y %H:%M:%S", "%Y-%j %H:%M:%S", "%Y%m%d%H%M%S", "%Y-%m-%d_%H-%M-%S", "%Y-%m-%d %H:%M:%S %Z|{utc}",
)  # fmt: skip
SHORT = ("%H:%M:%S", "time - %H:%M", "%d %b %H:%M:%S", "%Hh%Mm", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p",
         "%d/%m/%y %H:%M:%S")  # fmt: skip
OTHERS = ("Exposure {e} s", "Gain 250", "Temp {e}C", "Fort Smith", "(c) University 2014", "ISO 3200", "{k}")
CODECS = {
    "libx264": ("mp4", {"preset": "veryfast"}, ("18", "21", "24", "26")),
    "libx265": ("mkv", {"preset": "ultrafast", "x265-params": "log-level=none"}, ("20", "24")),
    "mpeg4": ("avi", {}, ("2", "4")),
    "mjpeg": ("avi", {}, ("2", "4")),
    "libvpx-vp9": ("webm", {"deadline": "realtime", "cpu-used": "8"}, ("24", "30")),
}
FAULTS = ("none", "none", "none", "none", "gap", "reboot", "set back", "frozen", "cadence", "cards", "drift", "lost",
          "autumn", "spring")  # fmt: skip


@dataclass(frozen=True)
class Specimen:
    """A clip, how the chain is told of it, and which of its frames must be flagged."""

    number: int
    clip: Clip
    suffix: str
    night: str | None
    zone: str
    traits: dict[str, str]
    impossible: frozenset[int] = frozenset()


def specimen(number: int) -> Specimen:
    """The zoo's clip of this number, always the same."""
    rng = np.random.default_rng([SEED, number])
    layout = str(rng.choice(LAYOUTS if rng.random() < 0.75 else SHORT))
    # Where minutes are all that is shown, faults would leave it open when they happened.
    fault = str(rng.choice(FAULTS)) if "%S" in layout else "none"
    # A second clock goes on where the first one is wrong.
    fault = "none" if "{utc}" in layout and fault == "spring" else fault
    zone = _zone(rng, layout, fault)
    a_night = number % A_NIGHT_IN == A_NIGHT_IN - 1
    times, impossible = _times(rng, layout, fault, zone, a_night)
    impossible |= _twofold(times, layout)
    texts, traits = _texts(rng, layout)
    # Drawn apart from the rest, which is what it always was.
    if texts[0].font in MATPLOTLIB and np.random.default_rng([SEED, number, 1]).random() < NARROW_SHARE:
        traits["font"] = texts[0].font + NARROW
        texts = tuple(replace(text, font=traits["font"]) for text in texts)
    sky = _sky(rng, texts)
    codec = str(rng.choice(list(CODECS), p=(0.6, 0.1, 0.1, 0.1, 0.1)))
    suffix, options, levels = CODECS[codec]
    level = str(rng.choice(levels))
    quality = {"qmin": level, "qmax": level} if codec in ("mpeg4", "mjpeg") else {"crf": level}
    size = _size(rng, texts, times[0] or times[1])
    clip = Clip(times, texts, size, **sky, codec=codec, options=options | quality,
                key_interval=250 if a_night else int(rng.choice([12, 48, 250])), seed=number)  # fmt: skip
    first = next(moment for moment in times if moment)
    tells = layout in SHORT or rng.random() < 0.5
    night = night_of(_utc(first, zone), LONGITUDE_DEG[zone]) if tells else None
    traits |= {"layout": layout, "fault": fault, "codec": f"{codec} {level}", "zone": zone,
               "length": "a night" if a_night else "minutes"}  # fmt: skip
    return Specimen(number, clip, suffix, night, zone, traits, impossible)


def _zone(rng: np.random.Generator, layout: str, fault: str) -> str:
    if fault in ("autumn", "spring"):
        return "America/Edmonton"
    return str(rng.choice(list(LONGITUDE_DEG)))


def _utc(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# When frames are taken.


def _times(
    rng: np.random.Generator, layout: str, fault: str, zone: str, a_night: bool
) -> tuple[tuple[datetime | None, ...], frozenset[int]]:
    count = int(rng.integers(30, 56))
    step = float(rng.choice([1, 2, 3, 5, 6, 10, 15, 20, 30, 60, 60, 90, 120]))
    if "%S" not in layout:
        # It takes half an hour of minutes to tell the seconds; nights have hours of them.
        step = float(rng.choice([20, 30, 60, 120]))
        count = max(count, round(1800 / step))
    if a_night:
        step, count = 6.0, int(rng.integers(*NIGHT_FRAMES))
    seconds = _with_fault(rng, fault, np.arange(count) * step, step)
    here = ZoneInfo(zone)
    start = _start(rng, fault, here, seconds)
    if fault == "spring":
        # A clock that nobody set forward goes on through an hour that is none, and is an hour behind from there on.
        naive = [start.replace(tzinfo=None) + timedelta(seconds=float(one)) for one in seconds]
        first = next(one for one in naive if one.hour == 2)
        missing = frozenset(k for k, one in enumerate(naive) if one >= first)
        return tuple(one if "%Z" in layout else one.replace(fold=0) for one in naive), missing
    utc = [start.astimezone(UTC) + timedelta(seconds=float(one)) for one in np.nan_to_num(seconds)]
    return tuple(None if np.isnan(one) else moment.astimezone(here) for one, moment in zip(seconds, utc)), frozenset()


def _twofold(times: tuple[datetime | None, ...], layout: str) -> frozenset[int]:
    """All frames of a clip that lies, without a step back, in an hour of local time that came twice, where no zone is
    shown: everybody can read them, and nobody can tell which of the two hours they are."""
    shown = [one for one in times if one]
    both = all(one.replace(fold=0).utcoffset() != one.replace(fold=1).utcoffset() for one in shown)
    told = len({one.fold for one in shown}) > 1 or any(mark in layout for mark in ("%Z", "%z", "{utc}"))
    return frozenset(range(len(times))) if both and not told else frozenset()


def _start(rng: np.random.Generator, fault: str, here: ZoneInfo, seconds: np.ndarray) -> datetime:
    year = int(rng.integers(2008, 2025))
    length = float(np.nanmax(seconds))
    if fault == "autumn":
        # The repeated hour begins at 1:00 summer time on the first Sunday of November (since 2007).
        day = next(day for day in range(1, 8) if datetime(year, 11, day).weekday() == 6)
        return datetime(year, 11, day, 2, tzinfo=here) - timedelta(seconds=length * float(rng.uniform(0.2, 0.8)))
    if fault == "spring":
        day = next(day for day in range(8, 15) if datetime(year, 3, day).weekday() == 6)
        return datetime(year, 3, day, 2, tzinfo=here) - timedelta(seconds=length * float(rng.uniform(0.2, 0.6)))
    evening = datetime(year, int(rng.integers(1, 13)), int(rng.integers(1, 28)), 20, tzinfo=here)
    return evening + timedelta(seconds=int(rng.integers(0, 6 * 3600)))


def _with_fault(rng: np.random.Generator, fault: str, seconds: np.ndarray, step: float) -> np.ndarray:
    """The clock's seconds with something gone wrong; NaN is a card."""
    count = len(seconds)
    at = int(rng.integers(count // 4, 3 * count // 4))
    seconds = seconds.copy()
    if fault == "gap":
        seconds[at:] += round(float(rng.uniform(120, 5400)))
    elif fault == "reboot":
        seconds[at:] += round(float(rng.uniform(30, 4000)))
    elif fault == "set back":
        seconds[at:] -= round(float(rng.uniform(10, 3000))) + step
    elif fault == "frozen":
        seconds[at : at + 6] = seconds[at]
    elif fault == "cadence":
        seconds[at:] = seconds[at] + (seconds[at:] - seconds[at]) * float(rng.choice([2, 3, 5]))
    elif fault == "cards":
        return np.insert(seconds, [0, at, at], np.nan)
    elif fault == "drift":
        seconds = seconds * (1 + float(rng.uniform(-0.02, 0.02)))
    elif fault == "lost":
        seconds = seconds[np.sort(rng.permutation(count)[: int(0.9 * count)])]
    return seconds


# What frames look like.


def _texts(rng: np.random.Generator, layout: str) -> tuple[tuple[Text, ...], dict[str, str]]:
    font = str(rng.choice(FONTS))
    height = int(rng.choice([9, 10, 11, 12, 14, 16, 20, 26]))
    height = max(height, 10 if font in HERSHEY else 9)
    ink = str(rng.choice(["white", "white", "grey", "red", "yellow", "black", "outlined", "backed"]))
    # Luma of Rec. 601, as of red (255, 70, 70) and yellow (255, 255, 0).
    grey = {"grey": 200, "red": 125, "yellow": 226, "black": 0}.get(ink, 255)
    colour = {"red": (97, 221), "yellow": (1, 149)}.get(ink, (128, 128))
    around = {"outlined": {"outline": 0}, "backed": {"backing": 10}}.get(ink, {})
    margin = int(rng.choice([0, 2, 8, 16]))
    below, right = rng.random(2) < 0.5
    looks = {"height": height, "font": font, "grey": grey, "colour": colour, **around}
    corner = (-margin - 1 if right else margin, -margin - 1 if below else margin)
    texts = []
    if "^" in layout:
        first, second = layout.split("^")
        texts += [Text(first, margin, -margin - 1, **looks), Text(second, -margin - 1, -margin - 1, **looks)]
    else:
        lines = layout.split("|")
        lines += [str(one) for one in rng.choice(OTHERS, int(rng.integers(0, 4)), replace=False)]
        step = round(1.9 * height)
        for place, line in enumerate(lines[::-1] if below else lines):
            y = corner[1] + (-step * place if below else step * place)
            texts.append(Text(line, corner[0], y, **looks))
    return tuple(texts), {"font": font, "height": str(height), "ink": ink, "margin": str(margin)}


def _sky(rng: np.random.Generator, texts: tuple[Text, ...]) -> dict[str, Any]:
    """A sky on which a person reads the text: it keeps 60 grey levels away, outlined and backed text apart."""
    text = texts[0]
    contrast, noise = float(rng.uniform(0, 18)), float(rng.uniform(0.5, 6))
    room = 60 + 2 * contrast + 2 * noise
    if text.outline is not None or text.backing is not None:
        low, high = 0.0, 170.0
    elif text.grey < 100:
        low, high = text.grey + room, 230.0
    else:
        low, high = 0.0, max(text.grey - room, 5.0)
    # Black text would be lost beside a disk.
    disk = bool(rng.random() < 0.6) and text.grey >= 100
    return {"sky": float(rng.uniform(low, high)), "contrast": contrast, "noise": noise, "disk": disk}


def _size(rng: np.random.Generator, texts: tuple[Text, ...], moment: datetime | None) -> tuple[int, int]:
    assert moment is not None
    beside = 2 if texts[0].x >= 0 > texts[-1].x else 1
    inked = [coverage(text.font, text.height, shown(text, moment, 99)).shape for text in texts]
    width = max(320, 16 * -(-int(beside * max(columns for _, columns in inked) + 40) // 16))
    # Five lines of the largest digits are higher than the smallest frame.
    tall = max(abs(text.y) + rows for text, (rows, _) in zip(texts, inked, strict=True))
    return width, max(int(rng.choice([240, 256, 272])), 16 * -(-tall // 16))


# What comes of it.


def outcome(one: Specimen, folder: Path) -> dict:
    """Counts of a specimen's frames, its traits, and what was wrong."""
    path = write_clip(folder / f"zoo_{one.number:05d}.{one.suffix}", one.clip)
    try:
        readings = _readings(one, path, folder)
        counts, example = _judged(one, readings)
    except AllskyError as error:
        visible = sum(moment is not None for moment in one.clip.times) - len(one.impossible)
        counts, example = dict.fromkeys(KINDS, 0) | {"frames": visible, "flagged": visible}, str(error)[:300]
    path.unlink()
    return {"number": one.number, **counts, "traits": one.traits, "example": example}


def _readings(one: Specimen, path: Path, folder: Path) -> pd.DataFrame:
    keyframes = teaching_frames([VideoRecording(path.name, path)])
    longitude = LONGITUDE_DEG[one.zone]
    clock = learn_clock(keyframes, ClockSettings(timezone=one.zone), one.night, longitude)
    width, height = one.clip.size
    disk = SkyDisk(width / 2, height / 2, 0.48 * min(width, height), width, height)
    # Pictures are not what is tried here: few and small.
    pictures = {"cadence_s": 600, "image_size": 32, "image_folder": folder / "images", "image_root": "images"}
    passed = extract_night([VideoRecording(path.name, path)], clock, disk, site_name="Zoo", **pictures)
    return passed.readings.set_index("frame_index")


def _judged(one: Specimen, readings: pd.DataFrame) -> tuple[dict[str, int], str | None]:
    counts = {"frames": 0} | dict.fromkeys(KINDS, 0)
    tolerance = _tolerance_s(one.clip.times, one.zone)
    example = None
    for index, moment in enumerate(one.clip.times):
        row = readings.loc[index] if index in readings.index else None
        said = row is not None and pd.isna(row["clock_flag"]) and pd.notna(row["utc"])
        if moment is None or index in one.impossible:
            kind = "silently_wrong" if said else None
        elif not said:
            kind = "flagged"
        else:
            off = (row["utc"] - _as_shown(moment, one)).total_seconds()
            as_shown = 0 <= off < 1 or _between_minutes(one)
            kind = "silently_wrong" if abs(off) > tolerance else "exact" if as_shown else "near"
        counts["frames"] += moment is not None and index not in one.impossible
        if kind:
            counts[kind] += 1
        if kind in ("flagged", "silently_wrong") and (example is None or kind == "silently_wrong"):
            flag = None if row is None else row["clock_flag"]
            example = f"{kind}: frame {index} shows {moment}, dated {None if row is None else row['utc']}, {flag}"
    return counts, example


def _between_minutes(one: Specimen) -> bool:
    """Whether a clock shows minutes and several frames in each, which are to be told apart all the same."""
    return "%S" not in one.traits["layout"] and 2 * _tolerance_s(one.clip.times, one.zone) < 60


def _as_shown(moment: datetime, one: Specimen) -> datetime:
    """The UTC that a clock's last place shows, or the moment itself where minutes' frames are to be told apart."""
    cut = moment.second if "%S" in one.traits["layout"] or _between_minutes(one) else 0
    return _utc(moment, one.zone).replace(second=cut, microsecond=0)


def _tolerance_s(times: tuple[datetime | None, ...], zone: str) -> float:
    seconds = np.array([_utc(moment, zone).timestamp() for moment in times if moment])
    return max(float(np.median(np.abs(np.diff(seconds)))) / 2, 1.0)


# Whole runs.


def _known(results: Path | None) -> list[dict]:
    if results is None or not results.exists():
        return []
    lines = results.read_text(encoding="utf-8").splitlines(keepends=True)
    # The last line may be half written, by this run before it was stopped or by another one now.
    return [json.loads(line) for line in lines if line.endswith("\n")]


def run(numbers: range, results: Path | None) -> Iterator[dict]:
    """Every clip's outcome, those known first."""
    known = {one["number"]: one for one in _known(results)}
    yield from known.values()
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            if number in known:
                continue
            one = outcome(specimen(number), Path(folder))
            if results is not None:
                with results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(one) + "\n")
            yield one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="eight clips, to show that it works")
    parser.add_argument("--clips", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first clip")
    parser.add_argument("--every", type=int, default=1, help="only each so manieth clip, for processes that share them")
    parser.add_argument("--results", type=Path, help="a file of lines to add to and to go on from")
    parser.add_argument("--table", action="store_true", help="print the tables of the docs")
    asked = parser.parse_args()
    count = 8 if asked.quick else asked.clips
    outcomes = []
    for one in run(range(asked.first, asked.first + count, asked.every), asked.results):
        outcomes.append(one)
        if one["silently_wrong"] or one["flagged"] > 0.5 * one["frames"]:
            print(json.dumps(one), flush=True)
    if asked.table:
        print(summary(outcomes), table(outcomes), sep="\n\n")
    clips_wrong = sum(one["silently_wrong"] > 0 for one in outcomes)
    print(json.dumps({"clips": len(outcomes), **sums(outcomes), "clips_wrong": clips_wrong, **intervals(outcomes)}))


if __name__ == "__main__":
    main()
