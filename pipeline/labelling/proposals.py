"""Which frames of training nights would teach most, of those nobody has been asked about?"""

from __future__ import annotations

import pandas as pd

from allsky.errors import BadLabels
from allsky.labels.active_learning import CANDIDATES, appearance, most_uncertain, propose
from allsky.labels.roles import roles_of
from pipeline.labelling.material import Material, predictions

# So many of the labelled frames are compared with, the latest.
COMPARED = 3000


def worth_labelling(material: Material, labels: pd.DataFrame, n: int, model: str | None = None) -> list[str]:
    """The frame_ids of `n` frames, the one that would teach most first.

    Only training nights: labels chosen for what they teach would mislead where they measure. Frames that are labelled
    or drawn already are left out. Raises BadLabels where nothing is left.
    """
    usable = material.usable
    roles = roles_of(usable["night"], **material.settings.drawing)
    training = usable[usable["night"].map(roles) == "training"]
    asked = set(labels["frame_id"]) | set(material.sheet["frame_id"])
    said = predictions(material.corpus, model).drop(columns=["night", "utc"], errors="ignore")
    left = training[~training["frame_id"].isin(asked)].merge(said, on="frame_id")
    if left.empty:
        raise BadLabels("Every frame of the training nights that has a prediction is labelled or drawn already.")
    candidates = most_uncertain(left, material.classes, CANDIDATES * n)
    known = training[training["frame_id"].isin(set(labels["frame_id"]))].tail(COMPARED)
    looks, labelled = (
        appearance([material.corpus.root / image for image in rows["image"]]) for rows in (candidates, known)
    )
    return candidates["frame_id"].iloc[propose(candidates["uncertainty"], looks, labelled, n)].tolist()
