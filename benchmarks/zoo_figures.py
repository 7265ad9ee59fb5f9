"""What became of the frames of a zoo of clocks, in all and by trait, and how sure are those figures?"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from scipy.stats import binomtest, bootstrap

KINDS = ("exact", "near", "flagged", "silently_wrong")


def summary(outcomes: list[dict]) -> str:
    """Markdown: what became of clips of minutes and of whole nights, clip by clip and frame by frame."""
    lines = [
        "| clips | number | exact throughout | some frames flagged or near | lost whole | silently wrong | frames "
        "| exact % | near % | flagged % |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for length in ("minutes", "a night"):
        own = [one for one in outcomes if one["traits"]["length"] == length]
        if own:
            n = sums(own)
            fates = Counter(_fate(one) for one in own)
            clips = [fates[fate] for fate in ("exact", "some", "lost", "silently_wrong")]
            shares = [_percent(n[kind], n["frames"]) for kind in ("exact", "near", "flagged")]
            lines.append("| " + " | ".join(map(str, [length, len(own), *clips, n["frames"], *shares])) + " |")
    return "\n".join(lines)


def table(outcomes: list[dict]) -> str:
    """Markdown: frames of clips of minutes and what became of them by trait. (One night has as many frames as a
    hundred of these, and would stand for its traits alone.)"""
    lines = [
        "| trait | value | clips | lost whole | frames | exact % | near % | flagged % | silently wrong |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for trait in ("ink", "height", "font", "margin", "codec", "zone", "fault", "layout"):
        groups = defaultdict(list)
        for one in outcomes:
            if one["traits"]["length"] == "minutes":
                groups[one["traits"][trait]].append(one)
        for value, own in sorted(groups.items(), key=lambda item: (len(item[0]), item[0])):
            n, lost = sums(own), sum(_fate(one) == "lost" for one in own)
            shares = [_percent(n[kind], n["frames"]) for kind in ("exact", "near", "flagged")]
            name = f"`{value}`".replace("|", "\\|")
            cells = [trait, name, len(own), lost, n["frames"], *shares, n["silently_wrong"]]
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _fate(one: dict) -> str:
    """What became of a clip: `silently_wrong` in some frame, `lost` in all, `exact` in all, or only in `some`."""
    if one["silently_wrong"]:
        return "silently_wrong"
    if one["exact"] == one["frames"]:
        return "exact"
    return "lost" if one["flagged"] == one["frames"] else "some"


def sums(outcomes: list[dict]) -> dict[str, int]:
    """Frames of all clips, and how many of them became what."""
    return {name: sum(one[name] for one in outcomes) for name in ("frames", *KINDS)}


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(whole, 1):.2f}"


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
