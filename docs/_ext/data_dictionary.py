"""Writes the reference tables of the documentation out of the declarations themselves.

`{columns} FRAMES` becomes the columns of `allsky.tables.FRAMES`, `{settings} camera` the keys of the
section `[camera]` of `luigi.cfg`, `{entries} NAME` a dictionary of names and meanings, `{commands} pipeline.cli.main`
what each command of `allsky` does, `{options} label` the options of one. Nothing is said
twice, so nothing can go stale.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import re
from typing import Any, ClassVar

import click
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx

from allsky.tables import Table
from pipeline import cli
from tasks.sections import SECTIONS

# Words that a key may take for "nothing set" (`tasks.configuration.either`).
ABSENT = ("auto", "none", "site", "unknown", "train", "backbone", "model", "assumed")


def markdown_table(headings: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a Markdown table; bars inside cells are escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def declared(name: str) -> Any:
    """The object called `name`: in `allsky.tables` unless its module is named too."""
    module, _, name = name.rpartition(".")
    return getattr(importlib.import_module(module or "allsky.tables"), name)


def columns_of(name: str) -> list[str]:
    """What a row of a table is, and its columns."""
    table: Table = declared(name)
    rows = [[f"`{column.name}`", str(column.type), column.unit, column.meaning] for column in table.columns]
    return [f"A row is {table.row}.", "", *markdown_table(["column", "type", "unit", "meaning"], rows)]


def settings_of(section: str) -> list[str]:
    """The keys of a section, their defaults and meanings."""
    rows = [
        [f"`{key.name}`", default_of(key), key.metadata["meaning"]] for key in dataclasses.fields(SECTIONS[section])
    ]
    return markdown_table(["key", "default", "meaning"], rows)


def entries_of(name: str) -> list[str]:
    """Names and meanings in a dictionary of them."""
    return markdown_table(["name", "meaning"], [[f"`{key}`", meaning] for key, meaning in declared(name).items()])


def commands_of(name: str) -> list[str]:
    """The commands of a group, and what each does; each leads to its own section."""
    group: click.Group = declared(name)
    told = sorted((called, command.help or "") for called, command in group.commands.items())
    rows = [[f"{{ref}}`allsky {called} <command-{called}>`", meaning] for called, meaning in told]
    return markdown_table(["command", "what it does"], rows)


def options_of(name: str) -> list[str]:
    """How a command of `allsky` is called, and its options."""
    command = cli.main.commands[name]
    context = click.Context(command, info_name=f"allsky {name}", help_option_names=[])
    options = [one.get_help_record(context) for one in command.params if isinstance(one, click.Option)]
    # Sphinx would make one dash of the two before an option's name.
    rows = [[f"`{one[0]}`", re.sub(r"(--[\w-]+)", r"`\1`", one[1])] for one in options if one]
    table = markdown_table(["option", "meaning"], rows)
    usage = " ".join([context.info_name or "", *command.collect_usage_pieces(context)])
    return [f"`{usage}`", "", *(table if options else [])]


def default_of(key: dataclasses.Field) -> str:
    """A key's default as one would write it."""
    if key.default is None:
        return word_for_nothing(key)
    if isinstance(key.default, bool):
        return "`yes`" if key.default else "`no`"
    if isinstance(key.default, tuple):
        return f"`{', '.join(map(str, key.default))}`"
    if key.default != key.default or key.default == "":  # nan: no number could be right for everybody
        return "(required)"
    return f"`{key.default:g}`" if isinstance(key.default, float) else f"`{key.default}`"


def word_for_nothing(key: dataclasses.Field) -> str:
    for word in ABSENT:
        with contextlib.suppress(ValueError):
            if key.metadata["read"](word) is None:
                return f"`{word}`"
    return "(absent)"


def plain(line: str) -> str:
    """`line` with every < outside backticks escaped: it would begin an HTML tag."""
    return "`".join(part if place % 2 else part.replace("<", "&lt;") for place, part in enumerate(line.split("`")))


class Generated(Directive):
    """A directive whose Markdown is made by `lines`."""

    required_arguments = 1
    lines: ClassVar[Any]

    def run(self) -> list[nodes.Node]:
        container = nodes.container()
        lines = [plain(line) for line in self.lines(self.arguments[0])]
        self.state.nested_parse(StringList(lines, source=__file__), self.content_offset, container)
        return container.children


class Columns(Generated):
    lines = staticmethod(columns_of)


class Entries(Generated):
    lines = staticmethod(entries_of)


class Settings(Generated):
    lines = staticmethod(settings_of)


class Commands(Generated):
    lines = staticmethod(commands_of)


class Options(Generated):
    lines = staticmethod(options_of)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("columns", Columns)
    app.add_directive("entries", Entries)
    app.add_directive("settings", Settings)
    app.add_directive("commands", Commands)
    app.add_directive("options", Options)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
