"""Which few of many, evenly spread over all?"""

from __future__ import annotations

import numpy as np


def spread(n: int, wanted: int) -> list[int]:
    """At most `wanted` of the indices 0..n-1, ascending, first and last among them, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, wanted)).round().astype(int)).tolist() if n else []
