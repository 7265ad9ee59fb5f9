"""What people answered, whichever program wrote it down, and which frame each answer belongs to."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd

from allsky.errors import BadLabels
from allsky.site import night_of
from allsky.tables import LABELS

# The answer of a person who cannot tell; allowed besides the classes, kept and counted, left out of rates.
UNSURE = "unsure"
UNNAMED = "unnamed"
# The labeller of an answer on which disagreeing labellers, or a third person, settled; it goes before all others.
ADJUDICATED = "adjudicated"
PLACE = ["video", "frame_index"]


def read_labels(path: str | Path, classes: Sequence[str]) -> pd.DataFrame:
    """The answers in a CSV file: the table LABELS, one row per frame and labeller (the last answer counts).

    The file may be UTF-8, UTF-16 or Windows-1252, separated by commas, semicolons or tabs, its columns in any order
    and case; it needs `label` and either `frame_id` or `video` with `frame_index`. Rows without a label are
    frames not answered yet and are left out; a label's case does not matter; a row without a labeller is by
    `unnamed`. An empty file holds no answers.

    Raises BadLabels, with file and row: a missing column, a label that is no class, a row that names no frame.
    """
    path = Path(path)
    table = _cells(path)
    if table.empty:
        return LABELS.empty().astype({"frame_index": "Int32"})
    table = table[table["label"] != ""]
    table = table.assign(
        label=_known_labels(table["label"], classes, path),
        labeller=table["labeller"].where(table["labeller"] != "", UNNAMED),
        video=table["video"].str.replace("\\", "/", regex=False).str.removeprefix("./"),
        frame_index=_whole_numbers(table["frame_index"], path),
    )
    table[["frame_id", "video"]] = table[["frame_id", "video"]].replace("", None)
    nameless = table["frame_id"].isna() & (table["video"].isna() | table["frame_index"].isna())
    _refuse(table[nameless], path, "names no frame: it needs a frame_id, or a video and a frame_index", "label")
    return _last_answers(table[LABELS.names], ["frame_id", *PLACE, "labeller"])


def match_labels(labels: pd.DataFrame, frames: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Each answer with the frame it belongs to now, and what a person should know about that.

    `frames` is MONTH_FRAMES (or FRAMES) of the whole corpus. An answer belongs to the frame at its video and
    frame_index where there is one, else to that of its frame_id: a corrected clock gives a picture another
    frame_id, and may give its old one to another picture. Returned is the table LABELS with the frames'
    present names; answers for frames that do not exist are left out and named in the notices.

    Raises BadLabels where there are answers and none belongs to any frame.
    """
    at_place = pd.MultiIndex.from_frame(frames[PLACE]).get_indexer(_places(labels))
    by_name = pd.Index(frames["frame_id"]).get_indexer(labels["frame_id"])
    row = np.where(at_place >= 0, at_place, by_name)
    found = row >= 0
    if len(labels) and not found.any():
        raise BadLabels(
            f"None of the {len(labels)} labels belongs to a frame of this archive (first: {_name(labels.iloc[0])}): "
            "are they another camera's, or are its videos missing?"
        )
    matched = labels[found].copy()
    matched[["frame_id", *PLACE]] = frames[["frame_id", *PLACE]].to_numpy()[row[found]]
    matched = matched.astype({"frame_index": "Int32"})
    notices = _notices(labels, matched, found, at_place >= 0)
    return _last_answers(matched, ["frame_id", "labeller"]), notices


def clouds_as(labels: pd.DataFrame, cloud_key: str | None, negative: str) -> pd.DataFrame:
    """Answers (LABELS) of which those about clouds count as `negative`: aurora behind cloud is not visible.

    What was said stays in a column `answer`. Without a `cloud_key`, as they are.
    """
    if cloud_key is None:
        return labels
    return labels.assign(answer=labels["label"], label=labels["label"].where(labels["label"] != cloud_key, negative))


def as_answered(labels: pd.DataFrame) -> pd.DataFrame:
    """The answers as they were said: `clouds_as` taken back."""
    return labels.assign(label=labels["answer"]).drop(columns="answer") if "answer" in labels else labels


