"""What the camera makes of light: exposure, gain, noise, colour, vignetting, glare and ghosts, and how noisy it is.

Light in rayleigh becomes electrons, electrons become 8-bit levels. Noise is shot noise, read noise and rounding;
nothing here knows what the light came from.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from allsky.simulator.noise import normal_bank

# A dark, clear sky with some airglow [R per channel], at which the automatic's aim is met exactly.
REFERENCE_R = 1500.0

# Places where a frame's stretch of noise may start.
NOISE_STARTS = 1 << 18

# sRGB-like tone curve of consumer cameras and of the THEMIS movies' square-root stretch.
GAMMA = 2.2

# Rounding to whole levels has a standard deviation of 1 / sqrt(12) levels; H.264 as this archive uses it leaves
# patches of 5 x 5 pixels 0.9 to 1.4 levels off (robust deviation, 40 frames each of three demo nights), 0.6 of it the
# sensor's noise.
COMPRESSION_SD_LEVELS = 1.0


@dataclass(frozen=True)
class Sensor:
    """A camera body.

    `sensitivity` is electrons per rayleigh, second and steradian in a colour channel's pixel: 1 R is 8e8 photons m^-2
    s^-1 sr^-1, a 1.4 mm lens at f/2 collects them on 0.4 mm^2, and a colour filter, glass and silicon keep a third:
    100. `read_noise_e` and `full_scale_e` (at gain 1) in electrons, `exposure_range_s` what its automatic may choose,
    aiming at `target` (share of full scale, linear) for the mean sky; it corrects `auto_share` of the difference, the
    rest is left to be seen. `grey_world` is how far its white balance follows the sky's colour, `saturation` how far
    colours are moved from grey, `black` the share of the dark of the sky that is subtracted before the picture is
    stretched, `vignetting` the light lost at the edge, `glare` and `ghost` the shares of a bright point's light that
    the lens spreads and mirrors.
    """

    colour: bool = True
    sensitivity: float = 100.0
    read_noise_e: float = 6.0
    full_scale_e: float = 6000.0
    exposure_range_s: tuple[float, float] = (0.02, 8.0)
    gain_range: tuple[float, float] = (0.5, 4.0)
    target: float = 0.06
    auto_share: float = 0.8
    white_balance: tuple[float, float, float] = (0.95, 1.0, 1.05)
    grey_world: float = 0.4
    saturation: float = 1.35
    black: float = 0.0
    vignetting: float = 0.35
    glare: float = 0.03
    ghost: float = 2e-4


@dataclass(frozen=True)
class Exposure:
    """How one frame is taken: `seconds`, `gain`, `black_e` electrons subtracted, and the `white_balance` (3,)."""

    seconds: float
    gain: float
    black_e: float
    white_balance: np.ndarray


def expose(
    sensor: Sensor,
    mean_radiance: np.ndarray,
    dark_radiance: np.ndarray,
    pixel_sr: float,
    bias: float,
    white_balance: np.ndarray,
) -> Exposure:
    """The automatic's choice for a sky of `mean_radiance` and, where it is dark, `dark_radiance` [R] (3,).

    `bias` is the night's own factor on its aim. White balance goes `sensor.grey_world` of the way from the night's
    own to that which makes the mean sky grey (G. Buchsbaum 1980, J. Franklin Inst. 310, 1: the grey world).
    """
    mean, dark = (float(light[1] if sensor.colour else light.sum()) for light in (mean_radiance, dark_radiance))
    per_second = sensor.sensitivity * pixel_sr
    rate, reference = max(mean, 50.0) * per_second, REFERENCE_R * (1 if sensor.colour else 3) * per_second
    # An aim short of full correction lets a bright sky stay brighter than a dark one.
    signal = sensor.target * sensor.full_scale_e * bias * (rate / reference) ** (1.0 - sensor.auto_share)
    seconds = float(np.clip(signal / rate, *sensor.exposure_range_s))
    black = sensor.black * dark * per_second * seconds
    # What is subtracted as black makes room for more gain.
    gain = float(np.clip(signal / (rate * seconds - black), *sensor.gain_range))
    followed = white_balance * (mean_radiance[1] / np.maximum(mean_radiance, 1.0)) ** sensor.grey_world
    return Exposure(seconds, gain, black, followed)


def vignette(radius_share: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Share of light kept at a distance from the centre (1 = edge of the circle)."""
    return (1.0 - sensor.vignetting * np.clip(radius_share, 0, 1.05) ** 2).astype(np.float32)


