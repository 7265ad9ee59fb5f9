"""A corpus for the report, invented at table level: real sun and moon over Yellowknife, dice for everything else."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from allsky.conditions import LUNAR_BINS, SOLAR_BINS, observing_conditions
from allsky.site import Site, frame_ids, night_of
from allsky.tables import CONDITION_TABLE, LABELS, MONTH_FRAMES, READINGS, SHEET, VIDEOS

SITE = Site("yknf", 62.4333, -114.35, 200.0, "America/Edmonton")
POSITIVE, NEGATIVE = "aurora", "no_aurora"
MONTHS = (("2024-01", (3, 4, 5, 9, 18, 19, 25, 26)), ("2024-02", (1, 7, 8, 22, 23, 24)), ("2024-11", range(2, 16, 2)))
NIGHTS = tuple(f"{month}-{day:02d}" for month, days in MONTHS for day in days)
BROKEN_NIGHT = "2024-02-09"


@functools.cache
def frames(nights: tuple[str, ...] = NIGHTS, cadence_min: int = 6) -> pd.DataFrame:
    """MONTH_FRAMES of `nights`, from 18 to 8 o'clock local time with the sun low enough, a few frames flagged."""
    rng = np.random.default_rng(7)
    starts = pd.to_datetime(list(nights), utc=True) + pd.Timedelta(hours=25)
    steps = pd.to_timedelta(np.arange(0, 14 * 60, cadence_min), unit="min")
    utc = pd.Series([start + step for start in starts for step in steps]).dt.as_unit("ms")
    table = pd.DataFrame({"frame_id": frame_ids(SITE.name, utc), "utc": utc})
    table["night"] = night_of(utc, SITE.longitude_deg)
    table["video"] = "videos/yknf_" + table["night"].str.replace("-", "") + ".mp4"
    table["frame_index"] = table.groupby("night").cumcount()
    table["image"] = "images/night=" + table["night"] + "/" + table["frame_id"] + ".jpg"
    table["clock_source"] = "template"
    table["clock_residual_s"] = rng.normal(0, 0.3, len(table))
    table["clock_flag"] = np.where(rng.random(len(table)) < 0.01, "reading disagrees with the fit", None)
    table["mean_luma"] = rng.uniform(20, 60, len(table))
    table = table.merge(observing_conditions(table, SITE).drop(columns=["utc"]), on="frame_id")
    return table[table["sun_altitude_deg"] < -6][MONTH_FRAMES.names].reset_index(drop=True)


def videos(nights: tuple[str, ...] = NIGHTS) -> pd.DataFrame:
    """VIDEOS of `nights`, and one broken night."""
    good = (4_000_000, 320, 240, 25.0, 0, 140, "h264", None)
    rows = [(night, f"videos/yknf_{night.replace('-', '')}.mp4", *good) for night in nights]
    problem = "The file is empty (0 bytes); copy it again from the camera."
    rows.append((BROKEN_NIGHT, "videos/yknf_20240209.mp4", 0, None, None, None, 0, None, None, problem))
    return pd.DataFrame(rows, columns=VIDEOS.names)


def truth(table: pd.DataFrame) -> np.ndarray:
    """Whether aurora is visible in each frame: more in some nights than in others."""
    rng = np.random.default_rng(11)
    activity = {night: rng.beta(0.8, 1.6) for night in sorted(table["night"].unique())}
    return rng.random(len(table)) < 0.8 * table["night"].map(activity).to_numpy()


def predictions(table: pd.DataFrame) -> pd.DataFrame:
    """Probabilities that err more under moon and twilight."""
    rng = np.random.default_rng(13)
    sure = table["clock_flag"].isna()
    kept = table[sure]
    hard = 0.6 * (kept["lunar_bin"] != "No_Moon") + 0.5 * (kept["solar_bin"] != "Night")
    score = np.where(truth(table)[sure], 2.2, -2.6) + (1.1 + hard) * rng.normal(size=len(kept))
    p = 1 / (1 + np.exp(-score))
    answers = kept[["frame_id", "night", "utc"]].assign(p_aurora=p, p_no_aurora=1 - p)
    return answers.assign(predicted=np.where(p >= 0.5, POSITIVE, NEGATIVE)).reset_index(drop=True)


