"""A labeller's desk: the frames that wait, the one on top, the answers given, the way back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.errors import BadLabels
from allsky.figures.words import condition_in_words
from allsky.labels.answers import UNSURE
from allsky.labels.file import LabelFile
from allsky.labels.queue import ten_minutes_away
from pipeline.labelling.material import stamp

# So many pictures are fetched ahead, so that the next one shows at once.
AHEAD = 3


@dataclass
class Desk:
    """What one person labels in one go; every answer is on the disk before `answer` returns.

    - `queue`: the frames to show in order, answered ones included: frame_id, night, utc, video, frame_index, image,
      solar_bin, lunar_bin. `sky`: the same columns of every frame, for the neighbours.
    - `file`: where answers go, under the name `labeller`.
    - `own`: this labeller's earlier answers, frame_id to label, in order of time.
    - `taken`: asked for whenever somebody else has written to the file; the frames another person has answered.
    - `cloud_key`: the answer about clouds that is no class, empty without one.
    - `remark` goes into every note. `person` is who answers, where that is not the `labeller` of the file.
    - `hints`: what may be said about a frame besides. A blind desk has none.
    """

    queue: pd.DataFrame
    sky: pd.DataFrame
    file: LabelFile
    labeller: str
    classes: tuple[str, ...]
    own: dict[str, str] = field(default_factory=dict)
    taken: Callable[[], Collection[str]] = frozenset
    hints: Mapping[str, str] = field(default_factory=dict)
    cloud_key: str = ""
    remark: str = ""
    person: str = ""
    title: str = "Label frames"

    def __post_init__(self):
        self.queue = self.queue.set_index("frame_id", drop=False)
        self.sky = self.sky.set_index("frame_id", drop=False)
        self.nights = {str(night): frames for night, frames in self.sky.groupby("night")}
        self.waiting = [name for name in self.queue.index if name not in self.own]
        self.trail = [name for name in self.own if name in self.queue.index]
        self._elsewhere: set[str] = set()
        self._seen = stamp(self.file.path)

    # What a labeller does.

    def answer(self, frame_id: str, label: str, note: str = "") -> None:
        """Write an answer. Raises BadLabels for what cannot be one, OSError where it cannot be written."""
        if label not in (*self.classes, UNSURE):
            raise BadLabels(f"'{label}' is none of {', '.join(self.classes)} or {UNSURE}.")
        row = self._of_queue(frame_id)
        note = "; ".join(part for part in (note.strip(), self.remark) if part)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {"label": label, "labeller": self.labeller, "time": now, "note": note}
        self._write(
            lambda: self.file.append([{name: row[name] for name in ("frame_id", "video", "frame_index")} | told])
        )
        self.own[frame_id] = label
        self.waiting = [name for name in self.waiting if name != frame_id]
        self.trail = [*(name for name in self.trail if name != frame_id), frame_id]

    def skip(self, frame_id: str) -> None:
        """Put a frame at the end of the queue, unanswered; nothing is written."""
        self._of_queue(frame_id)
        if frame_id in self.waiting:
            self.waiting.remove(frame_id)
            self.waiting.append(frame_id)

    def undo(self) -> str | None:
        """Take the last answer back, out of the file, and show its frame again; its frame_id, None without one."""
        if not self.trail:
            return None
        frame_id = self.trail[-1]
        place = self.queue.at[frame_id, "video"], int(self.queue.at[frame_id, "frame_index"])
        self._write(lambda: self.file.withdraw(frame_id, self.labeller, place))
        self.trail.pop()
        self.own.pop(frame_id, None)
        self.waiting.insert(0, frame_id)
        return frame_id

    # What a labeller sees.

    def state(self) -> dict[str, Any]:
        """The frame on top (None when all is answered), what comes next, and how far everything is."""
        self._look_around()
        return {
            "frame": self._shown(self.waiting[0]) if self.waiting else None,
            "ahead": self.waiting[1 : 1 + AHEAD],
            "done": len(self.queue) - len(self.waiting),
            "total": len(self.queue),
            "last": {"frame_id": self.trail[-1], "label": self.own[self.trail[-1]]} if self.trail else None,
        }

    def progress(self) -> dict[str, list[dict[str, Any]]]:
        """How many frames of each condition and of each night are answered, of how many."""
        waiting = set(self.waiting)
        answered = np.array([name not in waiting for name in self.queue.index], dtype=bool)
        conditions = self._counted(answered, ["solar_bin", "lunar_bin"])
        order = [name for name in product(SOLAR_BINS, LUNAR_BINS) if name in conditions]
        nights = self._counted(answered, ["night"])
        return {
            "conditions": [{"name": condition_in_words(*name), **conditions[name]} for name in order],
            "nights": [{"name": name, **counts} for (name,), counts in nights.items()],
        }

    def image(self, frame_id: str) -> Path:
        """The picture's path under the output folder. Raises KeyError for a frame that is none of the corpus."""
        return Path(self.sky.at[frame_id, "image"])

    def _shown(self, frame_id: str) -> dict[str, Any]:
        row = self.queue.loc[frame_id]
        before, after = self._neighbours(frame_id)
        return {
            "id": frame_id,
            "utc": f"{row['utc']:%Y-%m-%d %H:%M:%S} UTC",
            "night": row["night"],
            "condition": condition_in_words(row["solar_bin"], row["lunar_bin"]),
            "before": before,
            "after": after,
            "hint": self.hints.get(frame_id, ""),
        }

    def _neighbours(self, frame_id: str) -> list[dict[str, Any] | None]:
        night = self.nights[self.queue.at[frame_id, "night"]]
        here = int(night.index.get_loc(frame_id))
        return [self._neighbour(night, here, there) for there in ten_minutes_away(night["utc"], here)]

    def _neighbour(self, night: pd.DataFrame, here: int, there: int | None) -> dict[str, Any] | None:
        if there is None:
            return None
        apart = abs(night["utc"].iloc[there] - night["utc"].iloc[here]).total_seconds() / 60
        words = f"{apart:.0f} minutes {'before' if there < here else 'after'}"
        return {"id": night.index[there], "words": words, "utc": f"{night['utc'].iloc[there]:%H:%M:%S} UTC"}

    def _counted(self, answered: np.ndarray, by: list[str]) -> dict[tuple, dict[str, int]]:
        groups = self.queue[by].reset_index(drop=True).assign(done=answered, total=1).groupby(by)
        counts = groups[["done", "total"]].sum().astype(int)
        return {key if isinstance(key, tuple) else (key,): dict(row) for key, row in counts.T.to_dict().items()}

    # What happens around it.

    def _of_queue(self, frame_id: str) -> pd.Series:
        if frame_id not in self.queue.index:
            raise BadLabels(f"{frame_id} is not one of the frames to label here.")
        return self.queue.loc[frame_id]

    def _write(self, write: Callable[[], Any]) -> None:
        self._look_around()
        write()
        self._seen = stamp(self.file.path)

    def _look_around(self) -> None:
        """Leave out what another person has answered meanwhile."""
        now = stamp(self.file.path)
        if now != self._seen:
            self._seen = now
            self._elsewhere = set(self.taken()) - set(self.own)
            self.waiting = [name for name in self.waiting if name not in self._elsewhere]
