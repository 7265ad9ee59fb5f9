"""What became of the frames of a zoo of clocks, in all and by trait, and how sure are those figures?"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy.stats import binomtest, bootstrap

KINDS = ("exact", "near", "flagged", "silently_wrong")


def table(outcomes: list[dict]) -> str:
    """Markdown: frames and what became of them by trait."""
    lines = [
        "| trait | value | clips | frames | exact % | flagged % | silently wrong |",
        "|---|---|---|---|---|---|---|",
    ]
    for trait in ("length", "ink", "height", "font", "margin", "codec", "zone", "fault", "layout"):
        groups = defaultdict(list)
        for one in outcomes:
            groups[one["traits"][trait]].append(one)
        for value, own in sorted(groups.items(), key=lambda item: (len(item[0]), item[0])):
            n = {name: sum(one[name] for one in own) for name in ("frames", "exact", "flagged", "silently_wrong")}
            shares = [f"{100 * n[name] / max(n['frames'], 1):.2f}" for name in ("exact", "flagged")]
            cells = [trait, f"`{value}`".replace("|", "\\|"), len(own), n["frames"], *shares, n["silently_wrong"]]
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def intervals(outcomes: list[dict]) -> dict[str, list[float]]:
    """95 % intervals by clip, in percent: of the share of exact and of flagged frames, and of that of clips in which
    anything is silently wrong."""
    frames, wrong = (np.array([one[name] for one in outcomes], float) for name in ("frames", "silently_wrong"))
    answer = {}
    for kind in ("exact", "flagged") if len(outcomes) > 1 else ():
        own = np.array([one[kind] for one in outcomes], float)
        drawn = bootstrap((own, frames), _share, paired=True, method="percentile", random_state=0)
        answer[f"{kind}_percent"] = [round(100 * end, 2) for end in drawn.confidence_interval]
    exactly = binomtest(int((wrong > 0).sum()), len(outcomes)).proportion_ci(method="exact")
    return answer | {"clips_wrong_percent": [round(100 * exactly.low, 2), round(100 * exactly.high, 2)]}


def _share(part: np.ndarray, whole: np.ndarray, axis: int = -1) -> np.ndarray:
    return part.sum(axis=axis) / whole.sum(axis=axis)
