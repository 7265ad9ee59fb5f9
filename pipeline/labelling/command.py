"""What `allsky label` does: opens the page on the frames that wait, or says what there is to say."""

from __future__ import annotations

import getpass
import webbrowser
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from allsky.errors import BadConfiguration, BadLabels
from allsky.figures.words import is_number
from allsky.labels.answers import ADJUDICATED
from allsky.labels.file import LabelFile
from allsky.labels.queue import asked_of
from allsky.labels.roles import roles_of
from allsky.statistics.agreement import agreement_table, disagreements, settling_counts
from allsky.statistics.budget import Assumptions, label_budget
from pipeline.labelling.budget_words import budget_lines
from pipeline.labelling.desk import Desk
from pipeline.labelling.exchange import give_out, take_in
from pipeline.labelling.material import Material, open_material, predictions, read_frames
from pipeline.labelling.proposals import worth_labelling
from pipeline.labelling.server import PORT, serve
from tasks import settings

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Asked:
    """The options of `allsky label`; what each means stands with the command (pipeline/cli.py)."""

    labeller: str | None = None
    only: str | None = None
    show_predictions: bool = False
    model: str | None = None
    file: Path | None = None
    budget: bool = False
    width: float = 0.1
    rate: float = Assumptions.rate
    icc: float = Assumptions.icc
    occurrence: float = Assumptions.occurrence
    persistence: float = Assumptions.persistence
    adjudicate: bool = False
    agreement: bool = False
    propose: int | None = None
    source: Path | None = None
    target: Path | None = None
    port: int | None = None
    browser: bool = False

    def __post_init__(self):
        modes = [option for option, value in self.modes.items() if value]
        if len(modes) > 1:
            raise BadConfiguration(f"{' and '.join(modes)}: one of them at a time")

    @property
    def modes(self) -> dict[str, object]:
        """What is asked for instead of the sheets' page, by option; at most one."""
        return {
            "--budget": self.budget,
            "--agreement": self.agreement,
            "--adjudicate": self.adjudicate,
            "--next": self.propose,
            "--import": self.source,
            "--export": self.target,
        }


def label_command(tell: Tell, asked: Asked) -> None:
    """`allsky label`."""
    if asked.budget:
        return say_budget(asked, tell)
    material = open_material(settings.current(), asked.file, to_read=bool(asked.target or asked.agreement))
    name = asked.labeller or getpass.getuser()
    if asked.source:
        return take_in(material, asked.source, name, tell)
    if asked.target:
        return give_out(material, asked.target, tell)
    if asked.agreement or asked.adjudicate:
        say_agreement(material, tell)
    if not asked.agreement:
        open_page(desk_for(material, name, asked), material.corpus.root / "images", asked.port, asked.browser, tell)


def desk_for(material: Material, labeller: str, asked: Asked) -> Desk:
    """The desk that was asked for."""
    if asked.adjudicate:
        return settle(material, labeller)
    if labeller == ADJUDICATED:
        raise BadLabels(f"'{ADJUDICATED}' is the name under which disagreements are settled: use `--adjudicate`.")
    return label_proposed(material, labeller, asked) if asked.propose else label_sheets(material, labeller, asked)


def say_budget(asked: Asked, tell: Tell) -> None:
    """What intervals of the width asked for cost, before anybody starts."""
    here = settings.current()
    supposed = Assumptions(asked.rate, asked.icc, asked.occurrence, asked.persistence)
    per_cell = here.labels.per_cell
    frames = read_frames(here)
    budget = label_budget(frames, asked.width, supposed, per_cell=per_cell, **here.drawing)
    for line in budget_lines(budget, asked.width, supposed, per_cell, here.labels.audit_share, here.labels.positive):
        tell(line)


def label_sheets(material: Material, labeller: str, asked: Asked) -> Desk:
    """The desk of the drawn frames, of both sheets or of one."""
    sheet = material.sheet
    if asked.only:
        sheet = sheet[(sheet["role"] == "audit") == (asked.only == "audit")]
    labels, seed = material.labels(), material.settings.labels.seed
    mine = asked_of(sheet, labels, labeller, seed)
    return _desk(
        material,
        mine["frame_id"],
        labeller,
        own=_own(labels, labeller),
        taken=lambda: set(sheet["frame_id"]) - set(asked_of(sheet, material.labels(), labeller, seed)["frame_id"]),
        hints=_said(material, asked.model) if asked.show_predictions else {},
        # An answer that was given with the prediction in sight is not blind, and says so.
        remark="predictions shown" if asked.show_predictions else "",
    )


