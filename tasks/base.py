"""What every stage is: complete when its artifacts carry today's recipe, and never half done.

A stage says what it needs, where it writes, what its recipe is made of, and how to `produce`. The
rest (waiting for what it needs, skipping, temporary names, publishing, progress) is here, once.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import luigi

from allsky.corpus import Corpus
from allsky.errors import AllskyError, BadVideo, NoClock, NotASky
from tasks import archive, settings
from tasks.artifacts import Artifact, drafts
from tasks.identity import corpus_name

logger = logging.getLogger("allsky")

# What can be wrong with a night's files. It is recorded in the night's artifacts and the corpus goes on;
# anything else (no disk space, no Tesseract) fails the task, to be tried again.
PROBLEMS = (BadVideo, NoClock, NotASky)


ALL = "all"
# How the account of a failure begins that a person must mend: it is not tried again in the same run.
EXPLAINED = "to be mended: "


def digest(content: Any) -> str:
    """A hash of anything JSON can hold; equal content, equal hash."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.blake2b(canonical.encode(), digest_size=16).hexdigest()


class NotKnownYet(Exception):
    """A recipe cannot be told yet, because something it stands on has not been made."""


class Stage(luigi.Task):
    """A stage of the chain. `camera` tells two corpora on one scheduler apart."""

    camera = luigi.Parameter(description="the camera's name and its corpus's mark; found in the output folder")

    version: ClassVar[int] = 1
    # A stage that is dynamic announces its needs only once it runs, which keeps the scheduler's pending few.
    dynamic: ClassVar[bool] = False
    # Failed for a reason that a person must mend (pipeline/worker.py).
    hopeless = False

    @classmethod
    def get_param_values(cls, params, args, kwargs):
        return super().get_param_values(params, args, {"camera": corpus_name(), **kwargs})

    # What a stage says of itself.

    def needs(self) -> Iterable[luigi.Task]:
        """The stages whose artifacts `produce` reads."""
        return ()

    def reads(self) -> Iterable[luigi.Task]:
        """Stages before these whose artifacts it reads too; they are looked at once the stage is to run.

        A stage may be complete although somebody has removed or damaged what it was made of.
        """
        return ()

    def ingredients(self) -> Mapping[str, Any]:
        """What the result depends on: settings read, source files, recipes of other stages."""
        raise NotImplementedError

    def produce(self, output: Any) -> None:
        """Get, compute, put: write the drafts in `output`."""
        raise NotImplementedError

    # What follows from it.

    @property
    def retry_count(self) -> int | None:
        return 1 if self.hopeless else super().retry_count

    @property
    def settings(self) -> settings.Settings:
        return settings.current()

    @property
    def corpus(self) -> Corpus:
        return Corpus(self.settings.output)

    @property
    def inventory(self) -> archive.Inventory:
        inventory = archive.inventory()
        assert inventory is not None, "a stage other than the inventory runs after it"
        return inventory

    def recipe(self) -> str:
        now = self._standing()
        if self.__dict__.get("_recipe_for") != now:
            self._recipe = digest({"stage": type(self).__name__, "version": self.version, **self.ingredients()})
            self._recipe_for = now
        return self._recipe

    def _standing(self) -> tuple:
        """What recipes stand on that a run may replace: the inventory, the audit sheet, simulated labels."""
        replaced = (self.corpus.videos, self.corpus.audit_sheet, self.settings.labels_file)
        return tuple(path.stat().st_mtime_ns if path.exists() else None for path in replaced)

    def requires(self):
        if not self.inventory_is_current():
            return [self.inventory_task()]
        try:
            return [] if self.dynamic else list(self.needs())
        except AllskyError:
            return []  # run() meets it again, and says it

    def inventory_task(self) -> Stage:
        from tasks.video_inventory import VideoInventory

        return VideoInventory()

    def inventory_is_current(self) -> bool:
        return self.inventory_task().complete()

    def complete(self) -> bool:
        try:
            return self.inventory_is_current() and self.is_made()
        except AllskyError:
            return False  # what cannot be told is not made; run() meets it again, and says it

    def is_made(self) -> bool:
        """Whether every artifact is there and the record carries today's recipe."""
        try:
            *others, record = self.artifacts().values()
            return record.recipe() == self.recipe() and all(artifact.exists() for artifact in others)
        except NotKnownYet:
            return False

    def artifacts(self) -> dict[str, Artifact]:
        """The artifacts by name, the record last."""
        output = self.output()
        return output if isinstance(output, dict) else {"": output}

    def run(self):
        while waiting_for := self._waiting_for():
            yield waiting_for
        if self.complete():
            return
        started = time.monotonic()
        self.work()
        logger.info("%s  %.1f s", self, time.monotonic() - started)

    def _waiting_for(self) -> list[luigi.Task]:
        """What is not there yet; what is needed can become known only when something before it is there."""
        if not self.inventory_is_current():
            return [self.inventory_task()]
        return _incomplete(self.needs()) or _incomplete(self.reads())

    def work(self) -> None:
        with self.publishing(self.artifacts(), self.recipe()) as output:
            self.produce(output)

    @contextlib.contextmanager
    def publishing(self, artifacts: Mapping[str, Artifact], recipe: str) -> Iterator[Any]:
        """Drafts of `artifacts`, published when the block ends well; what is wrong with a night is recorded."""
        with drafts(self.settings.output, artifacts, recipe) as output:
            try:
                yield output.get("", output)
            except PROBLEMS as problem:
                logger.warning("%s: %s", self, problem)
                for draft in output.values():
                    draft.leave_empty(str(problem))

    def on_failure(self, exception):
        if not isinstance(exception, AllskyError):
            return super().on_failure(exception)
        logger.error("%s: %s", self, exception)
        return f"{EXPLAINED}{exception}"

    def progress(self, fraction: float, message: str) -> None:
        """Show how far this task is in luigid; a luigid that is away costs nothing but the message."""
        with contextlib.suppress(Exception):  # Luigi raises RPCError, urllib3's and socket errors alike
            for report, what in (
                (self.set_progress_percentage, round(100 * fraction)),
                (self.set_status_message, message),
            ):
                if report is not None:  # None outside a worker
                    report(what)


