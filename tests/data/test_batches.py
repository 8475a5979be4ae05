"""Mini-batches: every row once, the same whatever prepares them, memory of a few batches."""

import threading
import tracemalloc

import numpy as np
import pytest

from numsnn.data import as_float
from numsnn.data.augment import augmentation
from numsnn.data.batches import batches
from numsnn.data.cifar import read_cifar
from numsnn.data.rows import Joined
from numsnn.errors import NumsnnError


def rows(count: int = 23) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).integers(0, 256, (count, 1, 6, 6), np.uint8)
    return x, np.arange(count)


@pytest.mark.parametrize("size", [1, 4, 23, 100])
def test_an_epoch_has_every_row_once(size):
    x, y = rows()
    epoch = list(batches(x, y, size, np.random.default_rng(1)))
    assert [len(part) for _, part in epoch[:-1]] == [size] * (len(epoch) - 1)
    seen = np.concatenate([part for _, part in epoch])
    assert sorted(seen.tolist()) == y.tolist()
    assert size > 22 or seen.tolist() != y.tolist()
    for part_x, part_y in epoch:
        np.testing.assert_array_equal(part_x, as_float(x[part_y]))
        assert part_x.dtype == np.float32


def test_without_generator_rows_keep_their_order():
    x, y = rows()
    epoch = list(batches(x, y, 5))
    np.testing.assert_array_equal(np.concatenate([b for _, b in epoch]), y)
    short = list(batches(x, y, 5, drop_last=True))
    assert [len(b) for _, b in short] == [5] * 4
    assert [len(b) for _, b in batches(x, y, 23, drop_last=True)] == [23]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_threads_change_nothing(workers):
    """Bit for bit the same batches over two epochs, and the same generator after them."""
    x, y = rows()
    chain = augmentation("flip,crop:2,cutout:2")

    def run(count: int):
        rng = np.random.default_rng(9)
        kept = [
            batch for _ in range(2) for batch in batches(x, y, 4, rng, augment=chain, workers=count)
        ]
        return kept, rng.bit_generator.state

    alone, state = run(0)
    together, other_state = run(workers)
    assert state == other_state
    assert len(alone) == len(together) == 12
    for (ax, ay), (bx, by) in zip(alone, together, strict=True):
        np.testing.assert_array_equal(ax, bx)
        np.testing.assert_array_equal(ay, by)
    assert not np.array_equal(alone[0][1], alone[6][1])  # epochs differ


def test_an_epoch_left_early_leaves_the_generator_as_a_whole_one_does():
    x, y = rows()
    a, b = np.random.default_rng(3), np.random.default_rng(3)
    next(iter(batches(x, y, 4, a)))
    list(batches(x, y, 4, b))
    assert a.bit_generator.state == b.bit_generator.state


def test_each_batch_augments_with_its_own_generator():
    x, y = rows()
    drawn = []

    def note(part, rng):
        drawn.append(rng.integers(1 << 40))
        return part

    list(batches(x, y, 4, np.random.default_rng(0), augment=note))
    assert len(set(drawn)) == 6


class Broken:
    """A set whose row 13 cannot be read."""

    shape, dtype = (23, 1, 6, 6), np.dtype(np.uint8)

    def __len__(self) -> int:
        return 23

    def __getitem__(self, index):
        if 13 in index:
            raise OSError("row 13")
        return np.zeros((len(index), 1, 6, 6), np.uint8)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_an_error_is_raised_at_its_batch_and_no_thread_stays(workers):
    before = threading.active_count()
    good = 0
    with pytest.raises(OSError, match="row 13"):
        for _ in batches(Broken(), np.arange(23), 5, workers=workers):
            good += 1
    assert good == 2
    assert threading.active_count() == before


def test_leaving_early_ends_the_threads():
    x, y = rows()
    before = threading.active_count()
    stream = batches(x, y, 2, workers=3)
    next(stream)
    assert threading.active_count() > before
    stream.close()
    assert threading.active_count() == before


@pytest.mark.parametrize("workers", [0, 2])
def test_a_set_on_disk_costs_a_few_batches_of_memory(tmp_path, workers):
    """60 MB of records, 20,000 labels, batches of 64: 0.2 MB of pixels, 0.8 MB as float32."""
    path = tmp_path / "batch.bin"
    with path.open("wb") as file:
        file.truncate(20_000 * 3073)
    x, y = read_cifar(path)
    tracemalloc.start()
    try:
        total = sum(
            float(part.sum())
            for part, _ in batches(x, y, 64, np.random.default_rng(0), workers=workers)
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 0
    assert peak < 12 << 20


def test_joined_rows_are_those_of_their_parts():
    parts = [
        np.arange(12).reshape(3, 4),
        np.arange(12, 16).reshape(1, 4),
        np.arange(16, 40).reshape(6, 4),
    ]
    whole, joined = np.concatenate(parts), Joined(tuple(parts))
    assert joined.shape == whole.shape and len(joined) == 10 and joined.dtype == whole.dtype
    np.testing.assert_array_equal(np.asarray(joined), whole)
    for index in (0, 3, -1, slice(2, 8, 2), np.array([9, 0, 3, 3]), np.arange(10) % 2 == 0):
        np.testing.assert_array_equal(joined[index], whole[index])
    assert joined[np.array([], np.int64)].shape == (0, 4)


def test_bad_input_is_named():
    x, y = rows()
    rng = np.random.default_rng(0)
    with pytest.raises(NumsnnError, match="23 rows, y 22"):
        batches(x, y[1:], 4, rng)
    with pytest.raises(NumsnnError, match="size 0"):
        batches(x, y, 0, rng)
    with pytest.raises(NumsnnError, match="empty"):
        batches(x[:0], y[:0], 4, rng)
    with pytest.raises(NumsnnError, match="rng"):
        batches(x, y, 4, augment=augmentation("flip"))
