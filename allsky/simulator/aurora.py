"""Where aurora stands, how bright it is and how it looks from below.

Forms (arcs, rayed bands, diffuse glow, pulsating patches) are drawn on the ground beneath them; light from stacked
layers of the air, shifted along the magnetic field, makes rays, coronas and curtains when seen from the side.
Brightness is in rayleigh of the 557.7 nm line seen from straight below; the International Brightness Coefficient
calls 1 kR class I, 10 kR II, 100 kR III and 1000 kR IV (J. W. Chamberlain 1961, "Physics of the Aurora and Airglow",
chapter 4, after M. J. Seaton 1954 and D. M. Hunten 1955).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from allsky.fisheye import Lens
from allsky.simulator.grid import SkyGrid, grid_position
from allsky.simulator.noise import generator, line, sample, sample_line, texture
from allsky.simulator.sky import EARTH_RADIUS_KM, LINE_RESPONSE, van_rhijn

# Foot of the field lines [km]: lower borders of green aurora lie at 100 to 115 km (C. Stoermer 1955, "The Polar
# Aurora").
FOOT_KM = 105.0

# Layers that the light is gathered from [km], and what each gives to the three lines (each sums to 1 below): 557.7 nm
# peaks near 115 km with an upper scale of some 25 km, 630.0 nm near 230 km because lower down it is quenched, N2+
# 427.8 nm near 108 km (A. Vallance Jones 1974, "Aurora", chapter 4).
LAYERS_KM = np.array([102, 106, 110, 114, 119, 124, 130, 137, 146, 157, 172, 192, 220, 255, 300], dtype=float)

# 630.0 nm lives for 110 s and drifts meanwhile, so red is smooth: blur [cells of the square about the circle].
RED_BLUR = 3.0

# Inclination of the field where aurora is common; Yellowknife has 83 degrees (IGRF-13, Alken et al. 2021).
DEFAULT_INCLINATION_DEG = 83.0

# Chosen so that under the oval one or two forms are in the sky at a time and none in a third of the night.
FORMS_PER_HOUR = 1.15

KINDS = ("arc", "band", "diffuse", "patches")


@dataclass(frozen=True)
class Form:
    """One auroral form over its life.

    Times in seconds after the night's first frame, distances in km from the camera's magnetic parallel (north
    positive), `peak_r` in rayleigh.
    """

    kind: str
    start_s: float
    duration_s: float
    peak_r: float
    north_km: float
    drift_km_s: float
    width_km: float
    bend: float
    fold_km: float
    rays: float
    seed: int


@dataclass(frozen=True)
class AuroraGeometry:
    """What of the projection does not change: ground positions [km], footprint [km], and each layer's map."""

    east_km: np.ndarray
    north_km: np.ndarray
    spacing_km: np.ndarray
    layer_maps: tuple[tuple[np.ndarray, np.ndarray], ...]
    slant: np.ndarray
    weights: np.ndarray


def ground_distance(zenith, height_km: float):
    """Distance along the ground [km] to what is seen at `zenith` [rad] and `height_km`."""
    sine = EARTH_RADIUS_KM / (EARTH_RADIUS_KM + height_km) * np.sin(zenith)
    return EARTH_RADIUS_KM * (zenith - np.arcsin(sine))


def aurora_geometry(
    lens: Lens, grid: SkyGrid, declination_deg: float, inclination_deg: float = DEFAULT_INCLINATION_DEG
) -> AuroraGeometry:
    """Projection of aurora on `grid`; magnetic north lies `declination_deg` east of geographic north."""
    azimuth = grid.azimuth - np.radians(declination_deg)
    distance = ground_distance(grid.zenith, FOOT_KM)
    spacing = np.hypot(*np.gradient(distance))
    maps = tuple(_layer_map(lens, grid, azimuth, height, declination_deg, inclination_deg) for height in LAYERS_KM)
    return AuroraGeometry(
        (distance * np.sin(azimuth)).astype(np.float32),
        (distance * np.cos(azimuth)).astype(np.float32),
        np.clip(spacing, 2.0, 60.0).astype(np.float32),
        maps,
        van_rhijn(grid.zenith, FOOT_KM + 10.0).astype(np.float32),
        _line_weights(),
    )


def _layer_map(lens, grid, azimuth, height, declination_deg, inclination_deg):
    """For each cell, the cell that looks at the foot of the field line it sees at `height`."""
    distance = ground_distance(grid.zenith, height)
    # Field lines lean equatorward with height, so their feet lie poleward of what is seen.
    north = distance * np.cos(azimuth) + (height - FOOT_KM) / np.tan(np.radians(inclination_deg))
    east = distance * np.sin(azimuth)
    angles = np.linspace(0.0, np.pi / 2, 2000)
    zenith = np.interp(np.hypot(north, east), ground_distance(angles, FOOT_KM), angles)
    turn = np.degrees(np.arctan2(east, north)) + declination_deg
    column, row = grid_position(lens, grid.zenith.shape[0], np.degrees(zenith), turn)
    return cv2.convertMaps(column.astype(np.float32), row.astype(np.float32), cv2.CV_16SC2)


