"""What is there to know of a report for those who gather what it tells?"""

from __future__ import annotations

from typing import Protocol

from allsky.corpus import Corpus
from tasks.archive import Inventory
from tasks.settings import Settings


class Reported(Protocol):
    """A report: which nights it is of, in which corpus, by which model."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    @property
    def corpus(self) -> Corpus:
        """Where everything lies."""

    @property
    def inventory(self) -> Inventory:
        """The archive."""

    @property
    def ranged(self) -> bool:
        """Whether it is of a part of the archive's nights."""

    def nights(self) -> list[str]:
        """Its nights."""

    def months(self) -> dict[str, str]:
        """Each of its months, and what of it lies within."""

    def model(self) -> str:
        """The model's name, or `none`."""

    def recipe(self) -> str:
        """The recipe that makes it."""
