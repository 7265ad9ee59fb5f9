"""The `allsky` command line: what a person does beside launching the chain."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from allsky.errors import AllskyError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="allsky-pipeline")
def main() -> None:
    """Years of all-sky video to one report. The chain itself is `luigi --module pipeline FullCorpusReport`."""


class _Explained(click.Command):
    """A command whose known errors are one sentence and exit status 2."""

    def invoke(self, context):
        try:
            return super().invoke(context)
        except AllskyError as error:
            click.echo(f"allsky: {error}", err=True)
            sys.exit(2)


@main.command(cls=_Explained)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--nights", type=click.IntRange(1), help="How many nights; the demonstration's number by default.")
@click.option("--night", "dates", multiple=True, help="A night, YYYY-MM-DD; may be repeated. Overrides --nights.")
@click.option("--cadence", "cadence_s", type=click.IntRange(1), help="Seconds of sky between frames.")
@click.option("--camera", type=click.Choice(["small", "auroramax", "themis"]), help="Which camera; `small` by default.")
@click.option("--fault", "faults", multiple=True, help="Something to go wrong, KIND:NIGHT[:AMOUNT]; may be repeated.")
@click.option("--seed", type=int, help="Seed of weather, aurora and noise.")
def simulate(folder: Path, nights, dates, cadence_s, camera, faults, seed) -> None:
    """Write a simulated archive into FOLDER: videos/, and the truth of every frame in truth/."""
    from pipeline.simulating import CAMERAS, asked_simulation, simulate_archive

    asked = {"cadence_s": cadence_s, "camera": CAMERAS.get(camera), "seed": seed}
    simulate_archive(asked_simulation(nights, dates, faults, **asked), folder, click.echo)


@main.command(cls=_Explained)
@click.option("--night", help="One night, YYYY-MM-DD, stage by stage.")
@click.option("--month", help="One month, YYYY-MM, night by night.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object, with every night.")
def status(night, month, as_json) -> None:
    """Say which nights and stages are done, unusable, stale, failed or missing, and why. Changes nothing."""
    from pipeline.status import status

    click.echo(status(night, month, as_json))


@main.command(cls=_Explained)
@click.option("--first-night", help="First night of the report, as for the run.")
@click.option("--last-night", help="Last night of the report, as for the run.")
@click.option("--nightly", is_flag=True, help="Of NightlyUpdate instead of FullCorpusReport.")
@click.option("--nights", help="Nights of NightlyUpdate, as for the run.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object, with every task.")
def plan(nightly, as_json, **options) -> None:
    """Say what a run would do, and roughly how long it would take. Changes nothing."""
    from pipeline.planning import planned

    click.echo(planned(nightly, as_json, **options))


@main.command(cls=_Explained)
def check() -> None:
    """Read the configuration, and say what it means and what is wrong with it."""
    from pipeline.checking import checked

    found = checked()
    click.echo(found.text)
    found.require()


@main.command(cls=_Explained)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--frames", help="Frames of each video: `all`, or numbers such as 0,25,100; a few by default.")
@click.option(
    "--box", "boxes", multiple=True, help="X,Y,WIDTH,HEIGHT in pixels: look for the clock in there only. Twice for two."
)
@click.option(
    "--format",
    "patterns",
    multiple=True,
    help="How the clock is written, as strftime has it; found by default. Twice where date and time stand apart.",
)
@click.option("--json", "as_json", is_flag=True, help="Print an object a line.")
def clock(files: tuple[Path, ...], frames, boxes, patterns, as_json) -> None:
    """Read the clock burned into FILES (videos, pictures, folders of stills) before anything is configured."""
    from pipeline.showing_clocks import given_clock, show_clocks

    sys.exit(1 if show_clocks(files, frames, as_json, click.echo, given_clock(boxes, patterns)) else 0)


@main.command(cls=_Explained)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", required=True, type=click.Path(path_type=Path), help="Folder of the model.")
@click.option("--explain", is_flag=True, help="Draw where the model sees it, beside each picture.")
@click.option("--method", help="Method that draws it; the one of the reports by default.")
@click.option("--maps", type=click.Path(path_type=Path, file_okay=False), help="Folder for these drawings instead.")
@click.option("--disk", help="X,Y,RADIUS of the sky in the pictures, in pixels; looked for by default.")
@click.option("--json", "as_json", is_flag=True, help="Print an object a line.")
def classify(files: tuple[Path, ...], model: Path, **options) -> None:
    """Tell what a model says of FILES, pictures (or folders of them) of any all-sky camera."""
    from pipeline.classifying import classify_pictures

    warn = partial(click.echo, err=True)
    sys.exit(1 if classify_pictures(files, model, click.echo, warn, **options) else 0)


@main.command(cls=_Explained)
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", type=click.Choice(["netcdf", "csv", "parquet"]), help="By default what TARGET ends with.")
@click.option("--model", help="Whose predictions, where there are several; the latest report's by default.")
@click.option("--first-night", help="First night to export, YYYY-MM-DD.")
@click.option("--last-night", help="Last night to export, YYYY-MM-DD.")
@click.option("--attribute", "attributes", multiple=True, help="NAME=VALUE to say of the file; may be repeated.")
def export(**options) -> None:
    """Write predictions and conditions of every frame into TARGET, described by CF and ACDD."""
    from pipeline.exporting import Exported, export_corpus

    export_corpus(Exported(**options), click.echo)


@main.command(cls=_Explained)
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--check", "frames", multiple=True, type=click.Path(path_type=Path), help="A frame to check with; may be repeated."
)
def export_model(model: Path, target: Path, frames: tuple[Path, ...]) -> None:
    """Write the MODEL in a folder as the ONNX file TARGET, checked on frames (of its validation, by default)."""
    from pipeline import exporting

    exporting.export_model(model, target, frames, click.echo)


@main.command(cls=_Explained)
@click.option("--labeller", metavar="NAME", help="Who answers; your login name by default.")
@click.option("--sheet", "only", type=click.Choice(["training", "audit"]), help="Only one of the sheets.")
@click.option("--show-predictions", is_flag=True, help="Show what the model says; answers then carry a mark.")
@click.option("--model", help="Which model's predictions, where there are several.")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="Another file than [labels] file.")
@click.option("--budget", is_flag=True, help="Say how many labels and nights intervals of a given width need, and end.")
@click.option("--width", default=0.1, help="With --budget: the width, as a share; 0.1 by default.")
@click.option("--rate", default=0.05, help="With --budget: the error rate supposed; 0.05 by default.")
@click.option("--icc", default=0.3, help="With --budget: the correlation supposed within a night; 0.3 by default.")
@click.option("--occurrence", default=0.3, help="With --budget: the share of positive frames supposed; 0.3 by default.")
@click.option("--persistence", default=0.3, help="With --budget: that from a night to the next; 0.3 by default.")
@click.option("--agreement", is_flag=True, help="Say how far labellers agree, and end.")
@click.option("--adjudicate", is_flag=True, help="Settle the frames on which labellers disagree.")
@click.option("--next", "propose", type=click.IntRange(1), help="So many frames that would teach most, instead.")
@click.option("--import", "source", type=click.Path(path_type=Path), help="Take in a CSV, JSON, or folders.")
@click.option("--export", "target", type=click.Path(path_type=Path), help="Write NAME.csv, NAME.json, or folders.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the page; 8083, or a free one, by default.")
@click.option("--open", "browser", is_flag=True, help="Open the page in a browser.")
def label(**options) -> None:
    """Answer the frames that were drawn, on a page in the browser, one key each."""
    from pipeline.labelling.command import Asked, label_command

    label_command(click.echo, Asked(**options))
