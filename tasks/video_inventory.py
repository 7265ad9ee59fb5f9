"""The inventory: which videos the archive holds, and which night each belongs to."""

from __future__ import annotations

import logging
import os
from functools import partial

import pandas as pd

from allsky.clock.learning import Keyframe, learn_clock
from allsky.corpus import Corpus
from allsky.errors import BadVideo, NoClock
from allsky.recordings.files import night_from_name
from allsky.recordings.inventory import take_inventory
from allsky.recordings.video import read_keyframes
from allsky.site import night_of
from allsky.tables import VIDEOS
from tasks import archive
from tasks.artifacts import TableArtifact
from tasks.base import Stage

logger = logging.getLogger("allsky")


class VideoInventory(Stage):
    """Lists the videos, probes each, dates each to its night, and names what is wrong with it."""

    priority = 100

    def requires(self):
        return list(self.needs())

    def needs(self):
        if self.settings.simulated:
            from tasks.simulation import SimulatedArchive

            return [SimulatedArchive()]
        return []

    def inventory_is_current(self) -> bool:
        return True  # it is the inventory itself that is asked for

    def complete(self) -> bool:
        return all(task.complete() for task in self.needs()) and self.is_made()

    def is_made(self):
        return super().is_made() or self._is_taken_later()

    def _is_taken_later(self) -> bool:
        """Whether a run that began after this one has looked at the archive again: it knows more."""
        notes = self.output()["videos"].notes()
        return notes.get("scanned", 0.0) > archive.scan().begun and notes["names"] == self._names()

    def _names(self) -> list:
        here = self.settings
        return [here.archive.night_from_name, here.archive.name_date, here.site.longitude_deg]

    def output(self):
        sources = TableArtifact(self.corpus.sources, archive.SOURCES)
        return {"sources": sources, "videos": TableArtifact(self.corpus.videos, VIDEOS)}

    def ingredients(self):
        return {"files": archive.scan().listing(), "names": self._names()}

    def produce(self, output):
        here, scan = self.settings, archive.scan()
        by_name = partial(
            night_from_name,
            pattern=here.archive.night_from_name,
            name_date=here.archive.name_date,
            longitude_deg=here.site.longitude_deg,
        )
        names = [source.name for source in scan.sources]
        known = self._known()
        videos = take_inventory(here.videos, names, by_name, self._night_from_frames, known)
        output["sources"].write(archive.as_table(scan.sources))
        output["videos"].write(videos, waiting=scan.waiting, scanned=scan.begun, names=self._names())
        retire(self.corpus, set(videos["night"].dropna()))
        for row in videos[videos["problem"].notna() & ~videos["video"].isin(known)].itertuples():
            logger.warning("%s %s: %s", row.night if pd.notna(row.night) else "no night", row.video, row.problem)

    def _known(self):
        """Rows of the inventory as it was, for files that have not changed since."""
        before = archive.inventory()
        if before is None:
            return {}
        unchanged = before.unchanged(archive.scan().sources)
        rows = before.table[before.table["video"].isin(unchanged)].to_dict("records")
        return {row["video"]: row for row in rows}

    def _night_from_frames(self, name: str) -> str | None:
        """The night that the clock on a video's own frames tells; None where it cannot be read."""
        longitude_deg = self.settings.site.longitude_deg
        try:
            frames = read_keyframes(self.settings.videos / name)
            keyframes = [Keyframe(name, frame.index, frame.luma.copy()) for frame in frames]
            utc = learn_clock(keyframes, self.settings.clock(""), None, longitude_deg).readings["utc"].dropna()
        except (BadVideo, NoClock):
            return None
        return night_of(utc.iloc[len(utc) // 2], longitude_deg) if len(utc) else None


def retire(corpus: Corpus, nights: set[str]) -> None:
    """Move what is stored of nights that have left the archive to `retired/`."""
    for night in corpus.stored_nights() - nights:
        for path in corpus.night_artifacts(night):
            place = corpus.retired / path.relative_to(corpus.root)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, _free(place))


def _free(place):
    number = 1
    free = place
    while free.exists():
        number += 1
        free = place.with_name(f"{place.stem}.{number}{place.suffix}")
    return free
