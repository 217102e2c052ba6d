"""Augmentation: each picture is one of those that the definition allows, drawn as it says."""

import math

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from danskin.errors import InvalidInputError
from danskin.torch.train.augment import _rotated, augment
from danskin.torch.train.config import AugmentationConfig, RunConfig

ALL = {"crop": 4, "flip": True, "brightness": 0.25, "contrast": 0.25, "saturation": 0.25,
       "rotation": 2.0}  # fmt: skip


def changed(images, generator, **config):
    return augment(images, AugmentationConfig(**({"crop": 0, "flip": False} | config)), generator)


def pictures(count=6, channels=3, height=8, width=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, height, width, generator=generator)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_by_default_nothing_changes():
    images = pictures()
    assert torch.equal(changed(images, seeded()), images)


def test_crops_are_windows_of_the_padded_image_and_all_occur():
    images = pictures(count=400, channels=1, height=5, width=4)
    around = torch.nn.functional.pad(images, (1, 1, 1, 1))
    cut = changed(images, seeded(), crop=1)
    seen = set()
    for image, window in zip(around, cut, strict=True):
        fits = [
            (y, x)
            for y in range(3)
            for x in range(3)
            if torch.equal(image[:, y : y + 5, x : x + 4], window)
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) == 9


def test_flips_mirror_about_half_of_the_images():
    images = pictures(count=1000, channels=1, height=2, width=3)
    out = changed(images, seeded(), flip=True)
    mirrored = [torch.equal(a.flip(-1), b) for a, b in zip(images, out, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(images, out, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 430 <= sum(mirrored) <= 570  # 4.4 standard deviations


def test_brightness_scales_each_image_by_one_factor():
    images = 0.1 + 0.5 * pictures(count=50)
    ratio = changed(images, seeded(), brightness=0.25) / images
    factors = ratio.mean(dim=(1, 2, 3))
    torch.testing.assert_close(ratio, factors[:, None, None, None].expand_as(ratio))
    assert 0.75 <= factors.min() < 0.8
    assert 1.2 < factors.max() <= 1.25


def test_contrast_keeps_the_mean_grey_and_scales_the_distance_to_it():
    images = 0.3 + 0.4 * pictures(count=50)
    luma = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    grey = (images * luma).sum(1, keepdim=True).mean((2, 3), keepdim=True)
    out = changed(images, seeded(), contrast=0.3)
    torch.testing.assert_close((out * luma).sum(1, keepdim=True).mean((2, 3), keepdim=True), grey)
    factors = ((out - grey) / (images - grey)).median(-1).values.median(-1).values[:, :1, None]
    torch.testing.assert_close(out, grey + factors[..., None] * (images - grey))
    assert factors.min() >= 0.7
    assert factors.max() <= 1.3
    assert factors.std() > 0.1


def test_saturation_keeps_each_pixels_grey():
    images = 0.3 + 0.4 * pictures(count=20)
    luma = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    out = changed(images, seeded(), saturation=0.5)
    torch.testing.assert_close((out * luma).sum(1), (images * luma).sum(1))
    assert not torch.allclose(out, images, atol=1e-2)


def test_a_quarter_turn_is_exact_on_a_square_and_zero_is_the_identity():
    images = pictures(count=2)
    turned = _rotated(images, torch.tensor([math.pi / 2, 0.0]))
    torch.testing.assert_close(turned[0], images[0].rot90(1, (1, 2)), atol=1e-5, rtol=0)
    torch.testing.assert_close(turned[1], images[1], atol=1e-5, rtol=0)


def test_half_a_turn_of_an_oblong():
    images = pictures(count=1, height=4, width=7)
    turned = _rotated(images, torch.tensor([math.pi]))
    torch.testing.assert_close(turned, images.flip(-1).flip(-2), atol=1e-5, rtol=0)


def test_a_turn_of_an_oblong_does_not_shear():
    # A point right of the centre lands above it, at the same distance in pixels.
    images = torch.zeros(1, 1, 9, 21)
    images[0, 0, 4, 13] = 1
    turned = _rotated(images, torch.tensor([math.pi / 2]))
    assert divmod(int(turned[0, 0].argmax()), 21) == (1, 10)
    assert turned.max() == pytest.approx(1, abs=1e-4)


@settings(max_examples=25)
@given(st.integers(0, 2**31), st.sampled_from([torch.float32, torch.float64]))
def test_stays_in_the_box_and_leaves_the_rest_alone(seed, dtype):
    images = pictures().to(dtype)
    before, state = images.clone(), torch.get_rng_state()
    out = changed(images, seeded(seed), **ALL)
    assert out.shape == images.shape
    assert out.dtype == dtype
    assert out.min() >= 0
    assert out.max() <= 1
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(out, changed(images, seeded(seed), **ALL))
    assert not torch.equal(out, changed(images, seeded(seed + 1), **ALL))


@pytest.mark.parametrize(
    ("name", "value"),
    [("crop", -1), ("crop", 1.5), ("crop", True), ("flip", 1), ("brightness", 1.1),
     ("contrast", math.nan), ("saturation", "a"), ("rotation", 181), ("rotation", -1)],
)  # fmt: skip
def test_what_is_out_of_range_is_named(name, value):
    with pytest.raises(InvalidInputError) as caught:
        RunConfig.from_dict({"augmentation": {name: value}})
    assert caught.value.argument == f"augmentation.{name}"


def test_grey_images_have_no_saturation_to_change():
    images = pictures(channels=1)
    assert torch.equal(changed(images, seeded(), saturation=0.5), images)
