"""Figures of a corpus: tables in, `matplotlib.figure.Figure` out.

`conditions` (rates by sun and moon), `occurrence` (by hour, month and night), `coverage` (which nights exist),
`decades` (both by month, where nights are thousands), `night` (the keogram), `clock`, `training` (curves, confusion,
reliability), `calibration` (of audit frames), `comparison` (of networks), `leakage` (what mixed nights flatter),
`evidence` (where the maps lie); `canvas` holds their looks and turns them into PNG or SVG, `words` how conditions and
rates are said.
"""

from allsky.figures.calibration import abstaining_figure, audit_reliability_figure
from allsky.figures.canvas import inline_svg, png
from allsky.figures.clock import clock_figure, clock_points
from allsky.figures.comparison import comparison_figure
from allsky.figures.conditions import condition_matrix, error_rates, rate_cells, widest_share
from allsky.figures.coverage import coverage_calendar, night_coverage
from allsky.figures.decades import MANY_NIGHTS, coverage_by_year, month_occurrence_figure
from allsky.figures.evidence import mean_maps_figure, shares_figure
from allsky.figures.leakage import leakage_figure
from allsky.figures.night import night_figure
from allsky.figures.occurrence import clock_hours_figure, hour_month_figure, night_occurrence_figure
from allsky.figures.training import confusion_counts, confusion_figure, learning_curves, reliability, reliability_figure

__all__ = [
    "MANY_NIGHTS",
    "abstaining_figure",
    "audit_reliability_figure",
    "clock_figure",
    "clock_hours_figure",
    "clock_points",
    "comparison_figure",
    "condition_matrix",
    "confusion_counts",
    "confusion_figure",
    "coverage_by_year",
    "coverage_calendar",
    "error_rates",
    "hour_month_figure",
    "inline_svg",
    "leakage_figure",
    "learning_curves",
    "mean_maps_figure",
    "month_occurrence_figure",
    "night_coverage",
    "night_figure",
    "night_occurrence_figure",
    "png",
    "rate_cells",
    "reliability",
    "reliability_figure",
    "shares_figure",
    "widest_share",
]
