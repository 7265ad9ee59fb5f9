"""Which other pictures could the same sky have given?

A sky turned about the zenith, or mirrored, is a sky of the same class; so is one seen by another camera:
a little larger or smaller in the frame, exposed or balanced otherwise, without colour, noisier. And so is one in
moonlight or twilight: labels come from dark, moonless frames alone (DESIGN), so other light is
added to them, or the network would meet it for the first time when it is judged. All at once on a batch, on
the device where it will be used, from one generator, so that a seed decides everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional


@dataclass(frozen=True)
class SkyAugmentation:
    """How far pictures are varied; each number is a standard deviation or a chance.

    `zoom`, `exposure`, `gamma`, `colour`: standard deviations of the logarithm of the magnification, of the
    brightness, of the gradation's exponent, and of each channel's gain. `grey`: chance that a
    picture loses its colour (many all-sky cameras have none). `noise`: greatest standard deviation of
    added noise, of 0 to 1; each picture's own is drawn between 0 and that. `light`: chance that
    light is added: a veil over the whole sky, a glow that grows towards one horizon, and a bright spot with a halo.
    """

    zoom: float = 0.05
    exposure: float = 0.2
    gamma: float = 0.1
    colour: float = 0.04
    grey: float = 0.25
    noise: float = 0.02
    light: float = 0.5

    def __call__(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """`images`, float (n, 3, size, size) of 0 to 1, varied; still black outside the inscribed disk."""
        varied = self._lit(self._turned(images, generator), generator)
        varied = self._exposed(varied, generator)
        varied = varied + self._noise(varied, generator)
        return varied.clamp_(0, 1).mul_(sky_mask(images))

    def _turned(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        angle = 2 * math.pi * _uniform(images, generator)
        mirror = torch.where(_uniform(images, generator) < 0.5, -1.0, 1.0)
        scale = torch.exp(-self.zoom * _normal(images, generator))
        cosine, sine, zero = scale * angle.cos(), scale * angle.sin(), torch.zeros_like(angle)
        rows = [torch.stack([mirror * cosine, -sine, zero], 1), torch.stack([mirror * sine, cosine, zero], 1)]
        grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
        return functional.grid_sample(images, grid, align_corners=False)

    def _lit(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        lit = (_uniform(images, generator) < self.light)[:, None, None, None]
        veil = _coloured(0.25 * _uniform(images, generator), images, generator)
        glow = _coloured(0.5 * _uniform(images, generator).square(), images, generator) * _slope(images, generator)
        # The camera exposes for the brighter sky, so what was there before grows dimmer.
        dimmed = images * (1 - 0.5 * _uniform(images, generator))[:, None, None, None]
        return torch.where(lit, dimmed + veil + glow + _spot(images, generator), images)

    def _exposed(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        gain = torch.exp(self.exposure * _normal(images, generator))
        exponent = torch.exp(self.gamma * _normal(images, generator))
        colour = torch.exp(self.colour * _normal(images, generator, 3))
        grey = (_uniform(images, generator) < self.grey)[:, None, None, None]
        images = torch.where(grey, _without_colour(images, generator), images * colour[:, :, None, None])
        return images.clamp(0).pow(exponent[:, None, None, None]) * gain[:, None, None, None]

    def _noise(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        strength = self.noise * _uniform(images, generator)
        noise = torch.empty_like(images).normal_(generator=generator)
        return noise * strength[:, None, None, None]


def sky_mask(images: torch.Tensor) -> torch.Tensor:
    """1 inside the circle inscribed in the pictures and 0 outside, (size, size), as `images` are typed."""
    size = images.shape[-1]
    offset = torch.arange(size, device=images.device, dtype=torch.float32) - (size - 1) / 2
    # Squares, which ONNX has, are exact here; a hypotenuse it has not.
    return (offset[:, None].square() + offset[None, :].square() <= (size / 2) ** 2).to(images.dtype)


def _without_colour(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """As sensors without a filter see them, each weighing the colours in a way of its own: (n, 1, size, size)."""
    weights = torch.rand((len(images), 3), generator=generator, device=images.device)
    weights = weights / weights.sum(1, keepdim=True)
    return (images * weights[:, :, None, None]).sum(1, keepdim=True)


def _coloured(strength: torch.Tensor, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Light of `strength` (n,) in a pale colour of its own: (n, 3, 1, 1)."""
    tint = torch.exp(0.15 * _normal(images, generator, 3))
    return (strength[:, None] * tint)[:, :, None, None]


def _slope(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Rises from 0 at one horizon to 1 at the opposite one: (n, 1, size, size)."""
    angle = 2 * math.pi * _uniform(images, generator)
    x, y = _places(images)
    along = x * angle.cos()[:, None, None] + y * angle.sin()[:, None, None]
    return ((along + 1) / 2).clamp(0, 1).square()[:, None]


def _spot(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """For every second picture a white disk with a halo, as a moon makes: (n, 1, size, size)."""
    shown = _uniform(images, generator) < 0.5
    distance, angle = _uniform(images, generator).sqrt(), 2 * math.pi * _uniform(images, generator)
    radius, halo = 0.02 + 0.04 * _uniform(images, generator), 0.3 * _uniform(images, generator)
    x, y = _places(images)
    x = x - (distance * angle.cos())[:, None, None]
    away = torch.hypot(x, y - (distance * angle.sin())[:, None, None])
    disk = (away < radius[:, None, None]).to(images.dtype)
    return (shown[:, None, None] * (disk + halo[:, None, None] * torch.exp(-away / 0.15)))[:, None]


def _places(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """x and y of the pixels, from -1 to 1 across the disk: (1, size) and (size, 1)."""
    along = torch.linspace(-1, 1, images.shape[-1], device=images.device)
    return along[None, :], along[:, None]


def _uniform(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return torch.rand(len(images), generator=generator, device=images.device)


def _normal(images: torch.Tensor, generator: torch.Generator, channels: int | None = None) -> torch.Tensor:
    shape = (len(images),) if channels is None else (len(images), channels)
    return torch.randn(shape, generator=generator, device=images.device)
