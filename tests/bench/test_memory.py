"""Peak memory: what is measured is what the steps touch, in this process and in one of their own."""

import multiprocessing

import numpy as np
import pytest

from numsnn import parallel
from numsnn.bench import memory
from numsnn.bench.memory import SMALL, STEPS, growth, peak_bytes
from numsnn.bench.workloads import workload
from numsnn.errors import NumsnnError

MIB = 1 << 20
LARGE, SLACK = 96 * MIB, 16 * MIB

pytestmark = pytest.mark.skipif(
    not (memory.PROC / "self" / "clear_refs").exists(),
    reason="this system keeps no peak that can be reset",
)


@pytest.fixture(autouse=True)
def one_thread():
    parallel.set_threads(1)
    yield
    parallel.set_threads(0)


def touching(size, calls):
    """A training whose steps, but for the warm-up, fill ``size`` bytes and let them go."""

    def train(work):
        def step():
            calls.append(work.batch)
            np.ones(size if work.batch > SMALL else 0, np.uint8)

        return step

    return train


@pytest.mark.parametrize("size", [0, LARGE])
def test_what_steps_touch(size):
    calls = []
    found = growth(touching(size, calls), workload("a"))
    assert abs(found - size) < SLACK
    assert calls == [SMALL] + STEPS * [64]


def test_what_was_large_before_does_not_count():
    np.ones(3 * LARGE, np.uint8)
    assert growth(touching(LARGE, []), workload("a")) < LARGE + SLACK


def test_without_a_reset_the_largest_peak_stands_in(monkeypatch):
    """It sees what goes beyond everything before, and nothing else."""
    monkeypatch.setattr(memory, "PROC", memory.Path("/proc/no-such-folder"))
    beyond = memory._largest_peak() + LARGE
    assert growth(touching(beyond, []), workload("a")) > LARGE - SLACK
    assert growth(touching(LARGE, []), workload("a")) == 0


def test_a_process_of_its_own_needs_more_for_a_larger_batch():
    work = workload("b").resized(T=2)
    small, large = (peak_bytes(work.resized(batch=batch)) for batch in (4, 128))
    assert 0 <= small < large
    # one step keeps a membrane and a spike of 4 bytes for every neuron, step and sample
    assert large > 2 * 4 * 2 * 128 * (32 * 64 + 64 * 16 + 64 * 4)


def test_what_processes_touch_is_added_up():
    """A process that is begun ahead of the steps, and fills as much as this one at each."""
    fork = multiprocessing.get_context("fork")
    begin, done = fork.Semaphore(0), fork.Semaphore(0)

    def fill():
        while True:
            begin.acquire()
            np.ones(LARGE, np.uint8)
            done.release()

    other = fork.Process(target=fill, daemon=True)

    def train(work):
        if work.batch > SMALL:
            other.start()

        def step():
            if work.batch > SMALL:
                begin.release()
                np.ones(LARGE, np.uint8)
                done.acquire()

        return step

    try:
        assert abs(growth(train, workload("a")) - 2 * LARGE) < 2 * SLACK
    finally:
        other.kill()
        other.join()


def test_two_processes_hold_half_a_batch_each():
    work = workload("b").resized(T=2, batch=128)
    one, two = (peak_bytes(work, processes=n) for n in (1, 2))
    assert 0.7 * one < two < 2 * one


def test_a_process_that_fails_says_why():
    with pytest.raises(NumsnnError, match=r"measures memory failed: .*width 0.001 leaves none"):
        peak_bytes(workload("b").resized(width=0.001))
