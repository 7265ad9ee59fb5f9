"""Which frame, if somebody labelled it, would teach a classifier most?

One that it is unsure about, and that looks like nothing labelled yet: a hundred frames of one faint arc teach little
more than one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from allsky.pictures import read_pictures

# A picture small enough to know clouds and arcs, and too small to know stars.
THUMBNAIL = 16
# So many times as many frames as are asked for are looked at, the most uncertain ones.
CANDIDATES = 20


def uncertainty(probabilities) -> np.ndarray:
    """How unsure a classifier is of each frame: 0 (certain) to 1 (every class as likely), the normalised entropy.

    `probabilities` has a row per frame (n, classes) that adds up to 1.
    """
    p = np.clip(np.asarray(probabilities, dtype=float), 1e-12, 1.0)
    return -(p * np.log(p)).sum(axis=1) / np.log(p.shape[1])


def appearance(paths: Sequence[str | Path]) -> np.ndarray:
    """What each picture looks like in coarse: shape (n, 768), from 16 x 16 pixels in CIE L*a*b*.

    Brightness counts as the square root, so that a faint arc weighs beside a full moon.
    """
    batches = read_pictures([Path(path) for path in paths], THUMBNAIL, batch_size=64)
    looks = [_look(small) for batch in batches for small in batch]
    return np.array(looks, np.float32).reshape(len(paths), 3 * THUMBNAIL**2)


def _look(small: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.sqrt(small.astype(np.float32) / 255.0), cv2.COLOR_RGB2LAB).ravel()


def most_uncertain(frames: pd.DataFrame, classes: Sequence[str], n: int, per_night: int | None = None) -> pd.DataFrame:
    """The `n` frames of `frames` (with `night` and a column p_<class> for each class) that are least certain.

    With a column `uncertainty`, the least certain first; at most `per_night` of a night, all by default.
    """
    unsure = uncertainty(frames[[f"p_{name}" for name in classes]].to_numpy())
    ranked = frames.assign(uncertainty=unsure).sort_values("uncertainty", ascending=False, kind="stable")
    if per_night is not None:
        ranked = ranked[ranked.groupby("night").cumcount() < per_night]
    return ranked.head(n).reset_index(drop=True)


def propose(unsure, looks: np.ndarray, labelled_looks: np.ndarray, n: int) -> list[int]:
    """Positions of up to `n` candidates, the one that would teach most first.

    Parameters
    ----------
    unsure : uncertainty of each candidate (m).
    looks : their appearance (m, k). labelled_looks : that of the frames labelled so far (l, k), l may be 0.

    Greedy, as in farthest-first traversal (Gonzalez 1985, Theor. Comput. Sci. 38, 293; core-set selection, Sener &
    Savarese 2018, arXiv:1708.00489): the next one has the greatest product of uncertainty and distance to the
    nearest frame labelled or proposed before it.
    """
    unsure = np.asarray(unsure, dtype=float)
    scale = looks.std(axis=0).mean() or 1.0 if len(looks) else 1.0
    nearest = _distance_to_nearest(looks / scale, labelled_looks / scale)
    chosen: list[int] = []
    for _ in range(min(n, len(unsure))):
        worth = unsure * nearest
        worth[chosen] = -1.0
        best = int(np.argmax(worth))
        chosen.append(best)
        nearest = np.minimum(nearest, np.linalg.norm((looks - looks[best]) / scale, axis=1))
    return chosen


def _distance_to_nearest(looks: np.ndarray, others: np.ndarray) -> np.ndarray:
    if len(others) == 0:
        return np.ones(len(looks))
    squared = (looks**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * looks @ others.T
    return np.sqrt(np.maximum(squared.min(axis=1), 0.0))
