import numpy as np
import torch

from allsky.pictures import inscribed_disk
from models.augmentation import SkyAugmentation, sky_mask

STILL = SkyAugmentation(zoom=0, exposure=0, gamma=0, colour=0, grey=0, noise=0, light=0)


def pictures(n=8, size=64):
    rows = torch.linspace(0, 1, size)[None, None, :, None].expand(n, 3, size, size)
    return (rows * sky_mask(rows)).contiguous()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_one_seed_gives_one_variation():
    first, again, other = (SkyAugmentation()(pictures(), seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_nothing_appears_outside_the_disk_and_values_stay_in_range():
    varied = SkyAugmentation(noise=0.3, exposure=1)(pictures(), seeded())
    outside = ~torch.from_numpy(inscribed_disk(64))
    assert varied[..., outside].abs().max() == 0
    assert varied.min() >= 0
    assert varied.max() <= 1


def test_turning_keeps_the_zenith_and_the_mean_of_each_ring():
    image = pictures(4)
    turned = STILL(image, seeded())
    radius = np.hypot(*(np.indices((64, 64)) - 31.5))
    for inner, outer in ((0, 8), (8, 20), (20, 28)):
        ring = torch.from_numpy((radius >= inner) & (radius < outer))
        torch.testing.assert_close(turned[..., ring].mean(-1), image[..., ring].mean(-1), atol=0.01, rtol=0)
    assert (turned - image).abs().max() > 0.1


def test_grey_pictures_have_equal_channels():
    coloured = pictures() * torch.tensor([0.2, 0.9, 0.4])[:, None, None]
    grey = SkyAugmentation(grey=1.1, noise=0, light=0)(coloured, seeded())
    torch.testing.assert_close(grey[:, 0], grey[:, 2])


def test_each_grey_picture_weighs_the_colours_in_its_own_way():
    coloured = sky_mask(pictures()) * torch.tensor([0.2, 0.9, 0.4])[None, :, None, None].expand(64, 3, 64, 64)
    stays = SkyAugmentation(zoom=0, exposure=0, gamma=0, colour=0, grey=1.1, noise=0, light=0)
    zenith = stays(coloured, seeded())[:, 0, 32, 32]
    assert 0.2 < zenith.min() < 0.4, "some see little green"
    assert 0.6 < zenith.max() < 0.9, "some hardly anything else"