def sheet(table: pd.DataFrame) -> pd.DataFrame:
    """SHEET: every eighth frame, roles by the nights' order."""
    turn = ("training", "audit", "validation", "training", "audit")
    roles = {night: turn[place % 5] for place, night in enumerate(sorted(table["night"].unique()))}
    drawn = table[table["clock_flag"].isna()].iloc[::8]
    drawn = drawn.assign(role=drawn["night"].map(roles), stratum=drawn["solar_bin"] + " x " + drawn["lunar_bin"])
    return drawn.assign(inclusion_probability=0.125, drawn_for_model=None)[SHEET.names].reset_index(drop=True)


def labels(table: pd.DataFrame) -> pd.DataFrame:
    """LABELS for the whole sheet, a few of them unsure."""
    rng = np.random.default_rng(17)
    seen = pd.Series(truth(table), index=table["frame_id"])
    drawn = sheet(table)
    answers = np.where(seen.loc[drawn["frame_id"]], POSITIVE, NEGATIVE)
    answers = np.where(rng.random(len(drawn)) < 0.04, "unsure", answers)
    return drawn.assign(label=answers, labeller="ada", time="2024-12-01T10:00:00Z", note=None)[LABELS.names]


def condition_table(table: pd.DataFrame, answered: pd.DataFrame, labelled: pd.DataFrame | None) -> pd.DataFrame:
    """CONDITION_TABLE with plain rates and made-up intervals (the real statistics are tested elsewhere)."""
    every = answered.merge(table[["frame_id", "solar_bin", "lunar_bin"]], on="frame_id").assign(label=None)
    if labelled is not None:
        audit = sheet(table).query("role == 'audit'")["frame_id"]
        answers = labelled.loc[labelled["frame_id"].isin(audit), ["frame_id", "label"]]
        every = every.drop(columns="label").merge(answers, on="frame_id", how="left")
    rows = [_cell(every, solar, lunar) for solar in (*SOLAR_BINS[:3], "All") for lunar in (*LUNAR_BINS, "All")]
    return pd.DataFrame(rows, columns=CONDITION_TABLE.names)


def _cell(every: pd.DataFrame, solar: str, lunar: str) -> dict:
    inside = every["solar_bin"].isin([solar]) | (solar == "All")
    chosen = every[inside & (every["lunar_bin"].isin([lunar]) | (lunar == "All"))]
    yes, true = chosen["predicted"] == POSITIVE, chosen["label"] == POSITIVE
    known = chosen["label"].isin([POSITIVE, NEGATIVE])
    tp, fp = int((yes & true).sum()), int((yes & known & ~true).sum())
    fn, tn = int((~yes & true).sum()), int((~yes & known & ~true).sum())
    nights = chosen.loc[known, "night"].nunique()
    of_rate = {"fpr": chosen.loc[known & ~true, "night"].nunique(), "fnr": chosen.loc[true, "night"].nunique()}
    cell = {"solar_bin": solar, "lunar_bin": lunar, "class": POSITIVE, "n_frames": len(chosen)}
    cell |= {"n_nights": chosen["night"].nunique(), "n_positive": int(yes.sum()), "n_labelled": int(known.sum())}
    cell |= {"n_audit_nights": nights, "n_unsure": int((chosen["label"] == "unsure").sum())}
    cell |= {"tp": tp, "fp": fp, "tn": tn, "fn": fn, "interval_method": "Korn-Graubard"}
    cell |= {f"{rate}_nights": n for rate, n in of_rate.items()} | {"status": _status(max(of_rate.values()))}
    cell |= {f"{rate}_status": _status(n) for rate, n in of_rate.items()}
    cell |= _rate("positive_ratio", yes.sum(), len(chosen))
    cell |= _rate("fpr", fp, fp + tn) if cell["fpr_status"] != "not measured" else {}
    cell |= _rate("fnr", fn, fn + tp) if cell["fnr_status"] != "not measured" else {}
    if cell["status"] != "not measured":
        cell |= {
            "precision": tp / max(tp + fp, 1),
            "recall": tp / max(tp + fn, 1),
            "f1": 2 * tp / max(2 * tp + fp + fn, 1),
        }
    return {name: cell.get(name) for name in CONDITION_TABLE.names}


