"""What did the sky do in one night, minute by minute? The keogram with what was known beneath it.

Time runs evenly from left to right; minutes without a frame stay blank and are never stretched over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.figures.canvas import (
    DARK_INK,
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    INK,
    LIGHT_INK,
    LUNAR_COLORS,
    MUTED,
    POSITIVE,
    RULE,
    SMALL_TEXT,
    SOLAR_COLORS,
    TEXT_SIZE,
    days,
    dress,
    label_times,
    new_figure,
)
from allsky.figures.words import in_words

SUN_COLOR, MOON_COLOR = FALSE_POSITIVE, FALSE_NEGATIVE
# Ends of civil, nautical and astronomical twilight, degrees.
TWILIGHTS = (-6, -12, -18)
# Side of a thumbnail; so many of them fit beside each other.
THUMBNAIL_POINTS, THUMBNAILS = 52.0, 11


def night_figure(
    night: str,
    image: np.ndarray,
    start: datetime,
    end: datetime,
    sky: pd.DataFrame,
    predictions: pd.DataFrame | None = None,
    positive: str = "",
    *,
    ends: tuple[str, str] = ("top of image", "bottom of image"),
    rim_deg: float | None = None,
    local: tzinfo | None = None,
    title: str = "",
    thumbnails: Sequence[tuple[datetime, np.ndarray]] = (),
) -> Figure:
    """The keogram of `night` over its conditions, sun, moon and, where there is a model, its predictions.

    `image` is the keogram, uint8 (height, width, 3 or 4), its columns evenly from `start` to `end` (UTC); a fourth
    channel of 0 leaves a column blank. `sky` holds the night's frames (`utc`, solar_bin, lunar_bin, sun and moon
    altitude, illuminated fraction), `predictions` the rows of the night (`utc`, `p_<positive>`, `predicted`). `ends`
    names the keogram's upper and lower edge; where its rows are even steps of zenith angle up to `rim_deg` on either
    side, elevations are marked. `local` is the zone of the upper axis. `thumbnails` are frames of the night, each with
    its instant, uint8 (size, size, 3).
    """
    heights = [5.0, *([1.35] if thumbnails else []), *([1.3] if predictions is not None else []), 0.55, 1.6]
    figure = new_figure(10.0, 0.62 * sum(heights) + 0.6)
    axes = list(figure.subplots(len(heights), 1, sharex=True, height_ratios=heights))
    _keogram(axes[0], image, start, end, ends, rim_deg)
    axes[0].set_title(title or f"Night of {night}", loc="left", fontsize=TEXT_SIZE + 1, color=INK, fontweight="bold")
    if thumbnails:
        _thumbnails(axes[1], thumbnails)
    if predictions is not None:
        _probabilities(axes[-3], predictions, positive)
    _conditions(axes[-2], sky)
    _altitudes(axes[-1], sky)
    _time_axes(axes, start, end, local)
    return figure


def _keogram(
    ax: Axes, image: np.ndarray, start: datetime, end: datetime, ends: tuple[str, str], rim_deg: float | None
) -> None:
    dress(ax)
    extent = (date2num(start), date2num(end), 0.0, 1.0)
    ax.imshow(image, extent=extent, aspect="auto", interpolation="nearest")
    for spine in ax.spines.values():
        spine.set_visible(True)
    if rim_deg is None:
        ax.set_yticks([1, 0.5, 0], [ends[0], "centre", ends[1]], fontsize=SMALL_TEXT)
        return
    elevations = [30.0, 60.0, 90.0, 120.0, 150.0]
    places = [0.5 + (90.0 - elevation) / (2 * rim_deg) for elevation in elevations]
    names = [f"{min(elevation, 180.0 - elevation):.0f}°" for elevation in elevations]
    ax.set_yticks([1, *places, 0], [ends[0], *names, ends[1]], fontsize=SMALL_TEXT)
    ax.set_ylabel("elevation", fontsize=TEXT_SIZE, color=MUTED)


def _thumbnails(ax: Axes, thumbnails: Sequence[tuple[datetime, np.ndarray]]) -> None:
    """Each frame under its instant, which a tick at the upper edge marks."""
    dress(ax)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set(ylim=(0, 1), yticks=[])
    ax.tick_params(axis="x", length=0)
    for utc, picture in thumbnails:
        shown = OffsetImage(picture, zoom=THUMBNAIL_POINTS / len(picture))
        box = AnnotationBbox(shown, (date2num(utc), 0.44), frameon=False, pad=0.0, annotation_clip=False)
        box.set_in_layout(False)
        ax.add_artist(box)
        ax.plot([date2num(utc)] * 2, [0.95, 1.06], color=MUTED, linewidth=0.8, clip_on=False)


def _probabilities(ax: Axes, predictions: pd.DataFrame, positive: str) -> None:
    dress(ax, y=f"p({in_words(positive)})", grid="y")
    yes = predictions[predictions["predicted"] == positive]
    no = predictions[predictions["predicted"] != positive]
    column = f"p_{positive}"
    ax.plot(days(no["utc"]), no[column], ".", color=MUTED, markersize=3, label="predicted no")
    ax.plot(days(yes["utc"]), yes[column], ".", color=POSITIVE, markersize=4, label=f"predicted {in_words(positive)}")
    ax.set(ylim=(-0.06, 1.06), yticks=[0, 0.5, 1])


def _conditions(ax: Axes, sky: pd.DataFrame) -> None:
    dress(ax)
    for spine in ax.spines.values():
        spine.set_visible(False)
    for column, names, colors, height in (
        ("solar_bin", SOLAR_BINS, SOLAR_COLORS, 1.05),
        ("lunar_bin", LUNAR_BINS, LUNAR_COLORS, 0.0),
    ):
        for name in names:
            spans = _spans(sky, column, name)
            ax.broken_barh(spans, (height, 0.9), facecolors=colors[name], edgecolor=RULE, linewidth=0.4)
            _name_span(ax, spans, height + 0.43, name, dark=name in ("Night", "Astronomical", "No_Moon"))
    ax.set(ylim=(-0.05, 2.0), yticks=[1.5, 0.45], yticklabels=["sun", "moon"])
    ax.tick_params(length=0)


def _spans(sky: pd.DataFrame, column: str, name: str) -> list[tuple[float, float]]:
    """Start and length [days] of each unbroken run of frames in one bin; a gap in time breaks a run."""
    ordered = sky.sort_values("utc")
    times = days(ordered["utc"])
    if not len(times):
        return []
    step = _usual_step(times)
    values = ordered[column].to_numpy()
    breaks = (values[1:] != values[:-1]) | (np.diff(times) > 2.5 * step)
    starts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    stops = np.concatenate([starts[1:], [len(times)]]) - 1
    return [(times[a], times[b] - times[a] + step) for a, b in zip(starts, stops, strict=True) if values[a] == name]


def _usual_step(times: np.ndarray) -> float:
    return float(np.median(np.diff(times))) if len(times) > 1 else 1.0 / 1440.0


def _name_span(ax: Axes, spans: list[tuple[float, float]], y: float, name: str, dark: bool) -> None:
    if not spans:
        return
    start, length = max(spans, key=lambda span: span[1])
    # About an hour and a half of a night's axis are as wide as the longest name.
    if length > 1.5 / 24:
        color = LIGHT_INK if dark else DARK_INK
        ax.text(start + length / 2, y, in_words(name), ha="center", va="center", fontsize=SMALL_TEXT - 0.8, color=color)


def _altitudes(ax: Axes, sky: pd.DataFrame) -> None:
    dress(ax, y="altitude, deg")
    ordered = sky.sort_values("utc")
    lit = 100 * ordered["moon_illuminated_fraction"].mean()
    moon = f"moon, {lit:.0f} % lit" if np.isfinite(lit) else "moon"
    for column, color, line, name in (("sun", SUN_COLOR, "-", "sun"), ("moon", MOON_COLOR, "--", moon)):
        times, altitude = _with_gaps(ordered, f"{column}_altitude_deg")
        ax.plot(times, altitude, line, color=color, linewidth=1.7, label=name)
    ax.axhline(0, color=MUTED, linewidth=0.8)
    for twilight in TWILIGHTS:
        ax.axhline(twilight, color=RULE, linewidth=0.7)
    low, high = ax.get_ylim()
    ax.set_yticks([angle for angle in (-40, -18, 0, 20, 40, 60) if low <= angle <= high])
    ax.tick_params(axis="y", labelsize=SMALL_TEXT)
    handles, _ = ax.get_legend_handles_labels()
    ax.legend(
        handles=handles, ncols=2, frameon=False, fontsize=SMALL_TEXT, labelcolor=INK,
        loc="lower right", bbox_to_anchor=(1.0, 0.96), borderaxespad=0.0,
    )  # fmt: skip


def _with_gaps(ordered: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Times and values with a NaN in each gap, so that no line is drawn across it."""
    times = days(ordered["utc"])
    values = ordered[column].to_numpy(dtype=float)
    gaps = np.flatnonzero(np.diff(times) > 10 * _usual_step(times)) + 1 if len(times) > 1 else np.array([], int)
    return np.insert(times, gaps, times[gaps - 1] if len(gaps) else []), np.insert(values, gaps, np.nan)


def _time_axes(axes: list[Axes], start: datetime, end: datetime, local: tzinfo | None) -> None:
    axes[-1].set_xlim(date2num(start), date2num(end))
    label_times(axes[-1].xaxis)
    axes[-1].set_xlabel("UTC", fontsize=TEXT_SIZE, color=MUTED)
    for ax in axes[:-1]:
        ax.tick_params(axis="x", labelbottom=False)
    if local is not None and str(local) != "UTC":
        top = axes[0].secondary_xaxis("top")
        top.xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=12, tz=local))
        top.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=local))
        top.tick_params(labelsize=SMALL_TEXT, labelcolor=MUTED, color=MUTED, length=2)
        top.set_xlabel(f"local time ({local})", fontsize=SMALL_TEXT, color=MUTED)