def _incomplete(tasks: Iterable[luigi.Task]) -> list[luigi.Task]:
    return [task for task in tasks if not task.complete()]


class NightStage(Stage):
    """A stage of one night."""

    night = luigi.Parameter(description="date of the night's evening, YYYY-MM-DD")
    # Nights outrank months, or every month would open before a night is done.
    priority = 20

    def is_made(self) -> bool:
        return self.night in self.inventory.videos and super().is_made()


class MonthStage(Stage):
    """A stage of one month of nights; `nights` restricts it to FIRST_LAST within the month."""

    month = luigi.Parameter(description="calendar month of nights, YYYY-MM")
    nights = luigi.Parameter(default=ALL, description="`all`, or first and last night of a part, joined by _")
    priority = 10

    def selected(self) -> list[str]:
        """The month's nights that are in the archive and asked for."""
        nights = self.inventory.nights_of_month.get(self.month, [])
        if self.nights == ALL:
            return nights
        first, _, last = self.nights.partition("_")
        return [night for night in nights if first <= night <= last]


class LandingMonthStage(MonthStage):
    """A month's work done in one go, each night landing on its own."""

    def night_artifacts(self, night: str) -> dict[str, Artifact]:
        raise NotImplementedError

    def night_ingredients(self, night: str) -> Mapping[str, Any]:
        raise NotImplementedError

    def produce_nights(self, nights: list[str]) -> None:
        """Do `nights`, each within `with self.landing(night) as output`."""
        raise NotImplementedError

    def night_recipe(self, night: str) -> str:
        return digest({"stage": type(self).__name__, "version": self.version, **self.night_ingredients(night)})

    def output(self):
        return [artifact for night in self.selected() for artifact in self.night_artifacts(night).values()]

    def ingredients(self) -> Mapping[str, Any]:
        return {"nights": {night: self.night_recipe(night) for night in self.selected()}}

    def missing_nights(self) -> list[str]:
        return [night for night in self.selected() if not self._landed(night)]

    def _landed(self, night: str) -> bool:
        *others, record = self.night_artifacts(night).values()
        return record.recipe() == self.night_recipe(night) and all(artifact.exists() for artifact in others)

    def is_made(self) -> bool:
        return not self.missing_nights()

    def work(self) -> None:
        self.produce_nights(self.missing_nights())

    def landing(self, night: str):
        return self.publishing(self.night_artifacts(night), self.night_recipe(night))
