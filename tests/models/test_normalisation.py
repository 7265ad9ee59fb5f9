from dataclasses import replace

import pytest
import torch
from torch.nn import functional
from torchvision.models import EfficientNet_B1_Weights

from models.description import ModelDescription
from models.normalisation import _smooth, local_contrast, normalised

GIVEN = ModelDescription(("a", "b"), "a", "efficientnet_b1", 64, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def arc(brightness: float, light: torch.Tensor) -> torch.Tensor:
    """A green arc over `light`, which is (3, 1, 1) or (3, 64, 64)."""
    picture = torch.zeros(3, 64, 64) + light
    picture[1, 28:32, 16:48] += brightness
    return picture


def test_given_contrast_is_torchvisions_own():
    images = torch.rand(2, 3, 240, 240)
    expected = EfficientNet_B1_Weights.DEFAULT.transforms()
    torch.testing.assert_close(
        normalised(images, GIVEN),
        (images - torch.tensor(expected.mean)[:, None, None]) / torch.tensor(expected.std)[:, None, None],
    )


def test_local_contrast_sees_the_same_arc_under_any_even_light_and_exposure():
    dark, moonlit = torch.tensor([0.05, 0.05, 0.04]), torch.tensor([0.3, 0.32, 0.4])
    pictures = torch.stack([arc(0.08, dark[:, None, None]), arc(0.08, moonlit[:, None, None])])
    seen = local_contrast(pictures)
    torch.testing.assert_close(seen[0], seen[1], atol=0.01, rtol=0)
    assert seen[0, 1, 30, 32] > 5


def test_local_contrast_takes_a_twilight_slope_out():
    slope = torch.linspace(0.05, 0.4, 64)[None, None, :].expand(3, 64, 64)
    seen = local_contrast(arc(0.08, slope)[None])[0]
    assert seen[1, 30, 32] > 2 * seen[0, :, 16:48].abs().max()


@pytest.mark.parametrize("size", [48, 65, 96])
def test_the_slow_light_is_a_mean_over_a_window_taken_twice(size):
    images, window = torch.rand(2, 3, size, size), int(0.4 * size) // 2 * 2 + 1
    once = functional.avg_pool2d(images, window, stride=1, padding=window // 2)
    twice = functional.avg_pool2d(once, window, stride=1, padding=window // 2)
    torch.testing.assert_close(_smooth(images), twice, atol=1e-5, rtol=1e-5)


def test_a_blank_picture_stays_blank_and_beyond_the_disk_is_nothing():
    assert local_contrast(torch.full((1, 3, 64, 64), 0.2)).abs().max() < 1e-3
    assert local_contrast(torch.rand(1, 3, 64, 64))[0, :, 0, 0].abs().max() == 0


def test_a_description_says_which_contrast_its_network_expects():
    images = torch.rand(1, 3, 64, 64)
    assert torch.equal(normalised(images, replace(GIVEN, contrast="local")), local_contrast(images))
