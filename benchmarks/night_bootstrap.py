"""Does the percentile bootstrap of nights contain the truth, for what is derived from several totals?

Nights are drawn with replacement, all totals of a night together, and the figure is made of the sums: the obvious
interval, which many would give. The formulas stand here once more, so that nothing of the report judges itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

RESAMPLES = 500
ENDS = (0.025, 0.975)


@dataclass(frozen=True)
class NightBootstrap:
    """Intervals by resampling nights."""

    generator: np.random.Generator

    def holds(self, kind: str, nights: pd.DataFrame, true: float) -> dict[str, bool]:
        """Whether the interval of `kind` over `nights` (a row each) contains the truth; nothing of other kinds."""
        if kind not in DERIVED:
            return {}
        times = self.generator.multinomial(len(nights), np.full(len(nights), 1 / len(nights)), RESAMPLES)
        sums = pd.DataFrame(times @ nights.to_numpy(dtype=float), columns=nights.columns)
        low, high = DERIVED[kind](sums).quantile(ENDS)
        return {"resampled": bool(low <= true <= high)}


def _corrected_ratio(of: pd.DataFrame) -> pd.Series:
    answered = of["w_tp"] + of["w_fp"] + of["w_tn"] + of["w_fn"] + of["w_unsure"]
    return of["n_positive"] / of["n_frames"] + (of["w_fn"] - of["w_fp"]) / answered


def _rogan_gladen(of: pd.DataFrame) -> pd.Series:
    sensitivity, specificity = of["w_tp"] / (of["w_tp"] + of["w_fn"]), of["w_tn"] / (of["w_tn"] + of["w_fp"])
    return (of["n_positive"] / of["n_frames"] + specificity - 1) / (sensitivity + specificity - 1)


def _f1(of: pd.DataFrame) -> pd.Series:
    return 2 * of["w_tp"] / (2 * of["w_tp"] + of["w_fp"] + of["w_fn"])


DERIVED = {"corrected_ratio": _corrected_ratio, "rogan_gladen": _rogan_gladen, "f1": _f1}
