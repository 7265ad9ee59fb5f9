"""The demonstration archive, and the labeller who answers for a person in it."""

from __future__ import annotations

import dataclasses
import functools

import luigi
import pandas as pd

from allsky.errors import BadConfiguration
from allsky.simulator import VERSION, Simulation, demo_simulation, simulate_night, simulated_answers, video_name
from allsky.tables import LABELS, SHEET
from tasks import settings
from tasks.artifacts import FileArtifact, FolderArtifact, TableArtifact
from tasks.base import Stage
from tasks.sheets import AuditSheet, LabelSheet


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


class SimulationStage(Stage):
    """A stage that comes before there is an archive."""

    def inventory_is_current(self):
        return True


class SimulatedNight(SimulationStage):
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


class SimulatedArchive(SimulationStage):
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


class SimulatedLabels(Stage):
    """The simulated labeller's answers for every frame on the sheets."""

    def needs(self):
        return [LabelSheet(), AuditSheet()]

    def output(self):
        return FileArtifact(self.settings.labels_file)

    def _standing(self):
        return (*super()._standing(), *(path.stat().st_mtime_ns for path in self.corpus.scored_sheets))

    def ingredients(self):
        # What was drawn for models since is answered too, once it is there.
        scored = [TableArtifact(path, SHEET).recipe() for path in self.corpus.scored_sheets]
        return {"sheets": [LabelSheet().recipe(), AuditSheet().recipe(), *scored], "seed": simulation().seed}

    def produce(self, output):
        wanted = pd.concat([TableArtifact(path, SHEET).read() for path in self.corpus.sheets])
        wanted = wanted.drop_duplicates(["video", "frame_index"])
        answers = [self._answers(night, rows) for night, rows in wanted.groupby("night")]
        table = pd.concat(answers, ignore_index=True) if answers else LABELS.empty()
        table[LABELS.names].to_csv(output.path, index=False)

    def _answers(self, night: str, wanted: pd.DataFrame) -> pd.DataFrame:
        truth = pd.read_parquet(SimulatedNight(night=night).output()["truth"].path / "truth.parquet")
        return simulated_answers(truth, wanted, simulation().seed)
