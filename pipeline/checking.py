"""Is the configuration what its owner meant, and is what it names there?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allsky.recordings.files import list_archive
from tasks import settings
from tasks.train_classifier import existing_model


def checked() -> str:
    """Every key with its value, then what the configuration names and whether it is there.

    Raises BadConfiguration for what no run could begin with.
    """
    here = settings.current()
    lines = [f"{here.path}: camera {here.site.name}, videos {here.videos}, output {here.output}"]
    for section, keys in here.as_table().items():
        lines += [f"[{section}]", *(f"  {key} = {_shown(value)}" for key, value in keys.items())]
    return "\n".join([*lines, *_found()])


def _shown(value: Any) -> str:
    if value is None:
        return "(not set: found, or its default)"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _found() -> Iterator[str]:
    here = settings.current()
    if here.simulated:
        yield "videos: simulated when the chain is run"
    elif not here.videos.is_dir():
        yield f"videos: MISSING, there is no folder {here.videos}"
    else:
        found = list_archive(here.videos)
        counted = (
            "stills, dated by their " + here.archive.stills_time if here.archive.stills_time else "stills passed over"
        )
        stills = f", {found.n_stills:,} {counted}" if found.n_stills else ""
        yield f"videos: {len(found.videos)} in {here.videos}{stills}, and {len(found.others)} other files"
    if here.labels.file != settings.SIMULATED:
        there = "there" if here.labels_file.exists() else "not there yet; the first run says what to label"
        yield f"labels: {here.labels_file} is {there}"
    if (folder := existing_model()) is not None:
        there = "there" if (folder / "model.json").is_file() else "MISSING, or no model folder"
        yield f"model: {folder} is {there}"
