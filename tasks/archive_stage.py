"""What every stage is that works on the archive: it begins once the inventory says what the archive holds."""

from __future__ import annotations

import luigi

from tasks import archive
from tasks.base import Stage
from tasks.one_look import looked
from tasks.video_inventory import VideoInventory


class ArchiveStage(Stage):
    """A stage after the inventory."""

    @property
    def inventory(self) -> archive.Inventory:
        inventory = archive.inventory()
        assert inventory is not None, "a stage other than the inventory runs after it"
        return inventory

    def before_all(self) -> list[luigi.Task]:
        return [] if looked(ArchiveStage, _inventory_is_current) else [VideoInventory()]


def _inventory_is_current() -> bool:
    return archive.is_assumed() or VideoInventory().complete()
