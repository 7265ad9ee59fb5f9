"""Random numbers and random textures that depend on nothing but what they are asked for."""

from __future__ import annotations

import zlib
from functools import lru_cache

import cv2
import numpy as np


def generator(seed: int, *about) -> np.random.Generator:
    """A random generator for `seed` and what the numbers are about (`"2023-01-14", "clouds"`)."""
    return np.random.default_rng([seed, *(zlib.crc32(str(word).encode()) for word in about)])


@lru_cache(maxsize=64)
def texture(seed: int, n: int = 256, slope: float = 2.6, scale: float = 64.0, stretch: float = 1.0) -> np.ndarray:
    """Periodic fractal noise, (n, n) float32 of mean 0 and standard deviation 1.

    Its power falls as wavenumber to the -`slope` (2.6 to 3.7 for cloud fields: R. F. Cahalan and J. B. Snider 1989,
    Remote Sens. Environ. 28, 95) and is flat for structures longer than `scale` cells; `stretch` lengthens it along
    rows.
    """
    rng = generator(seed, "texture")
    ky, kx = np.meshgrid(np.fft.fftfreq(n), np.fft.rfftfreq(n), indexing="ij")
    wavenumber = np.hypot(kx * stretch, ky)
    power = (wavenumber**2 + scale**-2.0) ** (-slope / 2.0)
    spectrum = np.fft.rfft2(rng.standard_normal((n, n))) * np.sqrt(power)
    spectrum[0, 0] = 0.0
    field = np.fft.irfft2(spectrum, s=(n, n))
    return np.ascontiguousarray(field / field.std(), dtype=np.float32)


@lru_cache(maxsize=256)
def line(seed: int, n: int = 1024, slope: float = 2.0, scale: float = 64.0) -> np.ndarray:
    """Periodic fractal noise along a line, (n,) float32 of mean 0 and standard deviation 1."""
    rng = generator(seed, "line")
    wavenumber = np.fft.rfftfreq(n)
    spectrum = np.fft.rfft(rng.standard_normal(n)) * (wavenumber**2 + scale**-2.0) ** (-slope / 4.0)
    spectrum[0] = 0.0
    values = np.fft.irfft(spectrum, n)
    return (values / values.std()).astype(np.float32)


def sample(field: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`field` (periodic) at columns x and rows y, float32 arrays of one shape."""
    n = np.float32(field.shape[0])
    # Wrapped here because OpenCV's own wrapping is ten times slower.
    x, y = x - n * np.floor(x / n), y - n * np.floor(y / n)
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def sample_line(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """`values` (periodic) at the fractional positions x."""
    n = len(values)
    low = np.floor(x).astype(np.int64)
    share = (x - low).astype(np.float32)
    return values[low % n] * (1 - share) + values[(low + 1) % n] * share


@lru_cache(maxsize=4)
def normal_bank(seed: int, size: int) -> np.ndarray:
    """A store of standard normal numbers that frames cut their noise from."""
    return generator(seed, "sensor noise").standard_normal(size, dtype=np.float32)
