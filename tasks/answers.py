"""A person's labels as this run sees them: read once, each with its night and that night's role."""

from __future__ import annotations

import functools
from pathlib import Path

import pandas as pd

from allsky.labels.answers import UNSURE, agreed_labels, clouds_as, label_nights, labels_digest, read_labels
from allsky.labels.roles import roles_of
from allsky.labels.split import too_few
from allsky.tables import LABELS
from tasks import archive, settings
from tasks.base import NotKnownYet

TEACHING = ("training", "validation")
AUDIT = ("audit",)


def answers() -> pd.DataFrame:
    """The labels (LABELS, `night` and `role`; with a key for clouds `answer`), empty where there are none yet.

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
        raise NotKnownYet("the simulated labels")
    return LABELS.empty().assign(night=None, role=None)


@functools.lru_cache(maxsize=2)
def _read(path: Path, _moment: int, inventory: archive.Inventory) -> pd.DataFrame:
    here = settings.current()
    labels = clouds_as(read_labels(path, here.labels.answers), here.labels.cloud_key, here.labels.negative)
    nights = label_nights(labels, here.site.longitude_deg, inventory.night_of_video)
    roles = roles_of(nights.dropna(), **here.drawing)
    return labels.assign(night=nights, role=nights.map(roles))


def answers_of(roles: tuple[str, ...]) -> pd.DataFrame:
    """Labels of nights that have one of `roles` and are in the archive."""
    labels, inventory = answers(), archive.inventory()
    nights = inventory.nights if inventory else []
    return labels[labels["role"].isin(roles) & labels["night"].isin(nights)]


def answers_digest(roles: tuple[str, ...]) -> str:
    """What of those labels enters a recipe."""
    return labels_digest(answers_of(roles))


def lacking() -> str:
    """Why the labels teach no model yet; empty where they do, unless the clocks of their frames are in doubt."""
    teaching = answers_of(TEACHING)
    settled = agreed_labels(teaching).merge(teaching[["frame_id", "role"]].drop_duplicates("frame_id"), on="frame_id")
    known = settled[settled["label"] != UNSURE]
    training = known["role"] == "training"
    return too_few(known.loc[training, "label"], int((~training).sum()), settings.current().labels.classes)
