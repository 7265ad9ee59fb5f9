"""What every stage is: complete when its artifacts carry today's recipe, and never half done.

A stage says what it needs, where it writes, what its recipe is made of, and how to `produce`. The
rest (waiting for what it needs, skipping, temporary names, publishing, progress) is here, once.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import luigi

from allsky.corpus import Corpus
from allsky.errors import AllskyError, BadVideo, NoClock, NotASky
from tasks import engine, history, settings, watching
from tasks.artifacts import Artifact, drafts, finding_room_in
from tasks.identity import corpus_name
from tasks.ingredients import digest, outline
from tasks.machine import gpus
from tasks.one_look import looked, one_look
from tasks.temporaries import still_at_work

logger = logging.getLogger("allsky")

# What can be wrong with a night's files. It is recorded in the night's artifacts and the corpus goes on;
# anything else (no disk space, no Tesseract) fails the task, to be tried again.
PROBLEMS = (BadVideo, NoClock, NotASky)


# How the account of a failure begins that a person must mend: it is not tried again in the same run.
EXPLAINED = "to be mended: "


# The values of parameters that are not given, by stage and those that are.
_filled_in: dict[tuple[type, frozenset[str]], dict[str, Any]] = {}


class NotKnownYet(Exception):
    """A recipe cannot be told yet, because something it stands on (named here) has not been made."""


class Stage(luigi.Task):
    """A stage of the chain. `camera` tells two corpora on one scheduler apart."""

    camera = luigi.Parameter(description="the camera's name and its corpus's mark; found in the output folder")

    version: ClassVar[int] = 1
    # The stage's name in recipes, where a class makes what another one does.
    recipe_name: ClassVar[str] = ""
    # A stage that is dynamic announces its needs only once it runs, which keeps the scheduler's pending few.
    dynamic: ClassVar[bool] = False
    # A stage that asks about a machine, not about the corpus: each machine that works answers for itself.
    of_the_machine: ClassVar[bool] = False
    # Which of Luigi's `[resources]` it takes one of: `decode`, or `gpu` where there is one.
    takes: ClassVar[str] = ""
    # Failed for a reason that a person must mend (pipeline/worker.py).
    hopeless = False

    @classmethod
    def get_param_values(cls, params, args, kwargs):
        given = {"camera": corpus_name(), **kwargs}
        if args:
            return super().get_param_values(params, args, given)
        # Every task is looked up by this, and Luigi asks command line and configuration anew for what is not given.
        asked = (cls, frozenset(kwargs))
        if asked not in _filled_in:
            _filled_in[asked] = dict(super().get_param_values(params, args, given))
        values = _filled_in[asked] | given
        return [(name, parameter.normalize(values[name])) for name, parameter in params]

    @classmethod
    @functools.cache
    def get_params(cls):
        # Luigi looks through the whole class each time it is asked, which is once a task and more.
        return super().get_params()

    # What a stage says of itself.

    def needs(self) -> Iterable[luigi.Task]:
        """The stages whose artifacts `produce` reads."""
        return ()

    def reads(self) -> Iterable[luigi.Task]:
        """Stages before these whose artifacts it reads too; they are looked at once the stage is to run.

        A stage may be complete although somebody has removed or damaged what it was made of.
        """
        return ()

    def foreseen(self) -> Iterable[luigi.Task]:
        """Every stage before this one, as far as they can be told before anything is done."""
        return [*self.needs(), *self.reads()]

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

    def process_resources(self) -> dict[str, int]:
        return {} if not self.takes or (self.takes == "gpu" and not gpus()) else {self.takes: 1}

    @property
    def settings(self) -> settings.Settings:
        return settings.current()

    @property
    def corpus(self) -> Corpus:
        return _corpus(self.settings.output)

    def recipe(self) -> str:
        with one_look():
            now = looked(type(self)._standing, self._standing)
            if self.__dict__.get("_recipe_for") != now:
                self._recipe = self._digest(self.ingredients())
                self._recipe_for = now
        return self._recipe

    def _digest(self, ingredients: Mapping[str, Any]) -> str:
        return digest({"stage": self.recipe_name or type(self).__name__, **self._versioned(ingredients)})

    def _versioned(self, ingredients: Mapping[str, Any]) -> dict[str, Any]:
        return {"version": self.version, **ingredients}

    def made_of(self) -> dict[str, Any]:
        """The ingredients in short, as they are recorded beside the artifact."""
        return outline(self._versioned(self.ingredients()))

    def amount(self) -> float:
        """How much there is to do, in a measure that its duration grows with; durations are foretold by it."""
        return 1.0

    def _standing(self) -> tuple:
        """What recipes stand on that a run may replace: the inventory, sheets of audit frames, simulated labels."""
        return tuple(map(_moment, (*_replaced(self.settings), *map(str, self.corpus.scored_sheets))))

    def before_all(self) -> list[luigi.Task]:
        """What is not there yet and has to be before the stage can say what it needs."""
        return []

    def requires(self):
        if first := self.before_all():
            return first
        try:
            # What is complete need not be told to luigid: each telling costs some milliseconds, and an old archive has
            # thousands of complete months. run() looks again.
            with one_look():
                return [] if self.dynamic else _incomplete(self.needs())
        except AllskyError:
            return []  # run() meets it again, and says it

    def complete(self) -> bool:
        try:
            with one_look():
                return not self.before_all() and self.is_made()
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
            if left := engine.current().done_before(self, waiting_for):
                yield left
        if self.complete():
            return
        with finding_room_in(self.settings.output), self._recorded():
            self.work()

    @contextlib.contextmanager
    def _recorded(self) -> Iterator[None]:
        """Tell what is done meanwhile to whoever watches, and afterwards to the log and the history."""
        watching.tell(str(self), watching.BEGUN)
        amount, started = self.amount(), time.monotonic()
        yield
        seconds = time.monotonic() - started
        logger.info("%s  %.1f s", self, seconds, extra={"routine": True})
        watching.tell(str(self), watching.ENDED)
        history.tell(history.Event(*self.named(), history.DONE, seconds, amount))

    def named(self) -> tuple[str, dict[str, str]]:
        """The stage and what tells this task from its others, as the history has it."""
        return type(self).__name__, {key: value for key, value in self.to_str_params().items() if key != "camera"}

    def _waiting_for(self) -> list[luigi.Task]:
        """What is not there yet; what is needed can become known only when something before it is there."""
        with one_look():
            return self.before_all() or _incomplete(self.needs()) or _incomplete(self.reads())

    def work(self) -> None:
        with self.publishing(self.artifacts(), self.ingredients(), self.is_made) as output:
            self.produce(output)

    @contextlib.contextmanager
    def publishing(
        self, artifacts: Mapping[str, Artifact], ingredients: Mapping[str, Any], there: Callable[[], bool]
    ) -> Iterator[Any]:
        """Drafts of `artifacts`, published when the block ends well, unless they are `there` by then.

        What is wrong with a night is recorded.
        """
        made_of = outline(self._versioned(ingredients))
        with drafts(self.settings.output, artifacts, self._digest(ingredients), made_of, there) as output:
            try:
                yield output[""] if list(output) == [""] else output
            except PROBLEMS as problem:
                logger.warning("%s: %s", self, problem)
                for draft in output.values():
                    draft.leave_empty(str(problem))

    def on_failure(self, exception):
        if isinstance(exception, Exception):  # a run that is stopped has not failed
            self.tell_failure(exception)
            watching.tell(str(self), watching.ENDED)
        if not isinstance(exception, AllskyError):
            return super().on_failure(exception)
        logger.error("%s: %s", self, exception)
        again = isinstance(exception, engine.NightsNotDone) and exception.again
        return str(exception) if again else f"{EXPLAINED}{exception}"

    def tell_failure(self, exception: Exception) -> None:
        """Let the history have it, by what failed."""
        history.tell(history.Event(*self.named(), history.FAILED, why=history.why_of(exception)))

    def lost(self, why: str) -> None:
        """Tell, in the run's main process, `why` the process that did this task is gone: it could not do so itself."""
        self.on_failure(AllskyError(why))

    def progress(self, fraction: float, message: str) -> None:
        """Show how far this task is in luigid; a luigid that is away costs nothing but the message.

        Called at least once a day: other machines take the drafts of a process that says nothing for abandoned.
        """
        watching.tell(str(self), watching.GOING_ON, fraction)
        still_at_work()
        with contextlib.suppress(Exception):  # Luigi raises RPCError, and what its fetcher does
            for report, what in (
                (self.set_progress_percentage, round(100 * fraction)),
                (self.set_status_message, message),
            ):
                if report is not None:  # None outside a worker
                    report(what)


@functools.lru_cache(maxsize=1)
def _corpus(output: Path) -> Corpus:
    return Corpus(output)


@functools.lru_cache(maxsize=1)
def _replaced(here: settings.Settings) -> tuple[str, ...]:
    corpus = Corpus(here.output)
    return str(corpus.videos), str(corpus.audit_sheet), str(here.labels_file)


def _moment(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _incomplete(tasks: Iterable[luigi.Task]) -> list[luigi.Task]:
    return [task for task in tasks if not task.complete()]
