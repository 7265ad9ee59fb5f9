"""Whose answers is the classifier held against, and does it matter whose?

A rate of errors is relative to whoever labelled. Where several people did, the rates against each of them stand beside
those against the settled answers; where one person did, nothing is known of how far that matters.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from allsky.labels.answers import ADJUDICATED, agreed_labels
from allsky.statistics.rates import condition_table
from allsky.tables import LABELLER_RATES

SETTLED = "settled"


def rates_by_labeller(
    predictions: pd.DataFrame,
    frames: pd.DataFrame,
    sheet: pd.DataFrame,
    labels: pd.DataFrame,
    classes: Sequence[str],
    positive: str,
    counted: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The table LABELLER_RATES; parameters as for `statistics.condition_table`.

    On the frames that each answered themselves (`theirs`), and on those that several people answered (`shared`), where
    the judges differ in nothing but their answers. Empty without labels; without shared frames none of that kind.
    """
    given = labels[labels["labeller"] != ADJUDICATED]
    people = sorted(given["labeller"].unique())
    settled = agreed_labels(labels)
    judges = {name: given[given["labeller"] == name] for name in people}
    if len(people) > 1:  # one person's answers are the settled ones
        judges = {SETTLED: settled, **judges}
    people_asked = given.groupby("frame_id")["labeller"].nunique()
    shared = set(people_asked[people_asked > 1].index)
    tables = []
    for judge, answers in judges.items():
        for kind, theirs in (("theirs", answers), ("shared", answers[answers["frame_id"].isin(shared)])):
            if len(theirs):
                table = condition_table(predictions, frames, sheet, theirs, classes, positive, counted=counted)
                tables.append(table.assign(judge=judge, frames=kind)[LABELLER_RATES.names])
    return pd.concat(tables, ignore_index=True) if tables else LABELLER_RATES.empty()


def relative_to(labels: pd.DataFrame, frame_ids: Collection[str] | None = None) -> str:
    """Whose answers they are, for a sentence: `one person (ann)`, `2 people (ann, bo)`; empty where nobody's.

    `frame_ids` restricts it to the answers for these frames.
    """
    given = labels[labels["labeller"] != ADJUDICATED]
    if frame_ids is not None:
        given = given[given["frame_id"].isin(set(frame_ids))]
    people = sorted(given["labeller"].unique())
    if not people:
        return ""
    return f"{'one person' if len(people) == 1 else f'{len(people)} people'} ({', '.join(people)})"
