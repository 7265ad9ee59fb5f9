"""How much do two different digits ever look alike, in the fonts of clocks?

From a digit whose look is not known yet another one is told apart by being more like itself than these two ever are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# The most found between true digits at different places of 160 clips of the zoo, or between those of its ten fonts
# drawn at 9 to 26 pixels and moved by a fifth of their width.
_MOST = {"08": 0.91, "58": 0.89, "68": 0.90, "09": 0.87, "38": 0.86, "06": 0.85, "35": 0.85, "56": 0.84, "02": 0.81,
         "05": 0.80, "12": 0.80, "27": 0.80, "89": 0.80}  # fmt: skip
# No other two are more alike than this.
_ELSE = 0.77
# A digit is told from another by being more like itself than that by this.
MORE_THAN_ALIKE = 0.04
# The same of their strokes, drawn at 9 to 24 pixels and blurred by up to 0.6 of a pixel, as compression does, and how
# much more is asked then.
_MOST_BLURRED = {
    "01": 0.83, "02": 0.89, "03": 0.84, "05": 0.86, "06": 0.90, "08": 0.93, "09": 0.90, "12": 0.89, "13": 0.91,
    "14": 0.87, "15": 0.85, "16": 0.86, "23": 0.84, "27": 0.87, "29": 0.87, "35": 0.91, "36": 0.86, "38": 0.89,
    "46": 0.88, "56": 0.93, "58": 0.92, "68": 0.91, "79": 0.86, "89": 0.87,
}  # fmt: skip
_ELSE_BLURRED = 0.82
MORE_THAN_BLURRED = 0.03


def _table(pairs: Mapping[str, float], otherwise: float) -> np.ndarray:
    return np.array(
        [[pairs.get("".join(sorted(f"{one}{other}")), otherwise) for other in range(10)] for one in range(10)]
    )


# The most (10, 10) that two digits are alike, as they are drawn and in a video.
ALIKE, ALIKE_BLURRED = _table(_MOST, _ELSE), _table(_MOST_BLURRED, _ELSE_BLURRED)
