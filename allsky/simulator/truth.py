"""What is true of every simulated frame, when aurora counts as visible, and what a person would answer.

*Visible* is a matter of light and noise: the aurora's signal, less what it has in common with the whole sky, over the
noise of a patch of about four degrees. The contrast to noise of a frame is the level its best patches reach that
together cover `VISIBLE_SOLID_ANGLE_SR`.
"""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd

from allsky.simulator.noise import generator
from allsky.simulator.sensor import Exposure, Sensor, electrons_per_rayleigh, level_noise_electrons, saturated
from allsky.tables import LABELS, REAL, SHORT, TEXT, TIME, Column, Table
from allsky.tables import TRUTH as BOOLEAN

# A feature is certain to be seen when it stands five noises above its ground (A. Rose 1948, J. Opt. Soc. Am. 38, 196:
# "k between 3 and 7").
VISIBLE_CONTRAST = 5.0

# Below Rose's lower bound nobody sees it, above his upper one everybody does; between, people differ.
UNSURE_BAND = (3.5, 7.0)

# About 13 by 13 degrees, the size of a short arc low in the north.
VISIBLE_SOLID_ANGLE_SR = 0.05

# Contrast of a soft-edged patch to its surroundings that is just seen by day or night when light is plenty (H. R.
# Blackwell 1946, J. Opt. Soc. Am. 36, 624: 1 to 3 % for targets above 2 degrees; here of a textured sky).
LEAST_CONTRAST = 0.02

# A glow without edges is not seen as aurora (the published rule: no = "only a bluish-green tint without clear
# edges"). Signal counts from the level that a fifth of the sky stays below, and from this share of its own mean
# within some 18 degrees.
COMMON_SHARE = 0.2
SMOOTH_SHARE = 0.6
SMOOTH_DEG = 18.0

# Side of the patch grid over the square about the sky's circle: 4 degrees a cell.
PATCHES = 45


def _columns(*rows) -> tuple[Column, ...]:
    return tuple(Column(*row) for row in rows)


TRUTH = Table(
    "truth",
    "a frame of a simulated video",
    _columns(
        ("video", TEXT, "", "path of the video relative to the archive"),
        ("frame_index", SHORT, "", "index of the frame within its video, from 0"),
        ("utc", TIME, "UTC", "when the frame was taken; null on cards"),
        ("overlay_text", TEXT, "", "the clock as burned in; null where there is none"),
        ("card", BOOLEAN, "", "true for a card without sky"),
        ("fault", TEXT, "", "the injected faults that touch this frame, or null"),
        ("aurora_brightness_rayleigh", REAL, "R", "557.7 nm of the brightest 0.05 sr of aurora, above cloud and haze"),
        ("cloud_over_aurora", REAL, "", "share of the aurora's light that clouds take away; 0 without aurora"),
        ("contrast_to_noise", REAL, "", "what the best patches covering 0.05 sr reach"),
        ("solid_angle_sr", REAL, "sr", "sky where aurora stands 5 noises above its ground"),
        ("visible", TEXT, "", "`aurora`, `no aurora` or `unsure`"),
        ("cloud_fraction", REAL, "", "share of the sky whose light is dimmed by 30 % or more"),
        ("haze_extinction", REAL, "mag", "extinction of haze at the zenith"),
        ("snow", REAL, "", "snow on the ground, 0 to 1"),
        ("exposure_s", REAL, "s", "exposure time"),
        ("gain", REAL, "", "gain of the automatic"),
        ("background_rayleigh", REAL, "R", "median of the sky without aurora, green channel"),
        ("sun_altitude_deg", REAL, "degree", "altitude of the sun's centre, airless"),
        ("moon_altitude_deg", REAL, "degree", "altitude of the moon's centre, airless"),
        ("moon_phase_deg", REAL, "degree", "ecliptic longitude of the moon past the sun"),
    ),
)


def to_patches(image: np.ndarray) -> np.ndarray:
    """Means over the patches of the square about the sky's circle."""
    return cv2.resize(np.ascontiguousarray(image), (PATCHES, PATCHES), interpolation=cv2.INTER_AREA)


