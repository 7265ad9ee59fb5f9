"""A month of nights as one table."""

from __future__ import annotations

import pandas as pd

from allsky.tables import MONTH_FRAMES
from tasks.artifacts import TableArtifact
from tasks.base import NotKnownYet
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames
from tasks.periods import MonthStage


class MonthFrames(MonthStage):
    """The frames and conditions of a month's nights.

    A run over part of the month leaves a table of at least those nights, and keeps the ones that are
    already in it: it is complete for a range when the range's nights are in it as they are today.
    """

    dynamic = True

    def needs(self):
        return [NightConditions(night=night) for night in self.selected()]

    def reads(self):
        return [NightFrames(night=night) for night in self.selected()]

    def output(self):
        return TableArtifact(self.corpus.month(self.month), MONTH_FRAMES)

    def ingredients(self):
        return {"nights": {night: NightConditions(night=night).recipe() for night in self.selected()}}

    def is_made(self):
        try:
            wanted = self.ingredients()["nights"]
        except NotKnownYet:
            return False
        held = self.output().notes().get("nights", {})
        in_archive = self.inventory.nights_of_month.get(self.month, [])
        return bool(held) and held.items() >= wanted.items() and set(held) <= set(in_archive)

    def produce(self, output):
        nights = [*self.selected(), *self._others_done()]
        tables = [_night_table(night) for night in sorted(nights)]
        recipes = {night: NightConditions(night=night).recipe() for night in nights}
        told = {night: NightFrames(night=night).output()["frames"].notes() for night in sorted(nights)}
        unusable = {night: notes["problem"] for night, notes in told.items() if "problem" in notes}
        table = pd.concat(tables, ignore_index=True)
        output.write(table, nights=recipes, problems=_problems(told), unusable=unusable)

    def _others_done(self) -> list[str]:
        rest = set(self.inventory.nights_of_month[self.month]) - set(self.selected())
        return [night for night in rest if NightConditions(night=night).is_made()]


def _night_table(night: str) -> pd.DataFrame:
    frames = NightFrames(night=night).output()["frames"].read()
    conditions = NightConditions(night=night).output().read().drop(columns="utc")
    return frames.merge(conditions, on="frame_id", validate="one_to_one").assign(night=night)


def _problems(told: dict[str, dict]) -> dict[str, list[str]]:
    """What was found wrong with each night, by what was noted with its frames."""
    sentences = {
        night: [*notes.get("problems", []), *([notes["problem"]] if "problem" in notes else [])]
        for night, notes in told.items()
    }
    return {night: problems for night, problems in sentences.items() if problems}


def read_months(months: list[str], columns: list[str] | None = None) -> pd.DataFrame:
    """The frames of these months, one table."""
    tables = [MonthFrames(month=month).output().read(columns) for month in months]
    return pd.concat(tables, ignore_index=True) if tables else MONTH_FRAMES.empty()
