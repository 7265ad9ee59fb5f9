"""Which backbone, trained how, does best on nights it has not seen, and is that more than the luck of a seed?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from allsky.tables import REAL, SHORT, TEXT, Column, Table

# Name of the row that needs no network.
GREEN_RULE = "green-pixel rule"

MEASURES = ("accuracy", "balanced_accuracy", "f1_macro", "auc", "calibration_error")

COMPARISON = Table(
    "comparison",
    "a trained network, or the green-pixel rule, judged on audit frames",
    (
        Column("backbone", TEXT, "", "name of the network, or `green-pixel rule`"),
        Column("strategy", TEXT, "", "what was trained when; null of the rule"),
        Column("weights", TEXT, "", "where it started from; null of the rule"),
        Column("seed", SHORT, "", "seed of its training"),
        Column("image_size", SHORT, "", "pixels, square"),
        Column("epochs", SHORT, "", "epochs it was trained for"),
        Column("n_train", SHORT, "", "training frames"),
        Column("n_audit", SHORT, "", "labelled frames of audit nights that judge it"),
        Column("n_nights", SHORT, "", "nights these are of"),
        Column("accuracy", REAL, "", "share answered rightly, weighted by how frames were drawn"),
        Column("balanced_accuracy", REAL, "", "mean of the shares of positives and of negatives answered rightly"),
        Column("f1_macro", REAL, "", "mean of the classes' F1"),
        Column("auc", REAL, "", "area under the receiver's curve of the positive class"),
        Column("calibration_error", REAL, "", "expected calibration error; null of the rule"),
        Column("parameters", SHORT, "", "numbers in the network; null of the rule"),
        Column("images_per_s", REAL, "", "pictures in memory classified per second, float32, batches of 8"),
        Column("training_s", REAL, "s", "seconds of training"),
        Column("left_out", TEXT, "", "why it was not trained; null where it was"),
    ),
    open_ended=True,
)


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and spread (standard deviation over seeds) of each backbone and strategy, best first, the rule last.

    `rows` is COMPARISON. Columns: backbone, strategy, weights, seeds, of each measure `<measure>` and `<measure>_sd`,
    then parameters, images_per_s, training_s.
    """
    done = rows[rows["left_out"].isna()]
    keys = ["backbone", "strategy", "weights"]
    facts = ("parameters", "images_per_s", "training_s")
    measures = [*MEASURES, *[name for name in rows.columns if name.startswith("f1_") and name != "f1_macro"]]
    groups = done.groupby(keys, dropna=False, sort=False)
    table = groups[[*measures, *facts]].mean()
    for name in measures:
        table[f"{name}_sd"] = groups[name].std()
    table["seeds"] = groups.size()
    table = table.reset_index().sort_values("balanced_accuracy", ascending=False)
    rule = table["backbone"] == GREEN_RULE
    return pd.concat([table[~rule], table[rule]], ignore_index=True)


def as_markdown(rows: pd.DataFrame, caption: str) -> str:
    """The comparison for people: what was compared, the table, what was left out."""
    table = summary(rows)
    head = ["network", "training", "balanced accuracy", "accuracy", "macro F1", "AUC", "calibration error"]
    head += ["parameters", "images/s", "training, s"]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *[_line(row) for row in table.to_dict("records")]]
    absent = rows[rows["left_out"].notna()].drop_duplicates(["backbone", "strategy"])
    why = [f"- {row.backbone}, {row.strategy}: {row.left_out}" for row in absent.itertuples()]
    left = ["", "Left out:", "", *why] if why else []
    return "\n".join(["# Networks compared", "", caption, "", *lines, *left, ""])


def sample(split: pd.DataFrame, most: int | None, seed: int = 0) -> pd.DataFrame:
    """A split with at most `most` training frames, of each class its share; which, only `seed` decides."""
    train = split[split["split"] == "train"]
    if most is None or len(train) <= most:
        return split
    chosen = train.sample(frac=1, random_state=seed).groupby("label", sort=False)
    kept = pd.concat([part.head(max(1, round(most * len(part) / len(train)))) for _, part in chosen])
    return pd.concat([kept.sort_index(), split[split["split"] != "train"]], ignore_index=True)


def _line(row: dict) -> str:
    how = "–" if not isinstance(row["strategy"], str) else f"{row['strategy']}, weights {row['weights']}"
    cells = [row["backbone"], how]
    cells += [_with_spread(row, name, 100, 1, " %") for name in ("balanced_accuracy", "accuracy")]
    cells += [_with_spread(row, name, 1, 3) for name in ("f1_macro", "auc", "calibration_error")]
    cells += [_number(row["parameters"], 0), _number(row["images_per_s"], 0), _number(row["training_s"], 0)]
    return f"| {' | '.join(cells)} |"


def _with_spread(row: dict, name: str, scale: float, digits: int, unit: str = "") -> str:
    value, deviation = row[name], row[f"{name}_sd"]
    if not np.isfinite(value):
        return "–"
    around = f" ± {scale * deviation:.{digits}f}" if np.isfinite(deviation) else ""
    return f"{scale * value:.{digits}f}{around}{unit}"


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}" if np.isfinite(value) else "–"
