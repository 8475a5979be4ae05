"""Events to frames: every event in exactly one cell of one slice, or in none if no slice has it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numsnn.data.events import EVENT, Sensor, check_events, make_events
from numsnn.data.frames import (
    RECIPES,
    Frames,
    Recipe,
    accumulate,
    find_recipe,
    steps_by_count,
    steps_by_time,
    to_frames,
)
from numsnn.data.recordings import recorded
from numsnn.errors import NumsnnError


def random_events(seed: int, count: int, sensor: Sensor, end: int = 1000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return make_events(
        rng.integers(sensor.width, size=count),
        rng.integers(sensor.height, size=count),
        rng.integers(2, size=count),
        np.sort(rng.integers(end, size=count)),
    )


def test_by_hand():
    """4x6 pixels to 2x3 cells, slices of 10 us, one event before and one after them."""
    sensor = Sensor(4, 6)
    events = make_events(
        [0, 5, 1, 4, 0, 3], [0, 3, 1, 0, 0, 2], [1, 0, 1, 0, 1, 1], [4, 5, 14, 15, 24, 25]
    )
    step = steps_by_time(events, 2, 10, start=5)
    assert step.tolist() == [-1, 0, 0, 1, 1, -1]
    frames = accumulate(events, step, 2, sensor, Sensor(2, 3))
    wanted = np.zeros((2, 2, 2, 3), np.float32)
    wanted[0, 0, 1, 2] = 1  # (5, 3) darker
    wanted[0, 1, 0, 0] = 1  # (1, 1) brighter
    wanted[1, 0, 0, 2] = 1  # (4, 0) darker
    wanted[1, 1, 0, 0] = 1  # (0, 0) brighter
    assert frames.dtype == np.float32
    np.testing.assert_array_equal(frames, wanted)


def test_shares_and_counts_by_hand():
    events = random_events(0, 7, Sensor(3, 3))
    assert steps_by_count(events, 3).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert steps_by_count(events, 3, 2).tolist() == [0, 0, 1, 1, 2, 2, -1]
    assert steps_by_count(events[:0], 3).tolist() == []


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 60),
    steps=st.integers(1, 6),
    duration=st.integers(1, 400),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    data=st.data(),
)
def test_no_event_is_lost_shared_or_counted_twice(
    seed, count, steps, duration, height, width, data
):
    """Against one event at a time, at every size from 1x1 to the sensor's own."""
    sensor = Sensor(height, width)
    size = Sensor(data.draw(st.integers(1, height)), data.draw(st.integers(1, width)))
    events = random_events(seed, count, sensor)
    step = steps_by_time(events, steps, duration)
    frames = accumulate(events, step, steps, sensor, size)
    wanted = np.zeros((steps, 2, *size))
    inside = 0
    for x, y, p, t in events.tolist():
        if t < steps * duration:
            inside += 1
            wanted[int(t / duration), p, y * size.height // height, x * size.width // width] += 1
    np.testing.assert_array_equal(frames, wanted)
    assert frames.sum() == inside
    shares = steps_by_count(events, steps)
    assert accumulate(events, shares, steps, sensor, size).sum() == count
    sizes = np.bincount(shares, minlength=steps)
    assert sizes.max() - sizes.min() <= 1 and (np.diff(shares) >= 0).all()


def test_cells_divide_the_sensor_evenly():
    """128 to 42: every cell stands for 3 or 4 pixels a side, none for nothing."""
    pixels = np.bincount(np.arange(128) * 42 // 128)
    assert len(pixels) == 42 and set(pixels.tolist()) == {3, 4}


@pytest.mark.parametrize("name", RECIPES)
def test_recipes(name):
    recipe = RECIPES[name]
    sensor = Sensor(128, 128) if recipe.size else Sensor(34, 34)
    events = random_events(3, 4000, sensor, 2_000_000)
    frames = to_frames(events, sensor, name)
    assert frames.shape == (recipe.steps, 2, *(recipe.size or sensor))
    if recipe.duration is not None and not recipe.binary:
        assert frames.sum() == (events["time"] < recipe.steps * recipe.duration).sum()
    if recipe.binary:
        assert set(np.unique(frames)) == {0, 1}
    assert find_recipe(recipe) is recipe


def test_recipes_are_the_papers():
    """tdBN: 40 slices of 30 ms are 1,200 ms; 10 of 5 ms to 42x42; N-MNIST in 15."""
    gesture, cifar = RECIPES["tdbn-dvs-gesture"], RECIPES["tdbn-dvs-cifar10"]
    assert gesture[:3] == (40, (32, 32), 30_000) and gesture.steps * gesture.duration == 1_200_000
    assert cifar[:3] == (10, (42, 42), 5_000)
    assert RECIPES["mpbn-dvs-cifar10"].size == (48, 48)
    assert RECIPES["psg-n-mnist"].steps == 15 and RECIPES["psg-dvs-cifar10"].steps == 7


def test_frames_of_a_set_are_made_row_by_row():
    sensor = Sensor(5, 4)
    recordings = recorded([random_events(s, 50, sensor) for s in range(6)], sensor)
    frames = Frames(recordings, Recipe(3, Sensor(5, 2), 300, ""))
    assert frames.shape == (6, 3, 2, 5, 2) and len(frames) == 6 and frames.dtype == np.float32
    whole = np.asarray(frames)
    np.testing.assert_array_equal(whole[[4, 0]], frames[np.array([4, 0])])
    np.testing.assert_array_equal(whole[-1], frames[-1])
    np.testing.assert_array_equal(whole[1:3], frames[1:3])
    np.testing.assert_array_equal(recordings[1:][0], recordings[1])
    assert len(list(recordings)) == 6


def test_bad_input_is_named():
    sensor = Sensor(5, 4)
    events = random_events(0, 9, sensor)
    step = steps_by_time(events, 2, 500)
    with pytest.raises(NumsnnError, match="down-sample"):
        accumulate(events, step, 2, sensor, Sensor(6, 4))
    with pytest.raises(NumsnnError, match="one a event"):
        accumulate(events, step[1:], 2, sensor)
    with pytest.raises(NumsnnError, match="below 1"):
        accumulate(events, step, 1, sensor)
    with pytest.raises(NumsnnError, match="y of event"):
        accumulate(events, step, 2, Sensor(int(events["y"].max()), 4))
    with pytest.raises(NumsnnError, match="duration 0"):
        steps_by_time(events, 2, 0)
    with pytest.raises(NumsnnError, match="steps 0"):
        steps_by_count(events, 0)
    with pytest.raises(NumsnnError, match="equal lengths"):
        make_events([1], [1], [1], [1, 2])
    with pytest.raises(NumsnnError, match="does not fit"):
        make_events([-1], [1], [1], [1])
    with pytest.raises(NumsnnError, match="backward at event 1"):
        check_events(make_events([1, 1], [1, 1], [1, 1], [5, 4]), sensor)
    with pytest.raises(NumsnnError, match="polarity of event 0 is 2"):
        check_events(make_events([1], [1], [2], [5]), sensor)
    with pytest.raises(NumsnnError, match="expected"):
        check_events(np.zeros(3), sensor)
    assert events.dtype == EVENT
