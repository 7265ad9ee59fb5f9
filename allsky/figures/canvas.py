"""How do all figures look, and how does a figure become an SVG or a PNG?

Figures are built on `matplotlib.figure.Figure` alone: no pyplot, no current figure, no backend to choose. Ink, paper
and the few meaningful colours are fixed hexadecimal values; in an SVG meant for a page they become CSS variables, so
that the same drawing is right on a light page, on a dark one and on paper.
"""

from __future__ import annotations

import io
import re
from html import escape
from typing import Literal

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

INK, MUTED, RULE, PAPER = "#1b2631", "#5a6876", "#cfd6de", "#fefefe"

# Okabe & Ito's palette (Color Universal Design, 2008): told apart with any colour vision.
FALSE_POSITIVE, FALSE_NEGATIVE, POSITIVE, BROKEN = "#d55e00", "#0072b2", "#009e73", "#cc79a7"

# Ink on the dark colours below, which are the same on every page.
LIGHT_INK, DARK_INK = "#f2f5f8", "#10161d"
# From dark to bright, so that the order survives in grey.
SOLAR_COLORS = {
    "Night": "#16213e",
    "Astronomical": "#3f4f8c",
    "Nautical": "#8d83b7",
    "Civil": "#e0a98a",
    "Day": "#f7dc9c",
}
LUNAR_COLORS = {"No_Moon": "#2f3742", "Moon_Quarter": "#93a0ac", "Moon_Full": "#f3ead0"}

CSS_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAPER: "--paper",
    FALSE_POSITIVE: "--false-positive",
    FALSE_NEGATIVE: "--false-negative",
    POSITIVE: "--positive",
    BROKEN: "--broken",
}

TEXT_SIZE = 9.0
SMALL_TEXT = 7.8
# A heat map's strongest shade: text in ink stays readable on it, on light and on dark paper.
STRONGEST = 0.5


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of this size [inch] that arranges its axes itself."""
    return Figure(figsize=(width, height), layout="constrained", facecolor=PAPER)


def dress(
    ax: Axes, *, title: str = "", x: str = "", y: str = "", grid: Literal["x", "y", "both"] | None = None
) -> Axes:
    """The house style on one pair of axes."""
    ax.set_facecolor("none")
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set(color=MUTED, linewidth=0.7)
    ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=TEXT_SIZE, width=0.7, length=3)
    if title:
        ax.set_title(title, loc="left", fontsize=TEXT_SIZE + 0.5, color=INK, fontweight="bold")
    ax.set_xlabel(x, fontsize=TEXT_SIZE, color=MUTED)
    ax.set_ylabel(y, fontsize=TEXT_SIZE, color=MUTED)
    if grid:
        ax.grid(axis=grid, color=RULE, linewidth=0.6)
        ax.set_axisbelow(True)
    return ax


def bare(ax: Axes, *, title: str = "") -> Axes:
    """Axes without frame and tick marks, as tables and calendars want them."""
    dress(ax, title=title)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0)
    return ax


def days(utc: pd.Series) -> np.ndarray:
    """Instants as matplotlib counts them, in days of UTC; NaN where unknown."""
    return date2num(utc.dt.tz_convert(None).to_numpy())


def label_times(axis: Axis, most: int = 12) -> None:
    """Round hours of UTC along an axis, the date once at its end, written as everywhere else: YYYY-MM-DD."""
    locator = AutoDateLocator(minticks=2, maxticks=most, tz="UTC")
    dates = ["", "%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d %H:%M"]
    axis.set_major_locator(locator)
    midnights = ["", "%Y", "%b", "%b %d", "%H:%M", "%H:%M"]
    axis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC", offset_formats=dates, zero_formats=midnights))
    axis.get_offset_text().set(color=MUTED, fontsize=SMALL_TEXT)


def shade_of(value: float, strongest_value: float) -> float:
    """Opacity that shows `value` on a scale from 0 to `strongest_value`."""
    if not strongest_value > 0:
        return 0.0
    return STRONGEST * min(max(value / strongest_value, 0.0), 1.0)


def heat_tile(ax: Axes, x: float, y: float, width: float, height: float, color: str, opacity: float) -> None:
    """A tile of a heat map with its corner at (x, y): `color` over the paper, and a hairline around it."""
    ax.add_patch(Rectangle((x, y), width, height, facecolor=color, alpha=opacity, linewidth=0))
    ax.add_patch(Rectangle((x, y), width, height, facecolor="none", edgecolor=RULE, linewidth=0.5))


def empty_tile(ax: Axes, x: float, y: float, width: float, height: float) -> None:
    """A hatched tile: nothing was measured here."""
    ax.add_patch(Rectangle((x, y), width, height, facecolor="none", edgecolor=RULE, linewidth=0.5, hatch="////"))


def sentence_figure(sentence: str, width: float = 7.0, height: float = 1.2) -> Figure:
    """A figure that says in words why there is nothing to draw."""
    figure = new_figure(width, height)
    ax = bare(figure.add_subplot())
    ax.set(xticks=[], yticks=[])
    ax.text(0.5, 0.5, sentence, ha="center", va="center", fontsize=TEXT_SIZE, color=MUTED, transform=ax.transAxes)
    return figure


def png(figure: Figure, dots_per_inch: int = 144) -> bytes:
    """`figure` as a PNG, byte for byte the same for the same drawing."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return buffer.getvalue()


def inline_svg(figure: Figure, name: str, description: str) -> str:
    """`figure` as an `<svg>` element for an HTML page.

    Its colours are CSS variables with the printed colour as fallback, its text is text in the page's own font, its
    identifiers begin with `name` (unique in the page), and `description` is what a screen reader says.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", dpi=180, transparent=True, metadata={"Date": None, "Creator": None})
    markup = buffer.getvalue()
    markup = markup[markup.index("<svg") :]
    markup = _with_own_identifiers(_with_page_fonts(_with_css_colors(markup)), name)
    opening = f'<svg role="img" aria-label="{escape(description, quote=True)}"'
    return re.sub(r"<metadata>.*?</metadata>", "", markup.replace("<svg", opening, 1), flags=re.DOTALL)


def _with_css_colors(markup: str) -> str:
    for color, variable in CSS_VARIABLES.items():
        markup = markup.replace(color, f"var({variable}, {color})")
    return markup


def _with_page_fonts(markup: str) -> str:
    markup = re.sub(r"(font: [^;]*?px )[^;\"]*", r"\1var(--figure-font, sans-serif)", markup)
    return re.sub(r"font-family: [^;\"]*", "font-family: var(--figure-font, sans-serif)", markup)


def _with_own_identifiers(markup: str, name: str) -> str:
    """Groups lose their identifiers (nothing refers to them); the others become unique within a page."""
    markup = re.sub(r'<g id="[^"]*"', "<g", markup)
    markup = re.sub(r' (?:width|height)="[\d.]+pt"', "", markup)
    markup = re.sub(r'(\sid=")', rf"\1{name}-", markup)
    return re.sub(r"(href=\"#|url\(#)", rf"\1{name}-", markup)