def label_proposed(material: Material, labeller: str, asked: Asked) -> Desk:
    """The desk of the frames of training nights that would teach most; blind, like any other."""
    labels = material.labels()
    proposed = worth_labelling(material, labels, asked.propose or 0, asked.model)
    return _desk(material, proposed, labeller, title="Label what teaches most")


def _desk(material: Material, frame_ids: Iterable[str], labeller: str, **rest) -> Desk:
    return Desk(
        queue=material.pictures(frame_ids),
        sky=material.usable,
        file=LabelFile(material.file),
        labeller=labeller,
        classes=material.answers,
        cloud_key=material.settings.labels.cloud_key or "",
        **rest,
    )


def settle(material: Material, adjudicator: str) -> Desk:
    """The desk of the frames on which labellers disagree; what each said stands beside the frame, without names."""
    labels = material.labels()
    open_ones = disagreements(material.by_class(), adjudicated_too=True)
    hints = {row.frame_id: _without_names(row.answers) for row in open_ones.itertuples()}
    return _desk(
        material,
        open_ones["frame_id"],
        ADJUDICATED,
        own=_own(labels, ADJUDICATED),
        taken=lambda: set(_own(material.labels(), ADJUDICATED)),
        hints=hints,
        remark=f"by {adjudicator}",
        person=adjudicator,
        title="Settle disagreements",
    )


def open_page(desk: Desk, images: Path, port: int | None, browser: bool, tell: Tell) -> None:
    """Serve the page until Ctrl-C, and say where, before and after, things stand; nothing to show, nothing served."""
    if desk.queue.empty:
        tell(f"{desk.title}: there is no frame to show.")
        return
    counts = desk.state()
    tell(f"{counts['total'] - counts['done']} of {counts['total']} frames wait; answers go to {desk.file.path}")

    def ready(address: str) -> None:
        tell(f"Open this in a browser on this machine, and stop with Ctrl-C:\n  {address}")
        if browser:
            webbrowser.open(address)

    try:
        serve(desk, images, port, ready)
    except OSError as error:
        raise BadConfiguration(
            f"--port {port or PORT}: the page cannot be served there ({error.strerror}); choose another"
        ) from None
    counts = desk.state()
    tell(f"{counts['done']} of {counts['total']} answered, {len(desk.waiting)} wait.")


def say_agreement(material: Material, tell: Tell) -> None:
    """How far labellers agree, and what is left to settle."""
    labels = material.by_class()
    roles = roles_of(material.frames["night"], **material.settings.drawing)
    table = agreement_table(labels, material.frames, roles)
    if table.empty:
        people = ", ".join(sorted(set(labels["labeller"]) - {ADJUDICATED})) or "nobody"
        tell(
            f"No audit frame has been answered by two people (labellers: {people}). A second person starts `allsky"
            " label --labeller NAME`: one in ten audit frames comes to both."
        )
    for row in table.itertuples():
        tell(
            f"{row.first} and {row.second}, {'every answer' if row.answers == 'all' else 'where neither was unsure'}:"
            f" {row.agreement:.1%}{_in_brackets(row.agreement_low, row.agreement_high, 100, 1)} of {row.n_frames} audit"
            f" frames of {row.n_nights} nights alike; Cohen's kappa {row.kappa:.2f}"
            f"{_in_brackets(row.kappa_low, row.kappa_high)}"
        )
    counts = settling_counts(labels)
    tell("; ".join(f"{kind}: {number} frame{'s' * (number != 1)}" for kind, number in counts.items()))
    if counts["disagreement"]:
        tell("Frames on which labellers disagree count as unsure until `allsky label --adjudicate` settles them.")


def _in_brackets(low: float, high: float, scale: int = 1, digits: int = 2) -> str:
    return f" ({scale * low:.{digits}f} to {scale * high:.{digits}f})" if is_number(low) else ""


def _own(labels: pd.DataFrame, labeller: str) -> dict[str, str]:
    mine = labels[labels["labeller"] == labeller]
    return dict(zip(mine["frame_id"], mine["label"], strict=True))


def _said(material: Material, model: str | None) -> dict[str, str]:
    said = predictions(material.corpus, model).set_index("frame_id")
    chances = said[[f"p_{name}" for name in material.classes if f"p_{name}" in said]]
    return {
        str(name): "model: " + ", ".join(f"{column[2:]} {value:.0%}" for column, value in row.items())
        for name, row in chances.iterrows()
    }


def _without_names(answers: dict[str, str]) -> str:
    """What labellers said, in order of the alphabet: whose answer it was must not weigh."""
    return "answers: " + ", ".join(sorted(label.replace("_", " ") for label in answers.values()))
