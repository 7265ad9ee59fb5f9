"""The inventory: which videos and stills the archive holds, and which night each belongs to."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable

import pandas as pd

from allsky.corpus import Corpus
from allsky.errors import BadVideo, NoClock
from allsky.recordings.files import night_from_name
from allsky.recordings.inventory import Rows, take_inventory
from allsky.recordings.nights import Stretch, nights_by_clock
from allsky.recordings.recording import Recording, VideoRecording
from allsky.recordings.still_inventory import STILLS
from allsky.tables import VIDEOS
from tasks import archive, scan
from tasks.artifacts import TableArtifact
from tasks.base import Stage
from tasks.simulation import SimulatedArchive
from tasks.stills import night_sources, rows_of_folders, scanned_stills, still_dating

logger = logging.getLogger("allsky")

# So far apart the clocks of machines that share a corpus may be.
CLOCKS_APART_S = 600.0


class VideoInventory(Stage):
    """Lists the videos and stills, looks at each, dates each to its night, and names what is wrong with it."""

    version = 3
    priority = 100

    def requires(self):
        return list(self.needs())

    def needs(self):
        return [SimulatedArchive()] if self.settings.simulated else []

    def complete(self) -> bool:
        return all(task.complete() for task in self.needs()) and self.is_made()

    def is_made(self):
        return super().is_made() or self._is_taken_later()

    def _is_taken_later(self) -> bool:
        """Whether a run that began after this one has looked at the archive again: it knows more.

        One that is still to come has not: it looked under a clock that was wrong.
        """
        notes = self.output()["videos"].notes()
        later = scan.current().begun < notes.get("scanned", 0.0) <= time.time() + CLOCKS_APART_S
        return later and notes["names"] == self.names()

    def names(self) -> list:
        """What of the settings decides which night a file belongs to."""
        here, files = self.settings, self.settings.archive
        told = [files.night_from_name, files.name_date, files.video_nights, here.site.longitude_deg]
        if files.stills_time is None:
            return told
        zones = [[since, camera.clock_timezone or here.site.timezone] for since, camera in here.cameras]
        return [*told, files.stills_time, files.stills_name, zones]

    def output(self):
        return {
            "sources": TableArtifact(self.corpus.sources, scan.SOURCES),
            "stills": TableArtifact(self.corpus.stills, STILLS),
            "videos": TableArtifact(self.corpus.videos, VIDEOS),
        }

    def ingredients(self):
        return {"files": scan.current().listing(), "names": self.names()}

    def produce(self, output):
        seen, known = scan.current(), self._known()
        stills = self._stills()
        videos = take_inventory(
            self.settings.videos,
            [source.name for source in seen.sources if not source.name.endswith("/")],
            self._night_from_name,
            lambda name: self._nights(VideoRecording(name, self.settings.videos / name)),
            known,
            rows_of_folders(stills),
            self._nights_before(),
        )
        output["sources"].write(scan.as_table([*seen.sources, *night_sources(stills)]))
        output["stills"].write(stills.sort_values("night", kind="stable", na_position="first"))
        output["videos"].write(videos, waiting=seen.waiting, scanned=seen.begun, names=self.names())
        retire(self.corpus, set(videos["night"].dropna()))
        for row in videos[videos["problem"].notna() & ~videos["video"].isin(known)].itertuples():
            logger.warning("%s %s: %s", row.night if pd.notna(row.night) else "no night", row.video, row.problem)

    def _dated_alike(self) -> bool:
        """Whether the inventory on disk dated its files by today's settings."""
        return self.output()["videos"].notes().get("names") == self.names()

    def _known(self) -> dict[str, Rows]:
        """Rows of the inventory as it was, by name, of files without a problem that have not changed since."""
        before = archive.inventory()
        if before is None:
            return {}
        unchanged, dated_alike = before.unchanged(scan.current().sources), self._dated_alike()
        rows = before.table[before.table["video"].isin(unchanged) & before.table["problem"].isna()]
        known: dict[str, Rows] = {}
        for row in rows.to_dict("records"):
            night = row["night"] if dated_alike else None
            known.setdefault(row["video"], []).append(row | {"night": night})
        return known

    def _nights_before(self) -> dict[str, list[str]]:
        """The nights of each file in the inventory as it was, by today's settings."""
        before = archive.inventory()
        if before is None or not self._dated_alike():
            return {}
        return before.table.dropna(subset=["night"]).groupby("video")["night"].agg(list).to_dict()

    def _night_from_name(self, name: str) -> str | None:
        files = self.settings.archive
        if files.video_nights == "clock":
            return None
        return night_from_name(name, self.settings.site.longitude_deg, files.night_from_name, files.name_date)

    def _nights(self, recording: Recording) -> list[Stretch]:
        """The nights that the clock on a recording's own frames tells; none where it cannot be read."""
        try:
            return nights_by_clock(recording, self.settings.clock(""), self.settings.site.longitude_deg)
        except (BadVideo, NoClock):
            return []

    # Stills.

    def _stills(self) -> pd.DataFrame:
        """STILLS of the whole archive."""
        if not any(source.name.endswith("/") for source in scan.current().sources):
            return STILLS.empty()
        known = scan.read_stills(self.corpus.stills) if self._dated_alike() else STILLS.empty()
        folders = scanned_stills(known, still_dating(self.settings), self._folder_nights)
        return pd.concat([STILLS.empty(), *folders], ignore_index=True)

    def _folder_nights(self, recording: Recording) -> Iterable[Stretch]:
        """The nights of a folder of stills that an overlay dates."""
        night = self._night_from_name(recording.name.removesuffix("/"))
        return self._nights(recording) if night is None else [Stretch(night, 0, recording.n_frames)]


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
