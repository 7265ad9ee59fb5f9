"""What a folder of stills holds: each still looked at and dated to its night, and what is wrong with it named.

The stills of a night in one folder are one row of the videos table. Its recipe is a digest of them all, so a still that
is added, replaced or removed makes its night anew and leaves the others alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from allsky.columns import NAIVE_TIME, SHORT, TEXT, TIME, WHOLE, Table, columns
from allsky.recordings.files import StillFile, instant_from_name
from allsky.recordings.inventory import undated
from allsky.recordings.nights import Stretch
from allsky.recordings.still_dating import EXIF, NAME, OVERLAY, StillDating
from allsky.recordings.still_times import utc_of_stills
from allsky.recordings.stills import look_at_still
from allsky.site import night_of

STILLS = Table(
    "stills",
    "a still of the archive as it was when the inventory was made",
    columns(
        ("folder", TEXT, "", "its folder relative to the archive, with a slash at its end"),
        ("still", TEXT, "", "its name within the folder"),
        ("bytes", WHOLE, "byte", "size"),
        ("mtime_ns", WHOLE, "ns", "time of change, as the file system gives it"),
        ("digest", TEXT, "", "digest of the size and of samples of the content"),
        ("width", SHORT, "pixel", "width upright; null when unreadable"),
        ("height", SHORT, "pixel", "height upright; null when unreadable"),
        ("codec", TEXT, "", "`mjpeg` or `png`"),
        ("night", TEXT, "", "its night, or null"),
        ("shown", TEXT, "", "the time that its name or EXIF tells, ISO 8601, or null"),
        ("overlay_time", NAIVE_TIME, "", "that time without its zone, or null"),
        ("utc", TIME, "UTC", "when it was taken, where name or EXIF tell"),
        ("clock_flag", TEXT, "", "why this time is in doubt, or null"),
        ("problem", TEXT, "", "what is wrong with it, or null"),
    ),
)

# A look waits for the disk more than it computes.
LOOKS_AT_ONCE = 8


def stills_of_folder(
    root: Path,
    folder: str,
    files: Sequence[StillFile],
    digests: Sequence[str],
    dating: StillDating,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """STILLS of the `files` of one folder in order; those dated by an overlay have no night yet.

    `known` are rows of an earlier look at this folder under the same dating: what has not changed is not opened again.
    """
    seen = {} if known is None else {(row["still"], row["digest"]): row for row in known.to_dict("records")}

    def look(file: StillFile, digest: str) -> dict[str, Any]:
        row = seen.get((file.name, digest))
        facts = row if row is not None and pd.isna(row["problem"]) else _looked_at(root / folder / file.name, dating)
        return {**facts, "folder": folder, "still": file.name, **file._asdict(), "digest": digest}

    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        rows = list(pool.map(look, files, digests))
    return _dated(_without_odd_sizes(_as_stills(rows)), dating)


def foreseen_stills(
    folder: str, files: Sequence[StillFile], digests: Sequence[str], dating: StillDating
) -> pd.DataFrame:
    """STILLS of files that nobody has opened yet, dated as far as their names tell."""
    rows = [{"folder": folder, "still": file.name, **file._asdict(), "digest": d} for file, d in zip(files, digests)]
    return _dated(_as_stills(rows), dating)


def _as_stills(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=STILLS.names).astype({"problem": object, "night": object, "shown": object})


def _looked_at(path: Path, dating: StillDating) -> dict[str, Any]:
    facts = look_at_still(path, with_exif=dating.how == EXIF)
    taken = facts.taken.isoformat() if facts.taken else None
    size = {"width": facts.width, "height": facts.height}
    return {**size, "codec": facts.codec, "shown": taken, "problem": facts.problem}


def _without_odd_sizes(stills: pd.DataFrame) -> pd.DataFrame:
    """With what is not of the folder's usual size (a thumbnail, a keogram, a trail picture) named."""
    sound = stills[stills["problem"].isna() & stills["width"].notna()]
    if sound.empty:
        return stills
    width, height = sound[["width", "height"]].value_counts().index[0]
    odd = sound.index[(sound["width"] != width) | (sound["height"] != height)]
    for row in odd:
        stills.loc[row, "problem"] = (
            f"it is {stills.loc[row, 'width']:.0f}x{stills.loc[row, 'height']:.0f} where most of its folder are"
            f" {width:.0f}x{height:.0f}"
        )
    return stills


