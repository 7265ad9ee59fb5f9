"""What one camera's picture of the sky looks like at one instant: everything that shines put together, in layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from allsky.fisheye import Lens
from allsky.simulator import aurora, clouds, horizon, sensor, sky, truth
from allsky.simulator.grid import SkyGrid, grid_position, sky_grid
from allsky.simulator.nature import Instant, NightNature
from allsky.simulator.noise import sample, texture
from allsky.simulator.points import add_moon, add_stars

# Light without detail (twilight, moonlight, airglow) is computed in this many cells across the sky.
SMOOTH_CELLS = 48


@dataclass(frozen=True, eq=False)
class Scene:
    """All that stays the same from frame to frame of one camera."""

    lens: Lens
    sensor: sensor.Sensor
    fine: SkyGrid
    mid: SkyGrid
    smooth: SkyGrid
    directions: np.ndarray
    around: horizon.Surroundings
    aurora: aurora.AuroraGeometry
    clouds: clouds.CloudGeometry
    keep: np.ndarray
    patch_keep: np.ndarray
    patch_sky: np.ndarray
    patch_sr: np.ndarray
    sky_share: np.ndarray
    ground_share: np.ndarray
    glare: np.ndarray
    pixel_sr: float


@dataclass(frozen=True)
class Picture:
    """One frame as taken: `rgb` (S, S, 3) uint8 of the square about the circle, and what is true of it.

    `aurora` and `contrast` are per patch: radiance of aurora as it arrives [R], and contrast to noise.
    """

    rgb: np.ndarray
    facts: dict
    aurora: np.ndarray
    contrast: np.ndarray


@lru_cache(maxsize=4)
def build_scene(lens: Lens, body: sensor.Sensor, seed: int, magnetic_declination_deg: float) -> Scene:
    """Geometry and surroundings of a camera; some 0.3 s, kept for the next night."""
    size = round(2.0 * lens.radius)
    fine, mid, smooth = sky_grid(lens, size), sky_grid(lens, min(size // 2, 240)), sky_grid(lens, SMOOTH_CELLS)
    around = horizon.surroundings(seed, lens, fine)
    return Scene(
        lens,
        body,
        fine,
        mid,
        smooth,
        smooth.unit_vectors,
        around,
        aurora.aurora_geometry(lens, mid, magnetic_declination_deg),
        clouds.cloud_geometry(mid),
        three(sensor.vignette(_from_centre(size), body) * fine.inside),
        sensor.vignette(_from_centre(truth.PATCHES), body),
        truth.to_patches(around.sky_share),
        sky_grid(lens, truth.PATCHES).solid_angle * truth.to_patches(around.sky_share),
        three(around.sky_share),
        three(1.0 - around.sky_share),
        sensor.glare_kernel(mid.zenith.shape[0], body),
        float(fine.solid_angle.sum() / fine.inside.sum()),
    )


def three(image: np.ndarray) -> np.ndarray:
    """`image` in each of three channels; adding and multiplying arrays of one shape is ten times faster than
    broadcasting.
    """
    return cv2.merge([image, image, image])


def mean_colour(image: np.ndarray, grid: SkyGrid) -> np.ndarray:
    """Mean of each channel over the circle, (3,)."""
    return np.array(cv2.mean(image, grid.inside.astype(np.uint8))[:3])


def _from_centre(n: int) -> np.ndarray:
    offset = (np.arange(n) + 0.5) / n * 2.0 - 1.0
    return np.hypot(*np.meshgrid(offset, offset)).astype(np.float32)


# The layers, from far to near.


def clear_sky(scene: Scene, nature: NightNature, now: Instant) -> np.ndarray:
    """(48, 48, 3) rayleigh of the sky without stars, aurora and cloud."""
    grid, directions = scene.smooth, scene.directions
    extinction = sky.CLEAN_AIR_EXTINCTION + nature.haze
    through = sky.transmission(grid.zenith, extinction)
    waves = 1.0 + 0.15 * sample(
        texture(nature.seed, 256, 3.0, 24.0), directions[..., 0] * 60 + now.seconds / 60.0, directions[..., 1] * 60
    )
    far = sky.surface_brightness(sky.DARK_SKY_MAG) + sky.milky_way(directions, now.galactic_pole)
    far = far + sky.airglow(grid.zenith, nature.green_airglow_r, nature.red_airglow_r, waves)
    moon = sky.unit_vector(now.moon_altitude_deg, now.moon_azimuth_deg)
    separation = np.degrees(np.arccos(np.clip(directions @ moon, -1.0, 1.0)))
    near = sky.moonlight(grid.zenith, separation, now.moon_altitude_deg, now.moon_phase_angle_deg, extinction)
    near = near + sky.twilight(directions, now.sun_altitude_deg, now.sun_azimuth_deg)
    return far * through + near + horizon.town_glow(grid, scene.around, nature.haze) * nature.town


def cloud_light(scene: Scene, nature: NightNature, now: Instant, clear: np.ndarray, glow: np.ndarray) -> np.ndarray:
    """(48, 48, 3) rayleigh of solid cloud: lit by the sky, by aurora (`glow`, mean radiance), by the moon and by the
    town.

    Forward scattering makes cloud near the moon brighter; the mean sky and a part of the local one light the rest.
    """
    weight = scene.smooth.solid_angle * np.cos(scene.smooth.zenith)
    mean_sky = np.tensordot(weight, clear, axes=2) / weight.sum()
    moon = sky.unit_vector(now.moon_altitude_deg, now.moon_azimuth_deg)
    ahead = np.exp(2.2 * (scene.directions @ moon - 1.0)) * 1.8 + 0.25
    extinction = sky.CLEAN_AIR_EXTINCTION + nature.haze
    moonlit = sky.moon_illumination(now.moon_altitude_deg, now.moon_phase_angle_deg, extinction) / np.pi
    lit = 0.45 * clear + 0.35 * mean_sky + 0.6 * glow + ahead[..., None] * moonlit * 0.5
    town = horizon.town_on_cloud(scene.smooth, scene.around, clouds.snow_gain(nature.snow)) * nature.town
    return lit * (0.5 + 0.5 * clouds.snow_gain(nature.snow)) + town


def veil(scene: Scene, now: Instant, moon_share: float, nature: NightNature) -> np.ndarray:
    """(mid, mid, 3) rayleigh of the moon's glare in the lens, for the `moon_share` of its light that clouds let
    through.
    """
    n = scene.mid.zenith.shape[0]
    if now.moon_altitude_deg < 0.5:
        return np.zeros((n, n, 3), dtype=np.float32)
    column, row = grid_position(scene.lens, n, 90.0 - now.moon_altitude_deg, now.moon_azimuth_deg)
    x, y = int(np.clip(round(float(column)), 0, n)), int(np.clip(round(float(row)), 0, n))
    extinction = sky.CLEAN_AIR_EXTINCTION + nature.haze
    normal = sky.moon_illumination(now.moon_altitude_deg, now.moon_phase_angle_deg, extinction)
    light = normal / np.sin(np.radians(now.moon_altitude_deg)) * moon_share * nature.dirt
    cell_sr = scene.pixel_sr * (scene.mid.cell) ** 2
    return scene.glare[n - y : 2 * n - y, n - x : 2 * n - x, None] * (light / cell_sr).astype(np.float32)


def up(image: np.ndarray, n: int) -> np.ndarray:
    """`image` resized to n x n cells."""
    return cv2.resize(np.ascontiguousarray(image, dtype=np.float32), (n, n), interpolation=cv2.INTER_LINEAR)


@lru_cache(maxsize=2)
def _air(scene: Scene, haze: float) -> np.ndarray:
    """Share of light from above the air that arrives, (mid, mid, 3), on a night."""
    return sky.transmission(scene.mid.zenith, sky.CLEAN_AIR_EXTINCTION + haze).astype(np.float32)


def take_picture(scene: Scene, nature: NightNature, now: Instant) -> Picture:
    """The frame of `now`, and its truth."""
    n = scene.mid.zenith.shape[0]
    foot = aurora.footprint(nature.forms, now.seconds, scene.aurora)
    emitted = aurora.radiance(foot, scene.aurora, nature.red_ratio, nature.blue_ratio)
    depth = clouds.optical_depth(nature.clouds, now.seconds, now.low_cover, now.high_cover, scene.clouds)
    passed = np.exp(-depth)
    arriving = emitted * _air(scene, nature.haze)
    seen = arriving * three(passed)
    clear = clear_sky(scene, nature, now)
    glow = mean_colour(arriving, scene.mid)
    lit = up(cloud_light(scene, nature, now, clear, glow), n) + spread(arriving)
    moon_share = _at(scene, passed, now)
    ground = up(clear, n) * three(passed) + lit * three(clouds.scattered_share(depth))
    ground += veil(scene, now, moon_share, nature)
    return _expose(scene, nature, now, _Layers(emitted, seen, ground, passed, moon_share))


def spread(arriving: np.ndarray) -> np.ndarray:
    """Aurora's light as cloud spreads it: half of what comes from within some 15 degrees."""
    n = arriving.shape[0]
    return 0.5 * up(cv2.blur(cv2.resize(arriving, (24, 24), interpolation=cv2.INTER_AREA), (5, 5)), n)


