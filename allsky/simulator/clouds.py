"""Where clouds stand, how much they hide, and how they shine.

Two decks drift over the camera: low water cloud and high ice cloud. Each is a fractal field cut at the height that
gives the wanted cover; what hides also scatters, so a cloud is dark before a bright sky and bright over a town or under
the moon.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allsky.simulator.grid import SkyGrid
from allsky.simulator.noise import generator, line, sample, sample_line, texture
from allsky.simulator.sky import EARTH_RADIUS_KM, van_rhijn

# Optical depths of solid cloud: stratocumulus 5 to 20, of which the beam of a feature's light is gone after 3; cirrus
# 0.05 to 1.5 (K.-N. Liou 2002, "An Introduction to Atmospheric Radiation", section 7.1; K. Sassen and J. R. Campbell
# 2001).
LOW_DEPTH = (1.5, 8.0)
HIGH_DEPTH = (0.15, 1.0)

LOW_BASE_KM = 1.5
HIGH_BASE_KM = 8.0

# Shares of nights: mostly clear, changing, mostly overcast. Yellowknife's winter months have 40 to 70 % cloud
# (Environment Canada, Canadian Climate Normals 1981-2010, Yellowknife A); nights are drawn clearer, because a
# camera's archive that is mostly overcast teaches nobody.
REGIMES = {"clear": 0.43, "changing": 0.45, "overcast": 0.12}

# Low cover and high cover about which the regimes wander, and how far (standard deviation), on the scale of normal
# deviates: -1.6 leaves 5 % covered, 1.6 95 %.
_LEVELS = {"clear": (-2.6, -1.6, 0.5), "changing": (-0.7, -0.6, 1.0), "overcast": (1.1, 0.3, 0.8)}


@dataclass(frozen=True)
class CloudNight:
    """What a night's clouds are made of: see `draw_clouds`."""

    regime: str
    low_level: float
    high_level: float
    wander: float
    low_depth: float
    high_depth: float
    low_wind: tuple[float, float]
    high_wind: tuple[float, float]
    softness: float
    seed: int


@dataclass(frozen=True)
class CloudGeometry:
    """Positions [heights of the deck's base] over the plane, how blurred each cell is, and the slant through the
    deck.
    """

    low_xy: tuple[np.ndarray, np.ndarray]
    high_xy: tuple[np.ndarray, np.ndarray]
    detail: np.ndarray
    slant: np.ndarray


def cloud_geometry(grid: SkyGrid) -> CloudGeometry:
    """Where each cell's line of sight meets the two decks."""
    low, high = (_plane(grid, height) for height in (LOW_BASE_KM, HIGH_BASE_KM))
    spacing = np.hypot(*np.gradient(np.hypot(*low)))
    return CloudGeometry(
        low,
        high,
        (1.0 / (1.0 + (spacing * CELLS_PER_HEIGHT / 6.0) ** 2)).astype(np.float32),
        np.minimum(van_rhijn(grid.zenith, HIGH_BASE_KM), 5.0).astype(np.float32),
    )


# Cells of the textures to a height of the deck: the largest structures (64 cells) span 4 heights.
CELLS_PER_HEIGHT = 16.0


def _plane(grid: SkyGrid, height_km: float) -> tuple[np.ndarray, np.ndarray]:
    sine = EARTH_RADIUS_KM / (EARTH_RADIUS_KM + height_km) * np.sin(grid.zenith)
    distance = EARTH_RADIUS_KM * (grid.zenith - np.arcsin(sine)) / height_km
    distance = np.minimum(distance, 60.0)
    return (distance * np.sin(grid.azimuth)).astype(np.float32), (distance * np.cos(grid.azimuth)).astype(np.float32)


def draw_clouds(seed: int, night: str) -> CloudNight:
    """A night's weather: regime, thickness and wind (5 to 20 m/s at the deck, any direction)."""
    rng = generator(seed, night, "clouds")
    regime = str(rng.choice(list(REGIMES), p=list(REGIMES.values())))
    low, high, wander = _LEVELS[regime]
    return CloudNight(
        regime=regime,
        low_level=float(rng.normal(low, 0.4)),
        high_level=float(rng.normal(high, 0.6)),
        wander=wander,
        low_depth=float(np.exp(rng.uniform(*np.log(LOW_DEPTH)))),
        high_depth=float(np.exp(rng.uniform(*np.log(HIGH_DEPTH)))),
        low_wind=_wind(rng, LOW_BASE_KM),
        high_wind=_wind(rng, HIGH_BASE_KM / 2.0),
        softness=float(rng.uniform(0.25, 0.8)),
        seed=int(rng.integers(0, 2**31)),
    )