def _dated(stills: pd.DataFrame, dating: StillDating) -> pd.DataFrame:
    if dating.how != OVERLAY and len(stills):
        if dating.how == NAME:
            paths = stills["folder"].str.removeprefix("./") + stills["still"]
            instants = [instant_from_name(path, dating.pattern) for path in paths]
            stills["shown"] = [instant.isoformat() if instant else None for instant in instants]
        shown = [datetime.fromisoformat(text) if isinstance(text, str) else None for text in stills["shown"]]
        utc, stills["clock_flag"] = utc_of_stills(shown, dating.zone_of)
        stills["utc"] = utc.to_numpy()
        stills["overlay_time"] = [moment and moment.replace(tzinfo=None) for moment in shown]
        nights = pd.Series(night_of(utc, dating.longitude_deg), index=stills.index).astype(object)
        stills["night"] = nights.where(utc.notna().to_numpy(), None)
        lost = utc.isna().to_numpy() & stills["problem"].isna()
        what = "its name tells no date and time" if dating.how == NAME else "it has no EXIF DateTimeOriginal"
        stills.loc[lost, "problem"] = what
    stills["utc"] = pd.to_datetime(stills["utc"], utc=True)
    stills["overlay_time"] = pd.to_datetime(stills["overlay_time"])
    return STILLS.to_arrow(stills.astype({"night": object, "problem": object})).to_pandas()


def with_nights(stills: pd.DataFrame, stretches: Sequence[Stretch]) -> pd.DataFrame:
    """A folder's stills with the nights that its overlay or its name tell, by the place of each sound still."""
    sound = stills.index[stills["problem"].isna()]
    nights = pd.Series(None, index=stills.index, dtype=object)
    for stretch in stretches:
        nights[sound[stretch.first_frame : stretch.first_frame + stretch.n_frames]] = stretch.night
    # What cannot be read belongs to the night of the still before it.
    return stills.assign(night=nights.ffill().bfill() if len(stretches) else None)


# The night's rows.


def stills_digest(stills: pd.DataFrame) -> str:
    """What of a night's stills enters a recipe: their names, sizes and samples, in order."""
    listed = stills[["still", "bytes", "digest"]].to_csv(header=False, index=False)
    return hashlib.blake2b(listed.encode(), digest_size=16).hexdigest()


def rows_of_stills(stills: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the videos table: one a folder and night, and one for what could not be dated."""
    by_night = stills.groupby(["folder", "night"], dropna=False, sort=False)
    return [_row(str(folder), None if pd.isna(night) else str(night), some) for (folder, night), some in by_night]


def _row(folder: str, night: str | None, stills: pd.DataFrame) -> dict[str, Any]:
    sound = stills[stills["problem"].isna()]
    first = sound.iloc[0] if len(sound) else None
    facts = {name: None if first is None else first[name] for name in ("width", "height", "codec")}
    problem = problem_of(stills, len(sound))
    if night is None and len(sound):
        problem = undated(folder)
    return {
        **{"night": night, "video": folder, "bytes": int(stills["bytes"].sum()), **facts, "fps": None},
        **{"first_frame": 0, "n_frames": len(sound) or None, "problem": problem},
    }


def problem_of(stills: pd.DataFrame, n_sound: int) -> str | None:
    """What is wrong with stills of one night, one sentence; None where nothing is."""
    bad = stills[stills["problem"].notna()]
    if bad.empty:
        return None
    reasons = bad["problem"].value_counts()
    told = "; ".join(
        f"{bad.loc[bad['problem'] == reason, 'still'].iloc[0]}{_and_others(int(count) - 1)}: {reason}"
        for reason, count in list(reasons.items())[:3]
    )
    more = f"; and {len(reasons) - 3} other reasons" if len(reasons) > 3 else ""
    return f"{len(bad):,} of {len(bad) + n_sound:,} stills are left out: {told}{more}"


def _and_others(count: int) -> str:
    return f" and {count:,} more" if count else ""
