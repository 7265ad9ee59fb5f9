"""What stands around the sky: a ragged line of trees, lamps, snow, and the glow of a town."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from allsky.fisheye import Lens
from allsky.simulator.grid import SkyGrid, grid_position
from allsky.simulator.noise import generator, line, sample_line

# Boreal spruce of 5 to 15 m at 60 to 150 m stand 2 to 12 degrees high.
TREE_HEIGHT_DEG = (1.5, 9.0)
TREE_WIDTH_DEG = (0.6, 1.8)
TREES = 500

# Reflected share of the light that falls on conifers, bare and with snow on them (A. K. Betts and J. H. Ball 1997, J.
# Geophys. Res. 102, 28901: 0.08 and 0.13; open snow 0.6 to 0.8).
TREE_ALBEDO = (0.08, 0.13)

# Town light: rayleigh per channel at the horizon towards a town of 20,000 people 5 km away, its reach in elevation
# and azimuth; sodium and LED lamps mixed. About twice the natural sky low towards the town, a tenth of it overhead
# (P. Cinzano, F. Falchi and C. D. Elvidge 2001, MNRAS 328, 689: Yellowknife's surroundings).
TOWN_COLOUR = np.array([1.35, 0.95, 0.40])
TOWN_HORIZON_R = (600.0, 4000.0)
TOWN_REACH_DEG = 14.0

# Overcast over and near a lit town is 3 to 10 times brighter than its clear sky (C. C. M. Kyba et al. 2011, PLoS ONE
# 6, e17307).
OVERCAST_GAIN = (2.0, 6.0)


@dataclass(frozen=True)
class Surroundings:
    """What a camera's site looks like, the same every night.

    `sky_share` (S, S) is 1 where a pixel sees sky and 0 where it sees trees, `lamps` (S, S, 3) the lamps' radiance in
    rayleigh, `town_azimuth_deg`, `town_r` and `overcast_gain` the town's light.
    """

    sky_share: np.ndarray
    lamps: np.ndarray
    town_azimuth_deg: float
    town_r: float
    overcast_gain: float


def surroundings(seed: int, lens: Lens, grid: SkyGrid) -> Surroundings:
    """Trees, lamps and town of the camera with this `seed`; `grid` has the resolution of the video's sky."""
    rng = generator(seed, "surroundings")
    treeline = _treeline(rng)
    elevation = 90.0 - np.degrees(grid.zenith)
    bins = (np.degrees(grid.azimuth) * 8.0).astype(int) % len(treeline)
    pixel_deg = 90.0 / lens.radius
    share = np.clip((elevation - treeline[bins]) / pixel_deg + 0.5, 0.0, 1.0) * grid.inside
    return Surroundings(
        share.astype(np.float32),
        _lamps(rng, lens, grid),
        float(rng.uniform(0.0, 360.0)),
        float(np.exp(rng.uniform(*np.log(TOWN_HORIZON_R)))),
        float(rng.uniform(*OVERCAST_GAIN)),
    )


def _treeline(rng: np.random.Generator) -> np.ndarray:
    """Elevation [deg] of the skyline in eighths of a degree of azimuth: hills, a gap or two, and spires."""
    azimuth = np.arange(2880) / 8.0
    hills = 1.5 + 0.8 * sample_line(line(int(rng.integers(2**31)), 512, 2.5, 90.0), azimuth / 360.0 * 512)
    skyline = np.clip(hills, 0.3, None)
    stand = sample_line(line(int(rng.integers(2**31)), 512, 2.5, 60.0), azimuth / 360.0 * 512)
    for centre in rng.uniform(0.0, 360.0, TREES):
        height = rng.uniform(*TREE_HEIGHT_DEG) * np.clip(0.6 + 0.4 * np.interp(centre, azimuth, stand), 0.1, 1.3)
        away = np.abs((azimuth - centre + 180.0) % 360.0 - 180.0) / rng.uniform(*TREE_WIDTH_DEG)
        skyline = np.maximum(skyline, height * (1.0 - away))
    return skyline


def _lamps(rng: np.random.Generator, lens: Lens, grid: SkyGrid) -> np.ndarray:
    """A few lamps among the trees: a burnt-out core, its halo, a wider glow."""
    n = grid.zenith.shape[0]
    image = np.zeros((n, n, 3), dtype=np.float32)
    row, column = np.mgrid[:n, :n].astype(np.float32)
    for _ in range(rng.integers(1, 5)):
        x, y = grid_position(lens, n, 90.0 - rng.uniform(0.5, 5.0), rng.uniform(0.0, 360.0))
        distance = np.hypot(column - x, row - y) / lens.radius
        # From warm sodium to the cold white of LED lamps.
        colour = np.array([1.5, 0.9, 0.3]) + rng.uniform(0.0, 1.0) * np.array([-0.6, 0.1, 0.8])
        power = np.exp(rng.uniform(np.log(3e4), np.log(6e5)))
        light = np.exp(-0.5 * (distance / 0.012) ** 2) + 0.004 / (1.0 + (distance / 0.03) ** 2)
        image += (power * light)[..., None] * colour
    return image


def town_glow(grid: SkyGrid, around: Surroundings, haze: float) -> np.ndarray:
    """(n, n, 3) rayleigh of the clear sky lit by the town; haze carries it higher."""
    elevation = 90.0 - np.degrees(grid.zenith)
    towards = np.cos(grid.azimuth - np.radians(around.town_azimuth_deg))
    reach = TOWN_REACH_DEG * (1.0 + haze)
    lobe = np.exp(-elevation / reach) * np.exp(2.0 * (towards - 1.0)) + 0.04
    return (around.town_r * lobe)[..., None] * TOWN_COLOUR


def town_on_cloud(grid: SkyGrid, around: Surroundings, snow_gain: float) -> np.ndarray:
    """(n, n, 3) rayleigh of solid cloud lit from below, brightest over the town."""
    towards = np.cos(grid.azimuth - np.radians(around.town_azimuth_deg))
    lobe = 0.25 + np.exp(1.6 * (towards * np.sin(grid.zenith) - 1.0))
    return (0.25 * around.town_r * around.overcast_gain * snow_gain * lobe)[..., None] * TOWN_COLOUR


def ground_radiance(illumination: np.ndarray, snow: float) -> np.ndarray:
    """(3,) rayleigh of the trees under an `illumination` in rayleigh times steradian (3,)."""
    albedo = TREE_ALBEDO[0] + snow * (TREE_ALBEDO[1] - TREE_ALBEDO[0])
    return albedo * np.asarray(illumination) / np.pi