def _line_weights() -> np.ndarray:
    """(lines, layers): how the light of 557.7, 630.0 and 427.8 nm is spread over height."""
    thickness = np.gradient(LAYERS_KM)
    green = _chapman(LAYERS_KM, 115.0, 14.0) + 0.05 * _chapman(LAYERS_KM, 160.0, 30.0)
    weights = np.stack([green, _chapman(LAYERS_KM, 235.0, 40.0), _chapman(LAYERS_KM, 109.0, 12.0)]) * thickness
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _chapman(height, peak, scale):
    reduced = (height - peak) / scale
    return np.exp(1.0 - reduced - np.exp(-reduced))


# What is bright on the ground plane.


def footprint(forms, seconds: float, geometry: AuroraGeometry) -> np.ndarray:
    """Rayleigh of 557.7 nm, seen from straight below, at each cell's foot point; all `forms` alive at `seconds`."""
    total = np.zeros_like(geometry.east_km)
    for form in forms:
        strength = form.peak_r * envelope(form, seconds)
        if strength > 1.0:
            total += strength * _DRAW[form.kind](form, seconds - form.start_s, geometry)
    return total


def envelope(form: Form, seconds: float) -> float:
    """Rise, flicker over minutes and fall of a form, 0 to 1."""
    age = (seconds - form.start_s) / form.duration_s
    if not 0.0 < age < 1.0:
        return 0.0
    flicker = float(sample_line(line(form.seed, 256, 2.0, 16.0), np.array([seconds / 120.0]))[0])
    return float(np.sin(np.pi * age) ** 0.7 * np.exp(0.35 * min(flicker, 1.5)) / 1.7)


def _curtain(form: Form, age_s: float, geometry: AuroraGeometry) -> np.ndarray:
    """A sheet along the magnetic parallel: folded, of uneven brightness, sharp below and fading poleward."""
    east, north = _folded(form, age_s, geometry)
    km = np.arange(-1300.0, 1300.0, 2.5)
    drift = km / 2.5 + age_s * 0.12
    centre = form.north_km + form.drift_km_s * age_s + form.bend * km**2 / 1000.0
    centre = centre + form.fold_km * sample_line(line(form.seed + 1, 1024, 2.6, 120.0), drift * 0.3)
    along = np.clip(0.75 + 0.45 * sample_line(line(form.seed + 2, 1024, 2.2, 90.0), drift * 0.5), 0.05, None)
    rays = 1.0 + form.rays * np.clip(sample_line(line(form.seed + 3, 1024, 1.2, 12.0), drift * 1.3), -0.8, 2.5)
    place = np.clip(((east + 1300.0) / 2.5).astype(np.int32), 0, len(km) - 1)
    across = north - centre.astype(np.float32)[place]
    # Where cells are wider than the sheet its light is spread over the cell.
    width = np.hypot(form.width_km, geometry.spacing_km * 0.5)
    width = width * np.where(across > 0, 1.6, 1.0)
    profile = np.exp(-0.5 * (across / width) ** 2) * (
        form.width_km / np.hypot(form.width_km, geometry.spacing_km * 0.5)
    )
    return profile * (along * rays).astype(np.float32)[place]


def _folded(form: Form, age_s: float, geometry: AuroraGeometry):
    """Ground positions with the curls of a disturbed band worked in."""
    if form.kind != "band":
        return geometry.east_km, geometry.north_km
    field = texture(form.seed + 4, 256, 3.4, 48.0)
    x = geometry.east_km * 0.16 + np.float32(age_s * 0.03)
    y = geometry.north_km * 0.16
    curl = sample(field, x, y) * np.float32(form.fold_km * 0.5)
    return geometry.east_km + curl, geometry.north_km + np.float32(0.6) * curl


def _diffuse(form: Form, age_s: float, geometry: AuroraGeometry) -> np.ndarray:
    """Glow without edges, brighter along its belt."""
    across = (geometry.north_km - np.float32(form.north_km + form.drift_km_s * age_s)) / np.float32(form.width_km * 8.0)
    cloud = sample(
        texture(form.seed + 5, 256, 3.6, 60.0), geometry.east_km * 0.12 + age_s * 0.02, geometry.north_km * 0.2
    )
    return np.exp(-0.5 * across**2) * np.clip(0.7 + 0.3 * cloud, 0.0, None)