def contrast_map(
    aurora: np.ndarray,
    background: np.ndarray,
    keep: np.ndarray,
    sky: np.ndarray,
    sensor: Sensor,
    exposure: Exposure,
    pixel_sr: float,
    pixels_per_patch: float,
) -> np.ndarray:
    """Contrast to noise (PATCHES, PATCHES) of `aurora` over `background`.

    Both [R] (PATCHES, PATCHES, 3) as they reach the camera, `keep` the vignetting and `sky` the share of each patch
    that is sky. Noise is the shot noise of all light and the read noise, averaged over the patch; rounding and
    compression, and the least contrast that a person sees, which are not. Channels add in quadrature; a grey camera
    has one.
    """
    if not sensor.colour:
        aurora, background = aurora.sum(axis=2, keepdims=True), background.sum(axis=2, keepdims=True)
    scale = electrons_per_rayleigh(sensor, exposure, pixel_sr) * keep[..., None]
    common = edgeless(aurora, sky)
    signal = np.maximum(aurora - common, 0.0) * scale
    ground = background * scale + np.minimum(aurora, common) * scale
    variance = (signal + ground + sensor.read_noise_e**2) / pixels_per_patch
    variance += level_noise_electrons(ground + signal, sensor, exposure) ** 2 + (LEAST_CONTRAST * ground) ** 2
    ratio = np.where(saturated(ground, sensor, exposure), 0.0, signal / np.sqrt(variance))
    return np.sqrt((ratio**2).sum(axis=2)) * (sky > 0.5)


def edgeless(aurora: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """The part of `aurora` (PATCHES, PATCHES, channels) that has no edges: common to the sky, or smooth."""
    common = np.quantile(aurora[sky > 0.5], COMMON_SHARE, axis=0)
    width = SMOOTH_DEG * PATCHES / 180.0
    smooth = cv2.GaussianBlur(aurora, (0, 0), width, borderType=cv2.BORDER_REFLECT).reshape(aurora.shape)
    return np.maximum(common, SMOOTH_SHARE * smooth)


def reached_over(values: np.ndarray, solid_angle: np.ndarray, wanted_sr: float = VISIBLE_SOLID_ANGLE_SR) -> float:
    """The level that cells covering `wanted_sr` together reach, taking the highest first."""
    some = values > 0
    order = np.argsort(values[some])[::-1]
    covered = np.cumsum(solid_angle[some][order])
    if len(order) == 0 or covered[-1] < wanted_sr:
        return 0.0
    return float(values[some][order[np.searchsorted(covered, wanted_sr)]])


def visibility(contrast) -> np.ndarray:
    """`aurora`, `no aurora` or `unsure` for each contrast to noise."""
    contrast = np.asarray(contrast, dtype=float)
    return np.select([contrast < UNSURE_BAND[0], contrast > UNSURE_BAND[1]], ["no aurora", "aurora"], "unsure")


def simulated_answers(
    truth: pd.DataFrame,
    wanted: pd.DataFrame,
    seed: int,
    labeller: str = "simulated",
    classes: tuple[str, str] = ("aurora", "no_aurora"),
) -> pd.DataFrame:
    """What a person would answer for the `wanted` frames (frame_id, video, frame_index), a LABELS table.

    Right wherever the truth is sure. Inside the band the answer is `aurora` with a chance that rises from 0 to 1
    across it, and every fourth answer there is `unsure`. One frame gets the same answer from the same `labeller`
    whatever else is asked. Raises KeyError for a frame the truth does not have.
    """
    key = ["video", "frame_index"]
    known = truth.set_index(key)[["contrast_to_noise", "visible"]]
    rows = known.loc[pd.MultiIndex.from_frame(wanted[key])]
    draws = np.array(
        [generator(seed, labeller, video, int(index)).random(2) for video, index in wanted[key].itertuples(index=False)]
    ).reshape(-1, 2)
    low, high = np.log(UNSURE_BAND)
    chance = (np.log(np.maximum(rows["contrast_to_noise"].to_numpy(float), 1e-9)) - low) / (high - low)
    answer = np.where(draws[:, 0] < chance, *classes)
    answer = np.where((draws[:, 1] < 0.25) & (rows["visible"] == "unsure").to_numpy(), "unsure", answer)
    table = wanted[["frame_id", *key]].assign(label=answer, labeller=labeller, time=ANSWERED_AT, note="")
    return table[LABELS.names].reset_index(drop=True)


# The simulated labeller works at no time of day; a fixed instant keeps runs equal.
ANSWERED_AT = "2025-01-01T00:00:00Z"
