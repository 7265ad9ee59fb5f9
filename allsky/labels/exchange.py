"""Answers on their way to and from other programs: plain CSV, a folder per class, Label Studio's JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from allsky.errors import BadLabels
from allsky.labels.answers import UNSURE, read_labels
from allsky.tables import LABELS

PICTURES = (".jpg", ".jpeg", ".png")
# The names that Label Studio's project has to have; `label_studio_interface` writes it.
QUESTION, PICTURE = "label", "image"


# Coming in.


def read_answers(path: str | Path, classes: Sequence[str], labeller: str) -> pd.DataFrame:
    """The answers (LABELS) in a CSV file, a folder with a folder of pictures for each class, or Label Studio's JSON.

    Where the source does not say who answered it was `labeller`. Raises BadLabels, saying which file, for what is none
    of these, or names a class that is none.
    """
    path = Path(path)
    if path.is_dir():
        found = _of_folders(path, classes)
    elif path.suffix.lower() == ".json":
        found = _of_label_studio(path, classes)
    elif path.is_file():
        return _named(read_labels(path, classes), labeller)
    else:
        raise BadLabels(f"{path} is not there: expected a CSV file, a folder of folders, or Label Studio's JSON.")
    table = pd.DataFrame(found, columns=["frame_id", "label", "labeller", "time", "note"])
    return _named(table.reindex(columns=LABELS.names).astype({"frame_index": "Int32"}), labeller)


def new_answers(found: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Those of `found` (LABELS as matched) that tell something new beside `given`.

    Left out are answers that `given` holds (same frame, labeller and label), and those that their labeller has changed
    since: of a file the last row counts, so an older answer added to it would go before the newer one.
    """
    mine = ["frame_id", "labeller"]
    since = found[mine].merge(given[[*mine, "label", "time"]], on=mine, how="left").set_axis(found.index)
    known = since["label"] == found["label"]
    return found[~known & ~(_moments(since["time"]) > _moments(found["time"]))]


def _moments(times: pd.Series) -> pd.Series:
    return pd.to_datetime(times, utc=True, errors="coerce", format="ISO8601")


def _named(table: pd.DataFrame, labeller: str) -> pd.DataFrame:
    unnamed = table["labeller"].isna() | table["labeller"].isin(["", "unnamed"])
    return table.assign(labeller=table["labeller"].where(~unnamed, labeller))


def _of_folders(path: Path, classes: Sequence[str]) -> list[dict[str, Any]]:
    known = {name.casefold(): name for name in (*classes, UNSURE)}
    folders = sorted(folder for folder in path.iterdir() if folder.is_dir() and not folder.name.startswith("."))
    strange = [folder.name for folder in folders if folder.name.casefold() not in known]
    if strange or not folders:
        found = f"found {', '.join(strange)}" if strange else "it has no folders"
        raise BadLabels(f"{path}: expected a folder for each class ({', '.join(known.values())}), {found}.")
    return [
        {"frame_id": picture.stem, "label": known[folder.name.casefold()]}
        for folder in folders
        for picture in sorted(folder.iterdir())
        if picture.suffix.lower() in PICTURES and not picture.name.startswith(".")
    ]


def _of_label_studio(path: Path, classes: Sequence[str]) -> list[dict[str, Any]]:
    known = {name.casefold(): name for name in (*classes, UNSURE)}
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(tasks, list) or (tasks and not any("annotations" in task for task in tasks)):
            raise ValueError("nothing in it has annotations")
        return [
            _answer(task, annotation, known, path)
            for task in tasks
            for annotation in task.get("annotations", [])
            if annotation.get("result") and not annotation.get("was_cancelled")
        ]
    except (ValueError, AttributeError, TypeError, KeyError, IndexError) as error:
        raise BadLabels(
            f"{path} is not what Label Studio exports as JSON ({type(error).__name__}: {error}): expected a list of"
            " tasks with `data` and `annotations`; JSON-MIN is another format."
        ) from error


