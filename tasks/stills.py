"""Stills in the inventory: the folders that have changed are looked at, the others are as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pandas as pd

from allsky.clock.zones import parse_zone
from allsky.recordings.nights import Stretch
from allsky.recordings.recording import StillsRecording
from allsky.recordings.still_dating import OVERLAY, StillDating
from allsky.recordings.still_inventory import rows_of_stills, stills_digest, stills_of_folder, with_nights
from tasks import scan, settings


def still_dating(here: settings.Settings) -> StillDating:
    """How the settings have stills dated."""
    return StillDating(
        here.archive.stills_time or OVERLAY,
        lambda date: parse_zone(here.clock(date).timezone),
        here.site.longitude_deg,
        here.archive.stills_name,
    )


def scanned_stills(
    known: pd.DataFrame, dating: StillDating, nights: Callable[[StillsRecording], Iterable[Stretch]]
) -> Iterator[pd.DataFrame]:
    """STILLS of each folder of the scan; `known` are those of the inventory as it was, `nights` tells those of a
    folder whose stills an overlay dates."""
    seen, root = scan.current(), settings.current().videos
    known_of = {str(folder): rows for folder, rows in known.groupby("folder", sort=False)}
    for source in seen.sources:
        if not source.name.endswith("/"):
            continue
        before, changed = known_of.get(source.name), seen.stills.get(source.name)
        if changed is None and before is not None:
            yield before
            continue
        files = changed or scan.whole_folder(source.name)
        stills = stills_of_folder(root, source.name, files.files, files.digests, dating, before)
        if dating.how == OVERLAY:
            sound = tuple(stills.loc[stills["problem"].isna(), "still"])
            recording = StillsRecording(source.name, root / source.name, sound)
            stills = with_nights(stills, list(nights(recording)) if sound else [])
        yield stills


def rows_of_folders(stills: pd.DataFrame) -> list[dict]:
    """Their rows of the videos table."""
    return rows_of_stills(stills) if len(stills) else []


def night_sources(stills: pd.DataFrame) -> list[scan.Source]:
    """What of each folder belongs to a night, as a source of its own."""
    dated = stills[stills["night"].notna()]
    return [
        scan.Source(str(folder), int(some["bytes"].sum()), 0, stills_digest(some), str(night))
        for (folder, night), some in dated.groupby(["folder", "night"], sort=False)
    ]
