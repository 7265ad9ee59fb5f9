"""Stages of one night, and of one month of nights."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import luigi

from tasks import engine, history
from tasks.archive_stage import ArchiveStage
from tasks.artifacts import Artifact
from tasks.base import NotKnownYet
from tasks.ingredients import outline
from tasks.night_log import night_log
from tasks.selection import ALL, selected


class NightStage(ArchiveStage):
    """A stage of one night."""

    night = luigi.Parameter(description="date of the night's evening, YYYY-MM-DD")
    # Nights outrank months, or every month would open before a night is done.
    priority = 20

    def amount(self) -> float:
        return sum(video.bytes for video in self.inventory.videos[self.night])

    @contextlib.contextmanager
    def _recorded(self) -> Iterator[None]:
        with night_log(self.corpus.log(self.night)), super()._recorded():
            yield

    def is_made(self) -> bool:
        return self.night in self.inventory.videos and super().is_made()

    def lost(self, why: str) -> None:
        with night_log(self.corpus.log(self.night)):
            super().lost(why)


class MonthStage(ArchiveStage):
    """A stage of one month of nights; `nights` restricts it to FIRST_LAST within the month."""

    month = luigi.Parameter(description="calendar month of nights, YYYY-MM")
    nights = luigi.Parameter(default=ALL, description="`all`, or a part: nights and FIRST_LAST, joined by commas")
    priority = 10

    def amount(self) -> float:
        return len(self.selected())

    def selected(self) -> list[str]:
        """The month's nights that are in the archive and asked for."""
        return selected(self.nights, self.inventory.nights_of_month.get(self.month, []))


class LandingMonthStage(MonthStage):
    """A month's work done in one go, each night landing on its own; a night that fails keeps no other from it."""

    def process_resources(self) -> dict[str, int]:
        # A cluster's workers have resources of their own.
        return super().process_resources() if self.settings.execution.engine == "local" else {}

    def night_artifacts(self, night: str) -> dict[str, Artifact]:
        raise NotImplementedError

    def night_ingredients(self, night: str) -> Mapping[str, Any]:
        raise NotImplementedError

    def make_ready(self, nights: list[str], expected: int) -> None:
        """Make ready what `nights` share; this process can expect so many nights like these in all."""

    def produce_night(self, night: str, output: Any) -> None:
        """Get, compute, put: write one night's drafts in `output`."""
        raise NotImplementedError

    def night_recipe(self, night: str) -> str:
        return self._digest(self.night_ingredients(night))

    def amount(self) -> float:
        return len(self.missing_nights())

    def output(self):
        return [artifact for night in self.selected() for artifact in self.night_artifacts(night).values()]

    def ingredients(self) -> Mapping[str, Any]:
        return {"nights": {night: self.night_recipe(night) for night in self.selected()}}

    def missing_nights(self) -> list[str]:
        return [night for night in self.selected() if not self.landed(night)]

    def landed(self, night: str) -> bool:
        try:
            *others, record = self.night_artifacts(night).values()
            return record.recipe() == self.night_recipe(night) and all(artifact.exists() for artifact in others)
        except NotKnownYet:
            return False

    def night_made_of(self, night: str) -> dict[str, Any]:
        """What one night's artifact is made of, in short."""
        return outline(self._versioned(self.night_ingredients(night)))

    def is_made(self) -> bool:
        return not self.missing_nights()

    def work(self) -> None:
        # Another run may have landed the last ones since this was asked.
        if nights := self.missing_nights():
            engine.current().land(self, nights)

    def tell_failure(self, exception: Exception) -> None:
        own = exception.failures if isinstance(exception, engine.NightsNotDone) else {}
        stage, parameters = self.named()
        nights = {night: why for (of, night), why in own.items() if of == stage}
        for night, why in nights.items():
            history.tell(history.Event(stage, parameters | {"nights": night}, history.FAILED, why=why))
        if not nights:
            super().tell_failure(exception)

    def land(self, night: str) -> None:
        """Do one night, and put it in place."""
        artifacts, ingredients = self.night_artifacts(night), self.night_ingredients(night)
        there = partial(self.landed, night)
        with night_log(self.corpus.log(night)) as note, self.publishing(artifacts, ingredients, there) as output:
            self.produce_night(night, output)
        note(f"{self}")