def agreed_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """One answer per frame, columns `frame_id` and `label`: see `settled_labels`."""
    return settled_labels(labels)[["frame_id", "label"]]


def settled_labels(labels: pd.DataFrame) -> pd.DataFrame:
    """How the answers for each frame become one: columns `frame_id`, `label`, `n_labellers` and `settled_by`.

    The adjudicated answer where there is one; else what more than half of its labellers said; else `unsure`.
    `settled_by` is `adjudication`, `one labeller`, `agreement` or `disagreement`; an adjudicated answer is not
    among `n_labellers`. `labels` has `frame_id`, `label` and, where any is adjudicated, `labeller`, with one row per
    frame and labeller as `match_labels` gives them.
    """
    adjudicated = labels["labeller"] == ADJUDICATED if "labeller" in labels else pd.Series(False, labels.index)
    final = labels[adjudicated].drop_duplicates("frame_id", keep="last").set_index("frame_id")["label"]
    votes = labels[~adjudicated].groupby(["frame_id", "label"], sort=True).size().rename("votes").reset_index()
    votes["n_labellers"] = votes.groupby("frame_id")["votes"].transform("sum")
    most = votes.sort_values("votes", ascending=False, kind="stable").drop_duplicates("frame_id").set_index("frame_id")
    settled = most.reindex(most.index.union(final.index))
    agreed = settled["votes"] * 2 > settled["n_labellers"]
    alone = np.where(settled["n_labellers"] == 1, "one labeller", "agreement")
    settled["settled_by"] = np.where(agreed, alone, "disagreement")
    settled["label"] = settled["label"].where(agreed, UNSURE)
    settled.loc[final.index, "label"] = final
    settled.loc[final.index, "settled_by"] = "adjudication"
    settled["n_labellers"] = settled["n_labellers"].fillna(0).astype("int64")
    return settled.rename_axis("frame_id").reset_index()[["frame_id", "label", "n_labellers", "settled_by"]]


def label_nights(
    labels: pd.DataFrame, longitude_deg: float, video_nights: Mapping[str, str] | None = None
) -> pd.Series:
    """The night of each answer, from the labels alone: its video's where known, else that of its frame_id's UTC.

    `video_nights` gives the night of each video of the inventory. Null where neither tells.
    """
    stamp = labels["frame_id"].astype(object).str.extract(r"_(\d{8}T\d{6})Z$", expand=False)
    utc = pd.to_datetime(stamp, format="%Y%m%dT%H%M%S", utc=True, errors="coerce")
    by_name = night_of(utc, longitude_deg).where(utc.notna(), None)
    return labels["video"].map(dict(video_nights or {})).astype(object).fillna(by_name.astype(object))


def labels_digest(labels: pd.DataFrame) -> str:
    """A digest of what was answered for which frame and by whom, whatever the order of the rows.

    Times and notes do not enter: they change no result.
    """
    labels = as_answered(labels)
    rows = labels[["frame_id", *PLACE, "labeller", "label"]].astype(object)
    lines = sorted("\t".join("" if pd.isna(cell) else str(cell) for cell in row) for row in rows.to_numpy())
    return blake2b("\n".join(lines).encode(), digest_size=16).hexdigest()


# Reading the file.


def _cells(path: Path) -> pd.DataFrame:
    """Every cell as stripped text, columns as in LABELS, the index counting rows as an editor does."""
    text = _decoded(path.read_bytes())
    header, _, _ = text.lstrip("\r\n").partition("\n")
    separator = max(",;\t", key=header.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]
    except csv.Error as error:
        raise BadLabels(f"{path} is not a CSV file ({error}); save it as CSV with the columns {_columns()}.") from error
    rows = [row for row in rows if any(row)]
    if not rows:
        return pd.DataFrame()
    names = [name.lower().replace(" ", "_") for name in rows[0]]
    _check_columns(names, path)
    _check_widths(rows, path)
    full = [row + [""] * (len(names) - len(row)) for row in rows[1:]]
    table = pd.DataFrame(full, columns=names, index=range(2, len(rows) + 1), dtype=object)
    return table.reindex(columns=LABELS.names, fill_value="")


