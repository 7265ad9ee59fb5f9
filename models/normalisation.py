"""In which numbers does a network see a picture?

Either as its weights were trained, or by each picture's own light: what changes slowly across the sky (moonlight,
twilight, the glow of clouds and towns, a camera's white balance and exposure) is taken out and what is left is
brought to one scale. A faint arc then looks alike on a dark night and under the moon, which a network
taught by a few hundred dark frames could not know.
"""

from __future__ import annotations

import torch

from models.augmentation import sky_mask
from models.description import ModelDescription

# Slow is what a window of this share of the picture, applied twice (nearly a triangle), does not smooth away.
_WINDOW = 0.4

# A deviation beyond this (of 0 to 1) is a moon, a lamp or a star, and must not set the scale.
_LAMP = 0.1

# Least deviation taken for contrast, about one grey level of 255: a blank picture stays blank.
_LEAST_SCALE = 0.005

# In units of the scale; beyond it a lamp is a lamp.
_LARGEST = 10.0


def normalised(images: torch.Tensor, description: ModelDescription) -> torch.Tensor:
    """Images of 0 to 1 (n, 3, size, size) as the description's network expects them."""
    if description.contrast == "local":
        return local_contrast(images)
    mean = images.new_tensor(description.mean)[:, None, None]
    std = images.new_tensor(description.std)[:, None, None]
    return (images - mean) / std


def local_contrast(images: torch.Tensor) -> torch.Tensor:
    """Deviation of each pixel and channel from the light around it, by the picture's mean deviation; 0 outside the sky.

    Subtractive and divisive normalisation in the manner of Jarrett et al. 2009 (doi:10.1109/ICCV.2009.5459469),
    with one divisor a picture, so that colours keep their proportions.
    """
    sky = sky_mask(images)
    # Where the memory is written that is there already: it takes a quarter less time.
    around = _smooth(images * sky).div_(_smooth(sky[None, None]).clamp_min(1e-4))
    deviation = around.neg_().add_(images)
    usual = deviation.abs().clamp_max_(_LAMP).mul_(sky).sum((1, 2, 3), keepdim=True) / (images.shape[1] * sky.sum())
    return deviation.div_(usual + _LEAST_SCALE).clamp_(-_LARGEST, _LARGEST).mul_(sky)


def _smooth(images: torch.Tensor) -> torch.Tensor:
    """Means over the window, taken twice; beyond the picture there is nothing."""
    once = _window_means(images.shape[-1], images)
    # A mean along rows and columns is a product with a matrix on either side, and so are two of them.
    twice = once @ once
    return twice @ images @ twice.T


def _window_means(size: int, images: torch.Tensor) -> torch.Tensor:
    """The matrix (size, size) that replaces each place of a line by the mean of the window around it."""
    window = int(_WINDOW * size) // 2 * 2 + 1
    place = torch.arange(size, device=images.device)
    return ((place[:, None] - place[None, :]).abs() <= window // 2).to(images.dtype) / window