def _status(nights: int) -> str:
    """Status by fewer nights than a real report asks for: this corpus is small."""
    return "not measured" if nights < 3 else "few nights" if nights < 6 else "measured"


def _rate(name: str, hits: int, total: int) -> dict:
    if not total:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    share = hits / total
    width = 2.5 * np.sqrt((share * (1 - share) + 0.02) / total)
    return {name: share, f"{name}_low": max(0.0, share - width), f"{name}_high": min(1.0, share + width)}


def history() -> pd.DataFrame:
    """Six epochs with the backbone frozen, six of full training; the ninth has the lowest validation loss."""
    epochs = np.arange(12)
    loss = 0.65 * np.exp(-epochs / 4) + 0.12
    return pd.DataFrame(
        {
            "epoch": epochs + 1,
            "stage": ["frozen"] * 6 + ["full"] * 6,
            "train_loss": loss,
            "validation_loss": loss + 0.05 + 0.03 * np.maximum(epochs - 8, 0) ** 2,
            "train_accuracy": 1 - 0.4 * loss,
            "validation_accuracy": 0.98 - 0.4 * loss,
            "learning_rate": 1e-3,
        }
    )


def validation() -> pd.DataFrame:
    """Labels and calibrated probabilities of validation frames."""
    rng = np.random.default_rng(19)
    p = rng.beta(0.4, 0.5, 400)
    label = np.where(rng.random(400) < p, POSITIVE, NEGATIVE)
    answers = pd.DataFrame({"frame_id": [f"yknf_{i:04d}" for i in range(400)], "night": "2024-02-07", "label": label})
    return answers.assign(p_aurora=p, p_no_aurora=1 - p, predicted=np.where(p >= 0.5, POSITIVE, NEGATIVE))


def readings(night: str = NIGHTS[0], n: int = 300) -> pd.DataFrame:
    """A night's clock: a card of 30 frames in the middle, three misreadings, one of them hours off."""
    rng = np.random.default_rng(23)
    index = np.arange(n)
    utc = pd.Timestamp(night, tz="UTC") + pd.Timedelta(hours=25) + pd.to_timedelta(120 * index, unit="s")
    residual = rng.normal(0, 0.4, n)
    flag = np.array([None] * n, dtype=object)
    residual[[40, 150, 220]] = (7200.0, -65.0, 40.0)
    flag[[40, 150, 220]] = "reading disagrees with the fit"
    read = utc.tz_localize(None) + pd.to_timedelta(residual, unit="s") - pd.Timedelta(hours=7)
    table = pd.DataFrame({"video": "videos/yknf_20240103.mp4", "frame_index": index, "utc": utc.as_unit("ms")})
    table = table.assign(ocr_text="x", overlay_time=read.as_unit("ms"), source="template", confidence=0.97)
    table = table.assign(residual_s=residual, clock_flag=flag)
    table.loc[100:129, ["ocr_text", "overlay_time", "utc", "residual_s"]] = None
    return table[READINGS.names]


def keogram_image(width: int = 420, height: int = 180) -> np.ndarray:
    """An RGBA keogram with a drifting green band and a gap."""
    rng = np.random.default_rng(29)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    band = np.exp(-(((y - 60 - 30 * np.sin(x / 50)) / 12) ** 2)) * (0.5 + 0.5 * np.sin(x / 17) ** 2)
    glow = 25 + rng.normal(0, 3, (height, width))
    image = np.full((height, width, 4), 255, np.uint8)
    for channel, (brightness, offset) in enumerate(((40, 0), (190, 0), (70, 10))):
        image[..., channel] = np.clip(glow + brightness * band + offset, 0, 255)
    image[:, 250:285] = 0
    return image


def sky_picture(seed: int, size: int = 360) -> np.ndarray:
    """A fisheye frame, uint8 RGB: a disk with an arc of aurora, black corners."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    r = np.hypot(x, y)
    arc = np.exp(-(((r - rng.uniform(0.3, 0.8)) / 0.07) ** 2)) * (np.arctan2(y, x) % 6.28 < rng.uniform(1, 4))
    image = np.stack([18 + 30 * arc, 22 + 150 * arc, 34 + 60 * arc], -1) + rng.normal(0, 4, (size, size, 1))
    return np.where(r[..., None] < 1, np.clip(image, 0, 255), 0).astype(np.uint8)
