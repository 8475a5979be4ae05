"""Augmentation: each change against its definition, one sample at a time."""

import numpy as np
import pytest

from numsnn.data.augment import augmentation, crop, cutout, flip, roll
from numsnn.errors import NumsnnError

SHAPES = [(40, 3, 6, 7), (40, 4, 2, 6, 7), (40, 6, 7)]


def samples(shape, dtype=np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 255, shape).astype(dtype)


def candidates(name: str, x: np.ndarray, amount: int) -> list[np.ndarray]:
    """Everything that a change may make of one sample."""
    shifts = range(-amount, amount + 1)
    if name == "flip":
        return [x, np.flip(x, -1)]
    if name == "roll":
        return [np.roll(np.roll(x, i, -2), j, -1) for i in shifts for j in shifts]
    made = []
    if name == "crop":
        for i in shifts:
            for j in shifts:
                moved = np.zeros_like(x)
                h, w = x.shape[-2:]
                for r in range(h):
                    for c in range(w):
                        if 0 <= r + i < h and 0 <= c + j < w:
                            moved[..., r, c] = x[..., r + i, c + j]
                made.append(moved)
        return made
    for i in range(x.shape[-2]):
        for j in range(x.shape[-1]):
            hole = x.copy()
            top, left = i - amount // 2, j - amount // 2
            hole[..., max(top, 0) : top + amount, max(left, 0) : left + amount] = 0
            made.append(hole)
    return made


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize(
    ("name", "change", "amount"),
    [("flip", flip, 0), ("crop", crop, 2), ("cutout", cutout, 3), ("roll", roll, 2)],
)
def test_every_sample_is_one_of_the_allowed_changes(name, change, amount, shape, dtype):
    x = samples(shape, dtype)
    before = x.copy()
    changed = change(x, np.random.default_rng(1), amount)
    assert changed.shape == x.shape and changed.dtype == x.dtype
    assert not np.shares_memory(changed, x)
    np.testing.assert_array_equal(x, before)
    used = set()
    for old, new in zip(x, changed, strict=True):
        fits = [k for k, c in enumerate(candidates(name, old, amount)) if np.array_equal(c, new)]
        assert fits
        used.add(fits[0])
    everything = len(candidates(name, x[0], amount))
    assert len(used) >= min(everything, 12)  # and not always the same one


def test_flip_takes_half_and_crop_every_offset_as_often():
    x = samples((4000, 1, 3, 3))
    flipped = (flip(x, np.random.default_rng(2)) != x).any((1, 2, 3)).mean()
    assert abs(flipped - 0.5) < 0.04
    marked = np.zeros((9000, 1, 3, 3), np.uint8)
    marked[..., 1, 1] = 1
    for change in (crop, roll):
        share = change(marked, np.random.default_rng(3), 1).mean((0, 1))
        np.testing.assert_allclose(share, 1 / 9, atol=0.02)


def test_chains_by_name_are_seeded():
    x = samples((20, 3, 8, 8))
    chain = augmentation("flip, crop:2,cutout:3")
    one, two = (chain(x, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, chain(x, np.random.default_rng(6)))
    rng = np.random.default_rng(5)
    step = cutout(crop(flip(x, rng), rng, 2), rng, 3)
    np.testing.assert_array_equal(one, step)
    for text in ("", "none"):
        assert augmentation(text)(x, np.random.default_rng(0)) is x
    np.testing.assert_array_equal(augmentation("crop:0")(x, rng), x)


@pytest.mark.parametrize(
    "text", ["turn", "crop", "crop:", "crop:-1", "crop:x", "flip:2", "crop:1,"]
)
def test_bad_text_is_named(text):
    with pytest.raises(NumsnnError):
        augmentation(text)


def test_bad_rank_is_named():
    with pytest.raises(NumsnnError, match=r"\[N, \.\.\., H, W\]"):
        augmentation("flip")(np.zeros((3, 4)), np.random.default_rng(0))
