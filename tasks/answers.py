"""A person's labels as this run sees them: read once, each with its night and that night's role."""

from __future__ import annotations

import functools
from pathlib import Path

import pandas as pd

from allsky.labels import read_labels
from allsky.site import night_of
from allsky.tables import LABELS
from tasks import archive, settings
from tasks.base import NotKnownYet
from tasks.sheets import role_of


def answers() -> pd.DataFrame:
    """The labels (LABELS, and `night` and `role`), empty where there are none yet.

    Raises BadLabels for a file that cannot be meant, NotKnownYet while the simulated labeller has not
    answered.
    """
    here = settings.current()
    path = here.labels_file
    if path.exists():
        # A person may go on labelling during a run: the file counts as it was when the run first read it.
        # The simulated labeller answers within the run.
        moment = path.stat().st_mtime_ns if here.labels.file == settings.SIMULATED else 0
        return _read(path, moment, archive.inventory())
    if here.labels.file == settings.SIMULATED:
        raise NotKnownYet
    return LABELS.empty().assign(night=[], role=[])


@functools.lru_cache(maxsize=2)
def _read(path: Path, _moment: int, inventory: archive.Inventory) -> pd.DataFrame:
    here = settings.current()
    labels = read_labels(path, here.labels.classes)
    labels["night"] = _nights(labels, here.site.longitude_deg, inventory)
    roles = {night: role_of(night) for night in labels["night"].dropna().unique()}
    return labels.assign(role=labels["night"].map(roles))


def _nights(labels: pd.DataFrame, longitude_deg: float, inventory: archive.Inventory) -> pd.Series:
    """The night of each label: by its video where the archive holds it, else by the time in its frame_id."""
    by_video = labels["video"].map(inventory.night_of_video)
    stamps = labels["frame_id"].str.rsplit("_", n=1).str[-1]
    utc = pd.to_datetime(stamps, format="%Y%m%dT%H%M%SZ", utc=True, errors="coerce")
    known = utc.notna()
    by_time = pd.Series(index=labels.index, dtype=object)
    by_time[known] = night_of(utc[known], longitude_deg)
    return by_video.where(by_video.notna(), by_time)


def teaching_answers() -> pd.DataFrame:
    """Labels of training and validation nights that are in the archive."""
    labels = answers()
    return labels[labels["role"].isin(["training", "validation"]) & labels["night"].isin(_archived())]


def audit_answers() -> pd.DataFrame:
    """Labels of audit nights that are in the archive."""
    labels = answers()
    return labels[(labels["role"] == "audit") & labels["night"].isin(_archived())]


def _archived() -> list[str]:
    inventory = archive.inventory()
    return inventory.nights if inventory else []


def as_rows(labels: pd.DataFrame) -> list[list[str]]:
    """What of labels enters a recipe, in an order that does not depend on the file's."""
    columns = ["night", "frame_id", "video", "frame_index", "label", "labeller"]
    return sorted([[str(value) for value in row] for row in labels[columns].itertuples(index=False)])
