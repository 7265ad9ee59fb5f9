"""Which class is taken for which, under each sky condition? Of several classes, a rate against all others hides it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pandas as pd

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.labels.answers import UNSURE
from allsky.statistics.intervals import NIGHTS_TO_MEASURE
from allsky.statistics.night_totals import audited_frames
from allsky.statistics.rates import ALL
from allsky.tables import CONFUSION


def confusion_by_condition(
    predictions: pd.DataFrame, frames: pd.DataFrame, sheet: pd.DataFrame, labels: pd.DataFrame, classes: Sequence[str]
) -> pd.DataFrame:
    """The table CONFUSION: of the audit frames with each label, the share predicted as each class.

    Parameters as for `statistics.condition_table`. Conditions without a labelled frame have no rows; a label seen on
    fewer than five nights of a condition has counts, and null for shares.
    """
    audited = audited_frames(sheet, labels, frames)
    audited = audited[audited["label"] != UNSURE].merge(predictions[["frame_id", "night", "predicted"]], on="frame_id")
    table = audited.merge(frames[["frame_id", "solar_bin", "lunar_bin"]], on="frame_id")
    rows = []
    for solar_bin, lunar_bin in product((*SOLAR_BINS, ALL), (*LUNAR_BINS, ALL)):
        in_solar = (table["solar_bin"] == solar_bin) | (solar_bin == ALL)
        inside = table[in_solar & ((table["lunar_bin"] == lunar_bin) | (lunar_bin == ALL))]
        for label in classes if len(inside) else ():
            place = {"solar_bin": solar_bin, "lunar_bin": lunar_bin, "label": label}
            rows += [place | row for row in _of_label(inside[inside["label"] == label], classes)]
    return pd.DataFrame(rows, columns=CONFUSION.names)


def _of_label(frames: pd.DataFrame, classes: Sequence[str]) -> list[dict]:
    """Where the frames of one label went."""
    nights, total = frames["night"].nunique(), frames["weight"].sum()
    rows = []
    for predicted in classes:
        here = frames["predicted"] == predicted
        share = frames.loc[here, "weight"].sum() / total if nights >= NIGHTS_TO_MEASURE else None
        rows.append({"predicted": predicted, "n_frames": int(here.sum()), "share": share, "n_nights": nights})
    return rows
