"""Lights without extent: stars, and the moon with its ghost."""

from __future__ import annotations

import numpy as np

from allsky.fisheye import Lens
from allsky.simulator import sky, stars
from allsky.simulator.grid import grid_position
from allsky.simulator.nature import Instant


def add_stars(picture: np.ndarray, lens: Lens, pixel_sr: float, now: Instant, passed: np.ndarray, haze: float) -> None:
    """Add the stars [R] to `picture`, each spread over the four pixels about its place and dimmed as `passed` says."""
    size = picture.shape[0]
    above = now.star_altitude_deg > 1.0
    zenith = 90.0 - now.star_altitude_deg[above]
    column, row = grid_position(lens, size, zenith, now.star_azimuth_deg[above])
    left, top = np.floor(column).astype(int), np.floor(row).astype(int)
    ok = (left >= 0) & (top >= 0) & (left < size - 1) & (top < size - 1)
    left, top, right, below = left[ok], top[ok], (column - np.floor(column))[ok], (row - np.floor(row))[ok]
    extinction = sky.CLEAN_AIR_EXTINCTION + haze
    through = sky.transmission(np.radians(zenith), extinction)[ok] * passed[top, left][:, None]
    light = STAR_LIGHT[above][ok] * through / pixel_sr
    for dy, dx, share in (
        (0, 0, (1 - right) * (1 - below)),
        (0, 1, right * (1 - below)),
        (1, 0, (1 - right) * below),
        (1, 1, right * below),
    ):
        np.add.at(picture, (top + dy, left + dx), light * share[:, None])


def _star_light() -> np.ndarray:
    """(stars, 3) rayleigh times steradian per channel: V for green, a black body's slope for red and blue."""
    colour = 14_388e3 / stars.TEMPERATURE_K[:, None] * (1.0 / np.array([638.0, 545.0, 436.0]) - 1.0 / 545.0)
    return (sky.star_light(stars.V_MAG)[:, None] * np.exp(-colour)).astype(np.float32)


STAR_LIGHT = _star_light()


def add_moon(picture: np.ndarray, lens: Lens, pixel_sr: float, now: Instant, share: float, ghost: float) -> None:
    """Add the moon's disk, burnt out and never smaller than the lens's blur, and its ghost across the centre."""
    if now.moon_altitude_deg < 0.3:
        return
    size = picture.shape[0]
    column, row = grid_position(lens, size, 90.0 - now.moon_altitude_deg, now.moon_azimuth_deg)
    light = sky.moon_illumination(90.0, now.moon_phase_angle_deg, sky.CLEAN_AIR_EXTINCTION) * share / pixel_sr
    blob(picture, float(column), float(row), light, max(0.9, size / 240.0))
    blob(picture, size - 1 - float(column), size - 1 - float(row), light * ghost, size / 60.0)


def blob(picture: np.ndarray, x: float, y: float, light: np.ndarray, width: float) -> None:
    """Add `light` [R pixels] as a Gaussian of `width` pixels about (x, y)."""
    size, reach = picture.shape[0], int(np.ceil(4 * width))
    x0, x1 = max(int(x) - reach, 0), min(int(x) + reach + 1, size)
    y0, y1 = max(int(y) - reach, 0), min(int(y) + reach + 1, size)
    if x1 <= x0 or y1 <= y0:
        return
    across = np.exp(-0.5 * ((np.arange(x0, x1) - x) / width) ** 2)
    down = np.exp(-0.5 * ((np.arange(y0, y1) - y) / width) ** 2)
    shape = (down[:, None] * across)[..., None] / (2 * np.pi * width**2)
    picture[y0:y1, x0:x1] += (shape * light).astype(np.float32)
