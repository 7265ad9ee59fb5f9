"""Whose output folder this is: one camera's, with a mark of its own."""

from __future__ import annotations

import functools
import json
import os
import secrets
import time

from allsky.corpus import Corpus
from allsky.errors import BadConfiguration
from tasks import settings
from tasks.artifacts import writing_in

NOT_CLAIMED = "not-claimed"
# Nobody takes this long to claim a folder.
CLAIMING_S = 60.0


class _Looking:
    only = False


def only_look() -> None:
    """Let this process write no mark: it looks at an output folder, and uses none."""
    _Looking.only = True


@functools.cache
def corpus_name() -> str:
    """The camera's name and the mark of its output folder, as tasks carry it.

    The mark is drawn when the folder is first used and lies in it, so that every host that mounts
    the folder sees the same tasks, and two folders of one camera are two corpora.

    Raises BadConfiguration where the folder belongs to another camera.
    """
    here = settings.current()
    record = Corpus(here.output).record
    if _Looking.only and not record.exists():
        return f"{here.site.name}-{NOT_CLAIMED}"
    with writing_in(here.output):
        if not record.exists():
            _claim(record, here.site.name)
    owner = json.loads(record.read_text())
    if owner["camera"] != here.site.name:
        raise BadConfiguration(
            f"{here.output} holds the corpus of camera '{owner['camera']}', and [site] name is '{here.site.name}':"
            " give each camera an [archive] output of its own"
        )
    return f"{owner['camera']}-{owner['mark']}"


def _claim(record, camera: str) -> None:
    record.parent.mkdir(parents=True, exist_ok=True)
    for left in record.parent.glob(".corpus.*"):
        if time.time() - left.stat().st_mtime > CLAIMING_S:  # its process was killed here
            left.unlink(missing_ok=True)
    draft = record.with_name(f".corpus.{os.getpid()}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps({"camera": camera, "mark": secrets.token_hex(2)}))
    try:
        os.link(draft, record)  # of two runs that start at once the first wins, and both read the winner's
    except FileExistsError:
        pass
    finally:
        draft.unlink()