def electrons_per_rayleigh(sensor: Sensor, exposure: Exposure, pixel_sr: float) -> float:
    """Electrons a pixel gathers for each rayleigh in its channel."""
    return sensor.sensitivity * pixel_sr * exposure.seconds


def develop(radiance, keep, sensor: Sensor, exposure: Exposure, pixel_sr: float, noise_at: int, seed: int):
    """8-bit picture (h, w, 3) of `radiance` [R] (h, w, 3); `keep`, of the same shape, is the vignetting.

    `noise_at` chooses the stretch of noise, so that every frame of a night has its own.
    """
    signal = radiance if sensor.colour else radiance.sum(axis=2, keepdims=True)
    electrons = signal * keep[..., : signal.shape[2]]
    electrons *= np.float32(electrons_per_rayleigh(sensor, exposure, pixel_sr))
    bank = normal_bank(seed, electrons.size + NOISE_STARTS)
    start = noise_at % NOISE_STARTS
    noise = bank[start : start + electrons.size].reshape(electrons.shape)
    electrons += noise * cv2.sqrt(electrons + np.float32(sensor.read_noise_e**2)).reshape(electrons.shape)
    electrons -= np.float32(exposure.black_e)
    mix = colour_matrix(exposure.white_balance, sensor.saturation)
    level = _tone(electrons, 4095.0 * exposure.gain / sensor.full_scale_e, mix)
    return level if sensor.colour else np.repeat(level, 3, axis=2)


def _tone(electrons: np.ndarray, scale: float, mix: np.ndarray) -> np.ndarray:
    """Levels of `electrons`, through colours mixed by the matrix `mix`, a converter of 12 bits and the tone curve."""
    mixed = cv2.transform(electrons, (mix * scale).astype(np.float32)) if electrons.shape[2] == 3 else electrons * scale
    return np.take(_TONE, np.clip(mixed, 0, 4095).astype(np.uint16))


def colour_matrix(white_balance: np.ndarray, saturation: float) -> np.ndarray:
    """(3, 3) that balances the channels and moves them `saturation` times as far from grey.

    Cameras undo in this way what their overlapping filters mix; grey is the luma of ITU-R BT.601.
    """
    grey = np.outer(np.ones(3), [0.299, 0.587, 0.114])
    return (saturation * np.eye(3) + (1.0 - saturation) * grey) * white_balance


_TONE = np.round(255.0 * (np.arange(4096) / 4095.0) ** (1.0 / GAMMA)).astype(np.uint8)


def level_noise_electrons(electrons, sensor: Sensor, exposure: Exposure) -> np.ndarray:
    """Electrons that rounding and compression errors of a finished 8-bit level amount to where a pixel has
    `electrons`.
    """
    share = np.clip((electrons - exposure.black_e) * exposure.gain / sensor.full_scale_e, 2e-4, 1.0)
    slope = 255.0 / GAMMA * share ** (1.0 / GAMMA - 1.0) * exposure.gain / sensor.full_scale_e
    return COMPRESSION_SD_LEVELS / slope


def saturated(electrons, sensor: Sensor, exposure: Exposure) -> np.ndarray:
    """Where the picture is burnt out, so that no signal is left."""
    return (electrons - exposure.black_e) * exposure.gain >= sensor.full_scale_e


def glare_kernel(n: int, sensor: Sensor) -> np.ndarray:
    """(2n + 1, 2n + 1): share of a point's light spread over each cell by the lens and dome, sum = `sensor.glare`.

    Falls as 1 / (r0^2 + r^2), the usual shape of veiling glare (J. J. Vos 2003, "On the cause of disability glare",
    Clin. Exp. Optom. 86, 363), with a faint ring from the lens's inner reflections.
    """
    row, column = np.mgrid[-n : n + 1, -n : n + 1].astype(np.float32)
    distance = np.hypot(row, column) / n
    spread = 1.0 / (0.02**2 + distance**2) + 15.0 * np.exp(-0.5 * ((distance - 0.42) / 0.02) ** 2)
    return (sensor.glare * spread / spread.sum()).astype(np.float32)
