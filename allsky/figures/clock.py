"""Does the burned-in clock of a night run true, and which readings were not believed?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from allsky.figures.canvas import (
    BROKEN,
    FALSE_NEGATIVE,
    INK,
    MUTED,
    SMALL_TEXT,
    TEXT_SIZE,
    days,
    dress,
    label_times,
    new_figure,
    sentence_figure,
)

# More dots than this become a picture within an SVG, which would weigh 100 bytes a dot.
MOST_DOTS = 800
SPANS = ((1, "1 s"), (60, "1 min"), (3600, "1 h"), (86400, "1 d"))


def clock_points(readings: pd.DataFrame) -> pd.DataFrame:
    """The readings of one night in order of video (or folder of stills) and frame, each against the fit.

    Columns: video, frame_index, position (frames from the night's first one, videos end to end), utc (the fit),
    read_utc (what the overlay said, on the fit's scale), residual_s, rejected (flagged, so not used further).
    """
    # Stills are files of one frame each; a folder of them goes on as a video does.
    folders = readings["video"].str.rpartition("/")[0]
    sequence = readings["video"].where(readings["video"].duplicated(keep=False), folders + "/")
    points = readings.assign(video=sequence, stills=sequence != readings["video"])
    points["frame_index"] = points["frame_index"].where(~points["stills"], points.groupby("video").cumcount())
    points = points.sort_values(["video", "frame_index"], ignore_index=True)
    lengths = points.groupby("video")["frame_index"].max() + 1
    starts = lengths.cumsum() - lengths
    residual = pd.to_timedelta(points["residual_s"].astype(float), unit="s")
    return pd.DataFrame(
        {
            "video": points["video"],
            "frame_index": points["frame_index"],
            "position": points["frame_index"] + points["video"].map(starts),
            "utc": points["utc"],
            "read_utc": points["utc"] + residual,
            "residual_s": points["residual_s"].astype(float),
            "rejected": points["clock_flag"].notna(),
        }
    )


def clock_figure(points: pd.DataFrame, night: str) -> Figure:
    """The clock of one night: UTC by frame (fit and readings) above, reading minus fit beneath.

    `points` as `clock_points` returns them. Crosses are readings that were not believed.
    """
    read = points[points["residual_s"].notna()]
    if read.empty:
        return sentence_figure(f"No reading of the clock of {night}.")
    figure = new_figure(10.0, 4.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    dress(upper, title=f"Clock of {night}", y="UTC", grid="both")
    dress(lower, x="video frame, the night's videos end to end", y="reading - fit", grid="y")
    good, bad = read[~read["rejected"]], read[read["rejected"]]
    for _, video in points.groupby("video"):
        upper.plot(video["position"], days(video["utc"]), color=MUTED, linewidth=1.0, label="_fit")
    for ax, height in ((upper, lambda rows: days(rows["read_utc"])), (lower, lambda rows: rows["residual_s"])):
        kept, rejected = f"{len(good):,} readings kept", f"{len(bad):,} rejected"
        dots = ax.plot(good["position"], height(good), ".", color=FALSE_NEGATIVE, markersize=4, label=kept)[0]
        dots.set_rasterized(len(good) > MOST_DOTS)
        ax.plot(bad["position"], height(bad), "x", color=BROKEN, markersize=6, label=rejected)
    _scale(upper, lower, points, good)
    upper.legend(frameon=False, fontsize=TEXT_SIZE, labelcolor=INK, loc="upper left")
    return figure


def _scale(upper: Axes, lower: Axes, points: pd.DataFrame, good: pd.DataFrame) -> None:
    label_times(upper.yaxis, most=6)
    dated = days(points["utc"].dropna())
    if len(dated) > 1:
        margin = 0.1 * np.ptp(dated)
        upper.set_ylim(dated.min() - margin, dated.max() + margin)
    # Small residuals must show beside a rejected reading that is hours off.
    spread = float(np.nanmax(good["residual_s"].abs())) if len(good) else 1.0
    lower.set_yscale("symlog", linthresh=max(1.0, spread), linscale=1.6)
    _mark_spans(lower, float(points["residual_s"].abs().max()))
    lower.axhline(0, color=MUTED, linewidth=0.8)
    lower.tick_params(labelsize=SMALL_TEXT, which="both")


def _mark_spans(ax: Axes, farthest: float) -> None:
    """Ticks at a second, a minute, an hour and a day either side of 0, as far as the residuals reach."""
    near = [(seconds, name) for seconds, name in SPANS if seconds <= max(1.0, 1.5 * farthest)]
    early = [(-seconds, f"-{name}") for seconds, name in near[::-1]]
    ticks = [*early, (0, "0"), *((seconds, f"+{name}") for seconds, name in near)]
    ax.set_yticks([place for place, _ in ticks], [name for _, name in ticks])
    ax.set_ylim(-2 * max(1.0, farthest), 2 * max(1.0, farthest))
    ax.minorticks_off()
