"""What a worker on another machine has to know to do a night as the run itself would do it.

The run's settings and its view of the archive travel with the work, so that no worker reads a
configuration of its own or looks at the archive again. Videos and output lie on a file system that all
machines share, under the same paths.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import pickle
import socket
from dataclasses import dataclass
from pathlib import Path

from luigi.task_register import Register

import allsky
import models
import tasks
from allsky.corpus import Corpus
from allsky.errors import AllskyError
from tasks import archive, identity, settings

# What decides how a night comes out.
PACKAGES = (allsky, models, tasks)


class UnfitWorker(AllskyError):
    """A worker that would not do a night as the run itself would."""


@dataclass(frozen=True)
class Snapshot:
    """Settings, inventory and code of a run; `mark` tells two of them apart."""

    settings: settings.Settings
    inventory: archive.Inventory
    code: str
    mark: str

    def adopt(self) -> None:
        """See everything as the run does, from here on in this process. Raises UnfitWorker where that cannot be."""
        if _Adopted.mark == self.mark:
            return
        self._check()
        settings.assume(self.settings)
        archive.assume(self.inventory)
        identity.corpus_name.cache_clear()
        Register.clear_instance_cache()  # tasks remember their recipes
        _Adopted.mark = self.mark

    def _check(self) -> None:
        here, host = self.settings, socket.gethostname()
        if code_digest() != self.code:
            raise UnfitWorker(
                f"the worker on {host} runs other code than the run: install the same version of this package there"
            )
        for key, place in (("videos", here.videos), ("output", Corpus(here.output).record)):
            if not place.exists():
                raise UnfitWorker(
                    f"[archive] {key}: {place} is not seen on {host}: mount the same file system there, under that path"
                )


class _Adopted:
    mark = ""


def take() -> Snapshot:
    """What this process sees now. A worker does all its nights itself, whatever the engine of the run."""
    inventory = archive.inventory()
    assert inventory is not None, "nights are known once there is an inventory"
    here = settings.current()
    for_workers = dataclasses.replace(here, execution=dataclasses.replace(here.execution, engine="local"))
    _ = for_workers.clock_ledger  # read here, once
    code = code_digest()
    content = pickle.dumps((for_workers, inventory.listing, inventory.nights, code))
    return Snapshot(for_workers, inventory, code, hashlib.blake2b(content, digest_size=16).hexdigest())


@functools.cache
def code_digest() -> str:
    """A hash of the code that decides how a night comes out."""
    told = hashlib.blake2b(digest_size=16)
    for package in PACKAGES:
        assert package.__file__ is not None
        folder = Path(package.__file__).parent
        for path in sorted(folder.rglob("*.py")):
            told.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return told.hexdigest()