def _answer(task: Mapping, annotation: Mapping, known: Mapping[str, str], path: Path) -> dict[str, Any]:
    chosen = next(result["value"]["choices"][0] for result in annotation["result"] if result["type"] == "choices")
    if chosen.casefold() not in known:
        raise BadLabels(
            f"{path}: task {task.get('id')} has the answer '{chosen}'; known are {', '.join(known.values())}."
        )
    data = task["data"]
    return {
        "frame_id": data.get("frame_id") or Path(str(data[PICTURE]).partition("?d=")[2] or data[PICTURE]).stem,
        "label": known[chosen.casefold()],
        "labeller": _who(annotation),
        "time": _kept(annotation, "time") or annotation.get("created_at"),
        "note": _note(annotation),
    }


def _who(annotation: Mapping) -> str | None:
    """The labeller: as we wrote it, else Label Studio's user by e-mail or number."""
    who = annotation.get("completed_by")
    named = _kept(annotation, "labeller")
    if named or not who:
        return named
    return str(who["email"]) if isinstance(who, Mapping) else f"label-studio-{who}"


def _kept(annotation: Mapping, what: str) -> str | None:
    """What we wrote into a result, which Label Studio hands back as it was."""
    return next((result[what] for result in annotation["result"] if result.get(what)), None)


def _note(annotation: Mapping) -> str | None:
    """What was written beside the answer: Label Studio keeps that as the text of a result's `meta`."""
    texts = [text for result in annotation["result"] for text in result.get("meta", {}).get("text", [])]
    return "; ".join(texts) or None


# Going out.


def label_studio_tasks(frames: pd.DataFrame, labels: pd.DataFrame) -> list[dict[str, Any]]:
    """Label Studio's tasks: one per frame of `frames` (frame_id, night, image), with the answers given (LABELS).

    Pictures are named for its local storage: serve the output folder as LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT.
    """
    given: dict[str, list] = {}
    for row in labels.itertuples():
        given.setdefault(str(row.frame_id), []).append(_annotation(row))
    return [
        {
            "data": {PICTURE: f"/data/local-files/?d={row.image}", "frame_id": row.frame_id, "night": row.night},
            "annotations": given.get(str(row.frame_id), []),
        }
        for row in frames.itertuples()
    ]


def _annotation(row) -> dict[str, Any]:
    choice = {"from_name": QUESTION, "to_name": PICTURE, "type": "choices", "value": {"choices": [row.label]}}
    noted = {"meta": {"text": [row.note]}} if isinstance(row.note, str) and row.note else {}
    # Label Studio refuses `completed_by` for people it does not know and makes `created_at` the time of the import, but
    # keeps what else stands in a result.
    told = choice | noted | {"labeller": row.labeller, "time": row.time}
    return {"result": [told], "created_at": row.time}


def label_studio_interface(classes: Iterable[str]) -> str:
    """The labelling interface that a Label Studio project needs for these tasks (Settings, Labeling Interface)."""
    choices = "".join(
        f'<Choice value="{name}" hotkey="{key}"/>' for key, name in enumerate([*classes, UNSURE], start=1)
    )
    return (
        f'<View><Image name="{PICTURE}" value="${PICTURE}"/>'
        f'<Choices name="{QUESTION}" toName="{PICTURE}" choice="single" required="true">{choices}</Choices></View>\n'
    )


def write_folders(labels: pd.DataFrame, images: Mapping[str, Path], folder: Path) -> int:
    """Copies of the labelled frames' pictures, `<folder>/<class>/<frame_id>.jpg`; how many.

    `labels` has one row per frame (frame_id, label), `images` the picture of each. Raises BadLabels where the folder
    is there and not empty: pictures of an earlier export would look like answers.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BadLabels(f"{folder} is not empty: export into a new folder, or its old pictures would count as answers.")
    for row in labels.itertuples():
        place = folder / row.label / f"{row.frame_id}{images[row.frame_id].suffix}"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(images[row.frame_id], place)
    return len(labels)
