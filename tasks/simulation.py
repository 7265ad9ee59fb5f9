"""The demonstration archive: what there is before there is an inventory."""

from __future__ import annotations

import dataclasses
import functools

import luigi

from allsky.errors import BadConfiguration
from allsky.simulator import VERSION, Simulation, demo_simulation, simulate_night, video_name
from tasks import settings
from tasks.artifacts import FileArtifact, FolderArtifact
from tasks.base import Stage


@functools.cache
def simulation() -> Simulation:
    """The archive to simulate: the embedded one, with what [simulation] changes of it."""
    here = settings.current()
    asked = here.simulation
    whole = demo_simulation()
    nights = asked.nights if isinstance(asked.nights, tuple) else whole.nights[: asked.nights]
    cadence_s = asked.cadence_s or whole.cadence_s
    seed = whole.seed if asked.seed is None else asked.seed
    return dataclasses.replace(whole, site=here.site, nights=nights, cadence_s=cadence_s, seed=seed)


class SimulatedNight(Stage):
    """One simulated night: its video, and the truth of every frame."""

    night = luigi.Parameter(description="date of the night's evening, YYYY-MM-DD")
    priority = 200

    def output(self):
        root = self.settings.output / "simulated"
        truth = FolderArtifact(root / "truth" / f"night={self.night}")
        return {"truth": truth, "video": FileArtifact(root / "videos" / video_name(simulation(), self.night))}

    def ingredients(self):
        described = dataclasses.asdict(simulation())
        del described["nights"]  # a night does not depend on which others there are
        return {"night": self.night, "simulation": described, "simulator": VERSION}

    def produce(self, output):
        folder = output["truth"].path
        simulate_night(simulation(), self.night, folder, folder)
        if not any(folder.iterdir()):
            raise BadConfiguration(f"[simulation] nights: it does not get dark on {self.night} at this latitude")
        (folder / f"night={self.night}" / "truth.parquet").rename(folder / "truth.parquet")
        (folder / f"night={self.night}").rmdir()
        (folder / self.output()["video"].path.name).rename(output["video"].path)


class SimulatedArchive(Stage):
    """All simulated nights."""

    priority = 150

    def needs(self):
        return [SimulatedNight(night=night) for night in simulation().nights]

    def output(self):
        return FileArtifact(self.settings.output / "simulated" / "archive.txt")

    def ingredients(self):
        return {"nights": {night: SimulatedNight(night=night).recipe() for night in simulation().nights}}

    def produce(self, output):
        nights = simulation().nights
        output.path.write_text(f"{len(nights)} simulated nights from {nights[0]} to {nights[-1]}\n")