@dataclass(frozen=True)
class _Layers:
    emitted: np.ndarray
    seen: np.ndarray
    ground: np.ndarray
    passed: np.ndarray
    moon_share: float


def _at(scene: Scene, image: np.ndarray, now: Instant) -> float:
    """`image` (mid) at the moon."""
    n = image.shape[0]
    column, row = grid_position(scene.lens, n, 90.0 - max(now.moon_altitude_deg, 0.0), now.moon_azimuth_deg)
    return float(image[int(np.clip(row, 0, n - 1)), int(np.clip(column, 0, n - 1))])


def _expose(scene: Scene, nature: NightNature, now: Instant, layers: _Layers) -> Picture:
    """From light to levels, and the truth about them."""
    size = scene.fine.zenith.shape[0]
    light = layers.ground + layers.seen
    mean = mean_colour(light, scene.mid)
    dark = np.quantile(cv2.resize(light, (16, 16), interpolation=cv2.INTER_AREA)[3:13, 3:13], 0.1, axis=(0, 1))
    exposure = sensor.expose(scene.sensor, mean, dark, scene.pixel_sr, nature.exposure_bias, nature.white_balance)
    picture = up(light, size)
    place = (scene.lens, scene.pixel_sr, now)
    add_stars(picture, *place, up(layers.passed, size), nature.haze)
    add_moon(picture, *place, layers.moon_share, scene.sensor.ghost)
    ground = horizon.ground_radiance(np.pi * mean, nature.snow)
    picture = picture * scene.sky_share + cv2.multiply(scene.ground_share, np.array([*ground, 0.0]))
    picture += scene.around.lamps * np.float32(nature.lamps)
    if nature.frost > 0:
        picture = cv2.GaussianBlur(picture, (0, 0), nature.frost * size / 240.0)
    rgb = sensor.develop(picture, scene.keep, scene.sensor, exposure, scene.pixel_sr, now.noise_at, nature.noise_seed)
    return Picture(rgb, *_truth(scene, nature, now, layers, exposure))