def _patches(form: Form, age_s: float, geometry: AuroraGeometry) -> np.ndarray:
    """Patches of 30 to 100 km that switch on and off every few seconds (S. I. Akasofu 1968, "Polar and Magnetospheric
    Substorms"; A. Vallance Jones 1974): at a frame's instant each is on or off, apart from its neighbours."""
    outline = sample(
        texture(form.seed + 6, 256, 3.8, 20.0), geometry.east_km * 0.16 + age_s * 0.03, geometry.north_km * 0.22
    )
    phase = sample(texture(form.seed + 7, 256, 3.6, 20.0), geometry.east_km * 0.2, geometry.north_km * 0.25)
    on = 0.35 + 0.65 * (np.sin(phase * 4.0 + age_s * 2.0 * np.pi / 13.0) > 0)
    return _diffuse(form, age_s, geometry) / (1.0 + np.exp(-5.0 * (outline - 0.2))) * on * 1.4


_DRAW = {"arc": _curtain, "band": _curtain, "diffuse": _diffuse, "patches": _patches}


# What the camera's channels get.


def radiance(foot: np.ndarray, geometry: AuroraGeometry, red_ratio: float, blue_ratio: float) -> np.ndarray:
    """(n, n, 3) rayleigh per channel from the footprint, before extinction and cloud.

    `red_ratio` and `blue_ratio` are the column brightness of 630.0 and 427.8 nm over that of 557.7 nm.
    """
    if not foot.any():
        return np.zeros((*foot.shape, 3), dtype=np.float32)
    red_foot = cv2.GaussianBlur(foot, (0, 0), RED_BLUR)
    lines = np.zeros((3, *foot.shape), dtype=np.float32)
    for (whole, part), (green, red, blue) in zip(geometry.layer_maps, geometry.weights.T, strict=True):
        seen = cv2.remap(foot, whole, part, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        lines[0] += green * seen
        lines[2] += blue * seen
        if red > 0.01:
            lines[1] += red * cv2.remap(red_foot, whole, part, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    response = np.stack(
        [LINE_RESPONSE["557.7"], red_ratio * LINE_RESPONSE["630.0"], blue_ratio * LINE_RESPONSE["427.8"]]
    ).astype(np.float32)
    return np.tensordot(np.moveaxis(lines * geometry.slant, 0, -1), response, axes=1)


# What a night brings.


def draw_forms(seed: int, night: str, duration_s: float, activity: float) -> tuple[Form, ...]:
    """The forms of a night.

    `activity` is the night's typical log10 of peak brightness in rayleigh. Forms come at random, `FORMS_PER_HOUR` of
    them, and live for 15 to 110 minutes, so that the hour says little about aurora; a night's forms share a latitude,
    as the oval's edge moves with activity (S. I. Akasofu 1964, Planet. Space Sci. 12, 273).
    """
    rng = generator(seed, night, "aurora")
    count = rng.poisson(FORMS_PER_HOUR * duration_s / 3600.0)
    belt = rng.normal(60.0, 160.0)
    return tuple(_draw_form(rng, duration_s, activity, belt) for _ in range(count))


def _draw_form(rng: np.random.Generator, duration_s: float, activity: float, belt_km: float) -> Form:
    kind = KINDS[rng.choice(4, p=(0.38, 0.27, 0.2, 0.15))]
    life = 60.0 * np.clip(rng.lognormal(np.log(40.0), 0.5), 15.0, 110.0)
    start = rng.uniform(-0.5 * life, duration_s - 0.5 * life)
    brightness = 10.0 ** np.clip(rng.normal(activity + _KIND_GAIN[kind], 0.45), 1.5, 5.7)
    return Form(
        kind=kind,
        start_s=float(start),
        duration_s=float(life),
        peak_r=float(brightness),
        north_km=float(belt_km + rng.normal(0.0, 130.0)),
        drift_km_s=float(rng.normal(-0.01, 0.03)),
        width_km=float(np.clip(rng.lognormal(np.log(12.0), 0.5), 4.0, 40.0)),
        bend=float(rng.normal(-0.15, 0.1)),
        fold_km=float(rng.uniform(4.0, 25.0) if kind == "arc" else rng.uniform(25.0, 110.0)),
        rays=float(rng.uniform(0.0, 0.2) if kind == "arc" else rng.uniform(0.2, 0.8)),
        seed=int(rng.integers(0, 2**31)),
    )


# Discrete forms outshine diffuse ones: arcs and bands IBC I to III, diffuse aurora and patches mostly below 10 kR
# (A. Vallance Jones 1974, table 4.12).
_KIND_GAIN = {"arc": 0.1, "band": 0.45, "diffuse": -0.35, "patches": -0.15}
