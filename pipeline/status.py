"""`allsky status`: where nights and stages stand, as a person reads it or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from allsky.errors import BadConfiguration
from tasks import archive, history, scan, settings, standing
from tasks.camera_epochs import stored_suggestions
from tasks.foreseen_archive import look_ahead, undated
from tasks.full_corpus_report import FullCorpusReport
from tasks.standing import DONE, FAILED, STALE, STATES, UNUSABLE, Standing

Nights = dict[str, dict[str, Standing]]

# What a stage is called in the head of a table.
HEADS = {
    "VideoInventory": "video",
    "NightClock": "clock",
    "NightFrames": "frames",
    "NightConditions": "conditions",
    "MonthFrames": "month",
    "MonthClockAudit": "clock audit",
    "MonthPredictions": "predictions",
    "MonthKeograms": "keogram",
}
# Nights named of those that share a reason, and so many reasons told.
NAMED, TOLD = 3, 20
# The states that have a reason, in the order in which these are told.
WORST_FIRST = (FAILED, STALE, UNUSABLE)
# How a night's video or folder is called in a reason that several nights share.
ITS_FILE = "its file"


def status(night: str | None = None, month: str | None = None, as_json: bool = False) -> str:
    """The account of the whole corpus, of one month or of one night."""
    look_ahead()
    here = settings.current()
    ends = history.Ends(history.read_all(here.output))
    report = FullCorpusReport()
    model = standing.model_in_force(report)
    months = dict(standing.months(model, ends, night[:7] if night else month))
    _require(night, month, months)
    if as_json:
        return _json(night, months, {} if night or month else standing.corpus(report, model, ends))
    if night:
        return "\n".join(_night_lines(night, months[night[:7]][night]))
    if month:
        return "\n".join(_table([(one, 1, stages.items()) for one, stages in months[month].items()]))
    nights = _counted_as(sum(map(len, months.values())), "night")
    head = f"camera {here.site.name}: {nights} in {_counted_as(len(months), 'month')}, model {model}"
    return "\n".join([head, *_corpus_lines(months, standing.corpus(report, model, ends))])


def _counted_as(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _require(night: str | None, month: str | None, months: Mapping[str, Nights]) -> None:
    left_out = f". {told}" if (told := scan.why_left_out()) else ""
    if not months and (night or month):
        raise BadConfiguration(f"no night of the archive lies in {month or night}{left_out}")
    if night and night not in months[night[:7]]:
        held = ", ".join(months[night[:7]])
        raise BadConfiguration(f"{night} is no night of the archive; those of its month are {held}{left_out}")


def _json(night: str | None, months: Mapping[str, Nights], corpus: Mapping[str, Standing]) -> str:
    nights = {
        one: {stage: asdict(where) for stage, where in stages.items()}
        for held in months.values()
        for one, stages in held.items()
        if night in (None, one)
    }
    return json.dumps({"nights": nights, "corpus": {name: asdict(where) for name, where in corpus.items()}})


# One night.


def _night_lines(night: str, stages: Mapping[str, Standing]) -> Iterator[str]:
    yield night
    table = archive.inventory().table  # type: ignore[union-attr]
    for file in table[table["night"] == night].itertuples():
        problem = f"  {file.problem}" if isinstance(file.problem, str) else ""
        kind = "folder" if file.video.endswith("/") else "file"
        yield f"  {kind:<11}  {file.video}  {file.bytes / 1e6:,.1f} MB{problem}"
    for stage, where in stages.items():
        yield f"  {HEADS[stage]:<11}  {where.state:<8}  {where.why}".rstrip()
    log = FullCorpusReport().corpus.log(night)
    if log.exists():
        yield f"  log          {log}"


# The corpus.


def _corpus_lines(months: Mapping[str, Nights], corpus: Mapping[str, Standing]) -> Iterator[str]:
    if left_out := scan.why_left_out():
        yield left_out
    if count := undated():
        yield f"{count} new videos have no date in their name: a run reads it from their frames"
    yield ""
    if months:
        yield from _table(_spans(months))
        yield ""
        yield from _reasons(months)
    for name, where in corpus.items():
        yield f"{name:<21}  {where.state:<8}  {where.why}".rstrip()
    if told := stored_suggestions():
        yield ""
        yield from told


def _spans(months: Mapping[str, Nights]) -> Iterator[tuple[str, int, list]]:
    """Months with the states of their nights, those that follow one another with everything done as one."""
    span: list[str] = []
    for month, nights in [*months.items(), ("", {})]:
        finished = bool(nights) and all(where.state == DONE for stages in nights.values() for where in stages.values())
        if span and not finished:
            held = [pair for one in span for stages in months[one].values() for pair in stages.items()]
            name = span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}"
            yield name, sum(len(months[one]) for one in span), held
            span = []
        if finished:
            span.append(month)
        elif month:
            yield month, len(nights), [pair for stages in nights.values() for pair in stages.items()]


def _table(rows: Iterable[tuple[str, int, Iterable[tuple[str, Standing]]]]) -> list[str]:
    """A line for each (name, nights, states by stage): `done`, or how many nights are in which state."""
    counted = [(name, nights, _counted(states)) for name, nights, states in rows]
    stages = [stage for stage in HEADS if any(stage in counts for _, _, counts in counted)]
    lines = [["", "nights", *(HEADS[stage] for stage in stages)]]
    for name, nights, counts in counted:
        lines.append([name, f"{nights:,}", *(_cell(counts.get(stage, Counter()), nights) for stage in stages)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _counted(states: Iterable[tuple[str, Standing]]) -> dict[str, Counter]:
    counts: dict[str, Counter] = {}
    for stage, where in states:
        counts.setdefault(stage, Counter())[where.state] += 1
    return counts


def _cell(counts: Counter, nights: int) -> str:
    if len(counts) == 1 and counts.total() == nights:
        return next(iter(counts))
    return ", ".join(f"{counts[state]:,} {state}" for state in STATES if counts[state])


def _reasons(months: Mapping[str, Nights]) -> Iterator[str]:
    """Why nights are failed, stale or unusable: each reason once, by the first stage that has it, with its nights."""
    reasons: dict[tuple[str, str, str], list[str]] = {}
    files = archive.inventory().files_of_night  # type: ignore[union-attr]
    for nights in months.values():
        for night, stages in nights.items():
            for (state, why), stage in _first_stages(files.get(night, []), stages).items():
                reasons.setdefault((state, stage, why), []).append(night)
    told = sorted(reasons.items(), key=lambda one: (WORST_FIRST.index(one[0][0]), -len(one[1])))
    for (state, stage, why), held in told[:TOLD]:
        named = ", ".join(held[:NAMED]) + (", ..." if len(held) > NAMED else "")
        yield f"{state}: {HEADS[stage]} of {_counted_as(len(held), 'night')} ({named}): {why}"
    if len(told) > TOLD:
        yield f"and {len(told) - TOLD:,} more: `allsky status --json`"
    if told:
        yield ""


def _first_stages(files: Iterable[str], stages: Mapping[str, Standing]) -> dict[tuple[str, str], str]:
    """The first stage of each state and reason: those after it often have nothing else to say."""
    first: dict[tuple[str, str], str] = {}
    for stage, where in stages.items():
        if where.why and where.state in WORST_FIRST:
            first.setdefault((where.state, _whatever_the_file(where.why, files)), stage)
    return first


def _whatever_the_file(why: str, files: Iterable[str]) -> str:
    """The reason without the names of the night's own `files`, by which no two nights would share one."""
    line = history.reason(why)
    for file in files:
        if last := Path(file).name:  # the archive's own folder has none
            line = line.replace(file, ITS_FILE).replace(last + "/" * file.endswith("/"), ITS_FILE)
    return line.removeprefix(f"{ITS_FILE}: ")
