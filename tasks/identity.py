"""Whose output folder this is: one camera's, with a mark of its own."""

from __future__ import annotations

import functools
import json
import os
import secrets

from allsky.corpus import Corpus
from allsky.errors import BadConfiguration
from tasks import settings
from tasks.artifacts import writing_in


@functools.cache
def corpus_name() -> str:
    """The camera's name and the mark of its output folder, as tasks carry it.

    The mark is drawn when the folder is first used and lies in it, so that every host that mounts
    the folder sees the same tasks, and two folders of one camera are two corpora.

    Raises BadConfiguration where the folder belongs to another camera.
    """
    here = settings.current()
    record = Corpus(here.output).record
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
    draft = record.with_name(f".corpus.{os.getpid()}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps({"camera": camera, "mark": secrets.token_hex(2)}))
    try:
        os.link(draft, record)  # of two runs that start at once the first wins, and both read the winner's
    except FileExistsError:
        pass
    finally:
        draft.unlink()
