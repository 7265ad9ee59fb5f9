"""The archive as a run would find it, without opening a video or a still, and without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from allsky.corpus import Corpus
from allsky.recordings.files import night_from_name
from allsky.recordings.nights import Stretch
from allsky.recordings.still_dating import NAME, OVERLAY
from allsky.recordings.still_inventory import foreseen_stills, rows_of_stills, with_nights
from allsky.simulator import video_name
from allsky.tables import VIDEOS
from tasks import archive, identity, scan, settings
from tasks.simulation import SimulatedArchive, simulation
from tasks.stills import night_sources, still_dating
from tasks.video_inventory import VideoInventory


def look_ahead() -> None:
    """Let this process see the archive as a run would find it, and write nothing.

    Videos and folders of stills that have not changed are as the inventory knows them; a new one is taken for usable,
    and dated by its name.
    """
    identity.only_look()
    if waits_for_simulation():
        names = [video_name(simulation(), night) for night in simulation().nights]
        archive.assume(_foreseen([scan.Source(name, 0, 0, "") for name in names], {}, None))
    elif not VideoInventory().is_made():
        seen = scan.current()
        archive.assume(_foreseen(seen.sources, seen.stills, archive.inventory()))


def waits_for_simulation() -> bool:
    return settings.current().simulated and not SimulatedArchive().is_made()


def undated() -> int:
    """Videos and folders of stills whose nights only their frames can tell."""
    inventory = archive.inventory()
    return int((inventory.table["night"].isna() & inventory.table["problem"].isna()).sum()) if inventory else 0


def _foreseen(
    sources: Sequence[scan.Source], stills: dict[str, scan.ScannedStills], before: archive.Inventory | None
) -> archive.Inventory:
    known = before.unchanged(sources) if before else set()
    folders = {name: _foreseen_folder(name, scanned) for name, scanned in stills.items()}
    told = {name: folder for name, folder in folders.items() if len(folder)}
    new = {name for name, scanned in stills.items() if len(folders[name]) < len(scanned.files)}
    rows = [row | _usual(name, before) for name, folder in told.items() for row in rows_of_stills(folder)]
    rows += [_guessed(source, before) for source in sources if source.name not in {*known, *told} or source.name in new]
    parts = [part for folder in told.values() for part in night_sources(folder)]
    old = before.table[before.table["video"].isin(known) & before.table["night"].notna()] if before else VIDEOS.empty()
    table = pd.concat([old, VIDEOS.to_arrow(pd.DataFrame(rows, columns=VIDEOS.names)).to_pandas()])
    parts += before.parts(known) if before else []
    return archive.Inventory(table.sort_values("video"), [*sources, *parts], settings.current().videos)


def _foreseen_folder(folder: str, scanned: scan.ScannedStills) -> pd.DataFrame:
    """A changed folder's stills with their nights, as far as names tell, or the inventory has them."""
    dating = still_dating(settings.current())
    stills = foreseen_stills(folder, scanned.files, scanned.digests, dating)
    if dating.how == NAME:
        return stills[stills["night"].notna()]
    stills = stills.assign(problem=None)
    if dating.how == OVERLAY and (night := _named_night(folder.removesuffix("/"))):
        return with_nights(stills, [Stretch(night, 0, len(stills))])
    known = scan.read_stills(Corpus(settings.current().output).stills, folder=folder).set_index("still")["night"]
    return stills.assign(night=stills["still"].map(known).astype(object)).dropna(subset="night")


def _named_night(name: str) -> str | None:
    here = settings.current()
    if here.archive.video_nights == "clock":
        return None
    return night_from_name(name, here.site.longitude_deg, here.archive.night_from_name, here.archive.name_date)


def _usual(name: str, before: archive.Inventory | None) -> dict[str, Any]:
    """The frame size that a file had, or others have."""
    width, height = 0.0, 0.0
    if before is not None and before.table["width"].notna().any():
        same = before.table[(before.table["video"] == name) & before.table["width"].notna()]
        width, height = (same if len(same) else before.table)[["width", "height"]].dropna().tail(1).to_numpy()[0]
    return {"width": width, "height": height}


def _guessed(source: scan.Source, before: archive.Inventory | None) -> dict:
    """A row of the inventory for a file that nobody has opened yet: usable, and of the usual size."""
    night = None if source.name.endswith("/") else _named_night(source.name)
    facts = {"bytes": source.bytes, "first_frame": 0, "n_frames": 1, **_usual(source.name, before)}
    return {"night": night, "video": source.name, "fps": None, "codec": None, "problem": None, **facts}