def _wind(rng: np.random.Generator, height_km: float) -> tuple[float, float]:
    """Drift in heights per second."""
    speed, towards = rng.uniform(0.005, 0.020) / height_km, rng.uniform(0.0, 2.0 * np.pi)
    return float(speed * np.sin(towards)), float(speed * np.cos(towards))


def covers(clouds: CloudNight, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wanted cover of the low and the high deck at each instant, as normal deviates, changing over an hour or so."""
    hours = np.asarray(seconds) / 3600.0
    low = clouds.low_level + clouds.wander * sample_line(line(clouds.seed + 1, 512, 2.4, 24.0), hours * 8.0)
    high = clouds.high_level + clouds.wander * sample_line(line(clouds.seed + 2, 512, 2.4, 24.0), hours * 8.0)
    return low, high


def optical_depth(
    clouds: CloudNight, seconds: float, low_cover: float, high_cover: float, geometry: CloudGeometry
) -> np.ndarray:
    """Optical depth of both decks along each cell's line of sight, (n, n) float32."""
    low = _deck(clouds.seed + 3, geometry.low_xy, clouds.low_wind, seconds, geometry.detail, 1.0)
    high = _deck(clouds.seed + 5, geometry.high_xy, clouds.high_wind, seconds, geometry.detail, 3.0)
    depth = clouds.low_depth * _thickness(low + np.float32(low_cover), clouds.softness)
    depth += clouds.high_depth * _thickness(high + np.float32(high_cover), 0.8)
    return depth * np.sqrt(geometry.slant)


def _thickness(above: np.ndarray, softness: float) -> np.ndarray:
    """Thickness where the field stands above the cut, in units of solid cloud; `softness` is how slowly edges fade."""
    rounded = softness * np.log1p(np.exp(np.clip((above - softness) / softness, -8.0, 20.0) * np.float32(1.5))) / 1.5
    return np.clip(rounded - np.float32(0.01), 0.0, None)


def _deck(seed: int, xy, wind, seconds: float, detail: np.ndarray, stretch: float) -> np.ndarray:
    """The deck's field: two textures that drift apart, so that clouds form and dissolve on their way."""
    x, y = (axis * np.float32(CELLS_PER_HEIGHT) for axis in xy)
    dx, dy = (np.float32(speed * seconds * CELLS_PER_HEIGHT) for speed in wind)
    first = sample(texture(seed, 256, 2.9, 48.0, stretch), x - dx, y - dy)
    second = sample(texture(seed + 1, 256, 3.0, 48.0, stretch), x - dx * 1.25 + 97, y - dy * 0.8 + 31)
    return (first + second) * np.float32(0.7071) * (0.35 + 0.65 * detail)


# How clouds shine.


def scattered_share(depth: np.ndarray) -> np.ndarray:
    """Share of the light falling on a cloud that it sends down in any one direction, as of a diffuse screen.

    Thin cloud scatters all it meets, mostly forward; thick cloud sends most back up: (1 - exp(-d)) / (1 + 0.11 d), the
    two-stream transmission with an asymmetry of 0.85 (C. F. Bohren 1987, "Multiple scattering of light and some of
    its observable consequences", Am. J. Phys. 55, 524: 1 / (1 + 3/4 (1 - g) d)).
    """
    return (1.0 - np.exp(-depth)) / (1.0 + 0.11 * depth)


def snow_gain(snow: float) -> float:
    """How much multiple reflection between ground and overcast brightens the overcast: 1 / (1 - a_ground a_cloud)
    with an albedo of 0.8 for fresh snow and 0.15 for bare ground, 0.6 for cloud (Liou 2002, section 8).
    """
    return 1.0 / (1.0 - (0.15 + 0.65 * snow) * 0.6)