def _decoded(content: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _check_columns(names: list[str], path: Path) -> None:
    named = "frame_id" in names or set(PLACE) <= set(names)
    if "label" not in names or not named or len(set(names)) < len(names):
        raise BadLabels(
            f"{path} must begin with a line of column names, among them `label` and either `frame_id` or `video` "
            f"and `frame_index`, each once; found {', '.join(names)}. All that are understood: {_columns()}."
        )


def _check_widths(rows: list[list[str]], path: Path) -> None:
    for number, row in enumerate(rows[1:], start=2):
        if any(row[len(rows[0]) :]):
            raise BadLabels(
                f"{path}, row {number} has {len(row)} cells for {len(rows[0])} columns: "
                "put cells that contain the separator, such as notes, in double quotes."
            )


def _known_labels(answers: pd.Series, classes: Sequence[str], path: Path) -> pd.Series:
    known = {name.casefold(): name for name in (*classes, UNSURE)}
    labels = answers.str.casefold().map(known)
    if labels.isna().any():
        strange = answers[labels.isna()]
        near = get_close_matches(strange.iloc[0].casefold(), known, n=1)
        hint = f" Did you mean `{known[near[0]]}`?" if near else ""
        raise BadLabels(
            f"{path}, row {strange.index[0]}: `{strange.iloc[0]}` is not one of the classes in [labels] "
            f"({', '.join(classes)}, or {UNSURE}), like {len(strange)} of the {len(answers)} answers in the file.{hint}"
        )
    return labels.astype(object)


def _whole_numbers(cells: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(cells.where(cells != "", None), errors="coerce")
    strange = (cells != "") & ~((numbers >= 0) & (numbers % 1 == 0) & (numbers < 2**31))
    _refuse(cells[strange].to_frame(), path, "has a frame_index that is no whole number from 0", "frame_index")
    return numbers.astype("Int32")


def _refuse(rows: pd.DataFrame, path: Path, what: str, show: str) -> None:
    if len(rows):
        others = f" ({len(rows)} rows in all)" if len(rows) > 1 else ""
        raise BadLabels(f"{path}, row {rows.index[0]} (`{rows[show].iloc[0]}`) {what}{others}.")


def _columns() -> str:
    return ", ".join(LABELS.names)


# Matching answers to frames.


def _last_answers(labels: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return labels.drop_duplicates(by, keep="last").reset_index(drop=True)


def _places(labels: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([labels["video"], labels["frame_index"].astype("Int64").fillna(-1).astype(int)])


def _name(label: pd.Series) -> str:
    return label["frame_id"] if pd.notna(label["frame_id"]) else f"{label['video']} frame {label['frame_index']}"


def _notices(labels: pd.DataFrame, matched: pd.DataFrame, found: np.ndarray, at_place: np.ndarray) -> list[str]:
    notices = []
    lost = labels[~found]
    if len(lost):
        names = ", ".join(_name(label) for _, label in lost.head(3).iterrows())
        notices.append(
            f"{len(lost)} labels are for frames that do not exist (first: {names}); "
            "they are left out and stay in the file."
        )
    old, new = labels.loc[found, "frame_id"], matched["frame_id"]
    renamed = old.notna() & (old != new)
    if renamed.any():
        notices.append(
            f"{renamed.sum()} labels follow their picture by video and frame_index to another time (first: "
            f"{old[renamed].iloc[0]} is now {new[renamed].iloc[0]}): right where a clock was corrected; where a video "
            "was replaced, label its frames again."
        )
    moved = found & ~at_place & labels["video"].notna().to_numpy()
    if moved.any():
        notices.append(
            f"{moved.sum()} labels were matched by frame_id, since no kept frame is at their video and frame_index "
            f"(first: {_name(labels[moved].iloc[0])})."
        )
    return notices