def _truth(scene: Scene, nature: NightNature, now: Instant, layers: _Layers, exposure: sensor.Exposure):
    """Facts of the frame, and its patches of aurora and contrast."""
    size = scene.fine.zenith.shape[0]
    seen, ground = truth.to_patches(layers.seen), truth.to_patches(layers.ground)
    contrast = truth.contrast_map(
        seen,
        ground,
        scene.patch_keep,
        scene.patch_sky,
        scene.sensor,
        exposure,
        scene.pixel_sr,
        (size / truth.PATCHES) ** 2,
    )
    emitted = truth.to_patches(layers.emitted)
    passed = truth.to_patches(layers.passed)
    weight = emitted[..., 1] * scene.patch_sr
    level = truth.reached_over(contrast, scene.patch_sr)
    green = truth.reached_over(emitted[..., 1] * (scene.patch_sky > 0.5), scene.patch_sr)
    facts = {
        "aurora_brightness_rayleigh": green / sky.LINE_RESPONSE["557.7"][1],
        "cloud_over_aurora": float(1.0 - (weight * passed).sum() / weight.sum()) if weight.sum() > 0 else 0.0,
        "contrast_to_noise": level,
        "solid_angle_sr": float(scene.patch_sr[contrast > truth.VISIBLE_CONTRAST].sum()),
        "visible": str(truth.visibility(level)),
        "cloud_fraction": float((scene.patch_sr * (passed < 0.7)).sum() / scene.patch_sr.sum()),
        "haze_extinction": nature.haze,
        "snow": nature.snow,
        "exposure_s": exposure.seconds,
        "gain": exposure.gain,
        "background_rayleigh": float(np.median(ground[..., 1][scene.patch_sky > 0.5])),
        "sun_altitude_deg": now.sun_altitude_deg,
        "moon_altitude_deg": now.moon_altitude_deg,
        "moon_phase_deg": now.moon_phase_deg,
    }
    return facts, seen, contrast
