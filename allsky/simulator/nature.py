"""What a night brings, drawn once for the night; and what of it holds at each instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from allsky.ephemeris import sun_and_moon
from allsky.simulator import aurora, clouds, sky, stars
from allsky.simulator.noise import generator
from allsky.site import Site

# log10 of a night's typical peak brightness [R]: quiet nights 0.3 kR, disturbed ones 10 kR and more. Yellowknife lies
# under the oval, where aurora above 1 kR is seen on most clear nights (Y. I. Feldstein and G. V. Starkov 1967,
# Planet. Space Sci. 15, 209).
ACTIVITY = (4.25, 0.4)

# Haze [mag per airmass at the zenith]: median 0.08 and up to 0.4 with ice crystals and smoke (Hayes and Latham 1975's
# aerosol term 0.05 to 0.3).
HAZE = (0.08, 0.6)

# Column ratios to 557.7 nm: of 630.0 nm 0.05 to 0.6 (softer electrons, more red), of 427.8 nm 0.1 to 0.3 (Vallance
# Jones 1974, table 4.12 and chapter 5).
RED_RATIO = (0.05, 0.6)
BLUE_RATIO = (0.10, 0.30)


# Night-to-night wander of the white balance in red, green and blue (standard deviation of the logarithm). The dark
# sky of eight pictures of one colour camera (Longyearbyen, February 2014) scatters by 0.22 in log(green / red),
# airglow and cloud included.
COLOUR_CAST = (0.11, 0.11, 0.11)

# Share of nights on which work lights burn in the town: mercury and metal halide lamps, whose 546.1 nm line is green.
WORK_LIGHTS = 0.4


@dataclass(frozen=True)
class NightNature:
    """A night's own weather, air, ground and camera mood."""

    seed: int
    noise_seed: int
    forms: tuple[aurora.Form, ...]
    clouds: clouds.CloudNight
    haze: float
    green_airglow_r: float
    red_airglow_r: float
    red_ratio: float
    blue_ratio: float
    snow: float
    town: np.ndarray
    lamps: float
    frost: float
    dirt: float
    exposure_bias: float
    white_balance: np.ndarray


@dataclass(frozen=True)
class Instant:
    """What holds when one frame is taken."""

    seconds: float
    sun_altitude_deg: float
    sun_azimuth_deg: float
    moon_altitude_deg: float
    moon_azimuth_deg: float
    moon_phase_deg: float
    moon_phase_angle_deg: float
    low_cover: float
    high_cover: float
    galactic_pole: np.ndarray
    star_altitude_deg: np.ndarray
    star_azimuth_deg: np.ndarray
    noise_at: int


def draw_night(
    seed: int, night: str, duration_s: float, latitude_deg: float, white_balance: tuple[float, float, float]
) -> NightNature:
    """The night's draws: independent of each other, keyed by `seed` and `night`."""
    rng = generator(seed, night, "air")
    cast = np.exp(rng.normal(0.0, COLOUR_CAST))
    return NightNature(
        seed=int(rng.integers(2**31)),
        noise_seed=seed,
        forms=aurora.draw_forms(seed, night, duration_s, float(rng.normal(*ACTIVITY))),
        clouds=clouds.draw_clouds(seed, night),
        haze=float(np.clip(rng.lognormal(np.log(HAZE[0]), HAZE[1]), 0.01, 0.5)),
        green_airglow_r=float(rng.uniform(*sky.GREEN_AIRGLOW_R)),
        red_airglow_r=float(rng.uniform(*sky.RED_AIRGLOW_R)),
        red_ratio=float(np.exp(rng.uniform(*np.log(RED_RATIO)))),
        blue_ratio=float(rng.uniform(*BLUE_RATIO)),
        snow=_snow(rng, night, latitude_deg),
        town=_town(rng),
        lamps=float(rng.uniform(0.4, 1.2) * (rng.random() < 0.8)),
        frost=float(rng.uniform(0.6, 2.5) if rng.random() < 0.12 else 0.0),
        dirt=float(np.exp(rng.normal(0.0, 0.4))),
        exposure_bias=float(np.exp(rng.normal(0.0, 0.35))),
        white_balance=np.array(white_balance) * cast,
    )


def _town(rng: np.random.Generator) -> np.ndarray:
    """The town's light this night over its usual, per channel: (3,)."""
    green = rng.uniform(0.4, 1.6) * (rng.random() < WORK_LIGHTS)
    return rng.uniform(0.5, 1.3) + green * np.array([0.25, 1.0, 0.9])


def _snow(rng: np.random.Generator, night: str, latitude_deg: float) -> float:
    """Snow lies from November to April north of 55 degrees on nine nights in ten (Canadian Climate Normals,
    Yellowknife A).
    """
    month = int(night[5:7])
    likely = 0.9 if latitude_deg > 55.0 and month in (11, 12, 1, 2, 3, 4) else 0.1
    return float(rng.uniform(0.5, 1.0) if rng.random() < likely else 0.0)


def instants(nature: NightNature, site: Site, utc: pd.DatetimeIndex, first: pd.Timestamp) -> list[Instant]:
    """The state at each of `utc` of the night whose frames begin at `first`; the whole of them in one go."""
    if len(utc) == 0:
        return []
    seconds = np.asarray((utc - first).total_seconds())
    columns = _columns(nature, site, utc, seconds)
    return [Instant(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]


def _columns(nature: NightNature, site: Site, utc: pd.DatetimeIndex, seconds: np.ndarray) -> dict[str, Any]:
    """Every field of `Instant` at all instants."""
    bodies = sun_and_moon(utc, site).drop(columns=["utc", "moon_illuminated_fraction"])
    unix = np.asarray(utc.as_unit("ms").asi8) / 1000.0
    low, high = clouds.covers(nature.clouds, seconds)
    place = (site.latitude_deg, site.longitude_deg)
    altitude, azimuth = sky.horizontal(stars.RIGHT_ASCENSION_DEG, stars.DECLINATION_DEG, unix, *place)
    pole = sky.horizontal(np.array(sky.GALACTIC_POLE[:1]), np.array(sky.GALACTIC_POLE[1:]), unix, *place)
    return {name: bodies[name].tolist() for name in bodies} | {
        "seconds": seconds.tolist(),
        "moon_phase_angle_deg": np.abs(180.0 - bodies["moon_phase_deg"].to_numpy()).tolist(),
        "low_cover": low.tolist(),
        "high_cover": high.tolist(),
        "galactic_pole": [sky.unit_vector(*angles) for angles in zip(pole[0][:, 0], pole[1][:, 0], strict=True)],
        "star_altitude_deg": altitude,
        "star_azimuth_deg": azimuth,
        # Each instant cuts its own stretch from the store of noise; a large odd stride visits all of it.
        "noise_at": [int(second) * 96_557 for second in unix // 1],
    }
