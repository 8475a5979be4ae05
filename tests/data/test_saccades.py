"""The simulated camera: what its events say about the image, and what its seed fixes."""

from dataclasses import replace

import numpy as np
import pytest

from numsnn.data import Dataset
from numsnn.data.events import Sensor
from numsnn.data.frames import accumulate, steps_by_time
from numsnn.data.saccades import Camera, _look, simulate, with_saccades
from numsnn.errors import NumsnnError

IDEAL = Camera(scale=2.0, margin=3, threshold=0.15, mismatch=0.0, noise=0.0, tick=2_500)


def picture(seed: int = 0, count: int = 3, side: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 1, side, side))


def test_events_follow_the_logarithm_of_the_brightness():
    """Summed signs times threshold stay within one threshold of log brightness, at any time."""
    images = picture()
    recordings = simulate(images, np.random.default_rng(1), IDEAL)
    sensor, path = recordings.sensor, IDEAL.path()
    for image, events in zip(images, recordings, strict=True):
        start = np.log(_look(image, sensor, IDEAL, path[0])[0] + IDEAL.dark)
        for moment in (17, 40, 77, 120):
            seen = np.log(_look(image, sensor, IDEAL, path[moment])[0] + IDEAL.dark)
            past = events[events["time"] < moment * IDEAL.tick]
            counts = accumulate(past, np.zeros(len(past), np.int64), 1, sensor)[0]
            climbed = (counts[1] - counts[0]) * IDEAL.threshold
            error = np.abs(climbed - (seen - start))
            assert error.max() < 1.5 * IDEAL.threshold  # the phase adds up to a half
            assert (counts > 0).any()


def test_a_bright_bar_makes_bright_events_before_it_and_dark_ones_behind():
    """On the first leg the eye goes down and right, so the image goes up and left."""
    image = np.zeros((1, 1, 9, 9))
    image[0, 0, :, 4] = 1
    camera = Camera(margin=2, amplitude=2.0, mismatch=0.0, noise=0.0)
    events = simulate(image, np.random.default_rng(0), camera)[0]
    leg = events[events["time"] < camera.saccade]
    middle = leg[(leg["y"] > 4) & (leg["y"] < 9)]
    bright, dark = (middle["x"][middle["polarity"] == p] for p in (1, 0))
    assert len(bright) and len(dark) and bright.mean() < dark.mean() - 0.5


@pytest.mark.parametrize("polarity", [0, 1])
def test_times_between_ticks_are_interpolated(polarity):
    """A look every 10 ms puts events where one every 0.5 ms does, to a small part of 10 ms."""
    images = picture(count=6)
    mean = []
    for tick in (500, 10_000):
        camera = replace(IDEAL, tick=tick)
        recordings = simulate(images, np.random.default_rng(1), camera)
        times = np.concatenate([e["time"][e["polarity"] == polarity] for e in recordings])
        mean.append(times[times < camera.saccade].mean())
    assert abs(mean[0] - mean[1]) < 1_000


def test_the_path_is_a_closed_triangle_and_slow_at_its_corners():
    camera = Camera(amplitude=5.0)
    path = camera.path()
    assert path.shape == (301, 2)
    np.testing.assert_array_equal(path[0], path[-1])
    np.testing.assert_allclose(path[[0, 100, 200]], [(-2.5, -2.5), (2.5, 0), (-2.5, 2.5)])
    speed = np.hypot(*np.diff(path, axis=0).T)
    assert speed[[0, 99, 100, 199, 200, 299]].max() < 0.01 * speed.max()


def test_interpolation_reproduces_the_image_where_the_grids_meet():
    """Scale 1, no shift: the image itself; shifted by one pixel: the image moved."""
    image = picture(count=1)[:, 0]
    camera = Camera(margin=2)
    seen = _look(image, Sensor(10, 10), camera, np.array([0.0, 0.0]))[0]
    np.testing.assert_allclose(seen, np.pad(image[0], 2), atol=1e-15)
    moved = _look(image, Sensor(10, 10), camera, np.array([0.0, 1.0]))[0]
    np.testing.assert_allclose(moved[:, :-1], seen[:, 1:], atol=1e-15)
    half = _look(image, Sensor(10, 10), camera, np.array([0.5, 0.0]))[0]
    np.testing.assert_allclose(half[3:7, 4], (seen[3:7, 4] + seen[4:8, 4]) / 2, atol=1e-15)


def test_the_seed_decides_everything_and_nothing_else_does():
    images = picture(count=5)
    one = list(simulate(images, np.random.default_rng(7)))
    two = list(simulate(images, np.random.default_rng(7), chunk=2))
    fewer = list(simulate(images[:2], np.random.default_rng(7)))
    other = list(simulate(images, np.random.default_rng(8)))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one[1], fewer[1])
    assert not np.array_equal(one[0], other[0])


def test_recordings_run_forward_within_three_saccades():
    camera = Camera(noise=20.0, tick=5_000)
    for events in simulate(picture(), np.random.default_rng(2), camera):
        assert (np.diff(events["time"]) >= 0).all()
        assert events["time"][0] >= 0 and events["time"][-1] < 300_000
        step = steps_by_time(events, 3, 100_000)
        assert (np.bincount(step, minlength=3) > 0).all()


def test_a_constant_picture_without_border_shows_only_noise():
    camera = Camera(margin=0, amplitude=0.0, noise=0.0)
    assert len(simulate(np.full((1, 1, 5, 5), 0.5), np.random.default_rng(0), camera)[0]) == 0
    noisy = Camera(margin=0, amplitude=0.0, noise=100.0)
    counts = [
        len(events)
        for events in simulate(np.full((40, 1, 5, 5), 0.5), np.random.default_rng(0), noisy)
    ]
    assert abs(np.mean(counts) - 100 * 25 * 0.3) < 4 * np.sqrt(750 / 40)


def test_colour_counts_by_its_luminance():
    grey = picture(count=1)
    colour = np.repeat(grey, 3, axis=1)
    a, b = (simulate(x, np.random.default_rng(0), IDEAL)[0] for x in (grey, colour))
    assert abs(len(a) - len(b)) <= 2  # 0.299 + 0.587 + 0.114 is 1 but for rounding
    eight_bit = (grey * 255).astype(np.uint8)
    assert len(simulate(eight_bit, np.random.default_rng(0), IDEAL)[0]) > 0


def test_a_whole_set():
    x, y = picture(count=4), np.arange(4)
    dataset = Dataset(x[:3], y[:3], x[3:], y[3:], ("a", "b", "c", "d"), "squares")
    recorded = with_saccades(dataset, 5, IDEAL)
    assert recorded.name == "squares-saccades"
    assert recorded.train_x.sensor == Sensor(18, 18)
    assert (len(recorded.train_x), len(recorded.test_x)) == (3, 1)
    assert not np.array_equal(recorded.train_x[0], recorded.test_x[0])


def test_bad_input_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(NumsnnError, match=r"\[N, 1 or 3, H, W\]"):
        simulate(np.zeros((2, 2, 5, 5)), rng)
    with pytest.raises(NumsnnError, match="leaves"):
        simulate(np.full((1, 1, 5, 5), 2.0), rng)
    with pytest.raises(NumsnnError, match="leaves"):
        simulate(np.full((1, 1, 5, 5), np.nan), rng)
    with pytest.raises(NumsnnError, match="divide"):
        Camera(tick=7_000)
    with pytest.raises(NumsnnError, match="threshold"):
        Camera(threshold=0.0)
    with pytest.raises(NumsnnError, match="noise"):
        Camera(noise=float("nan"))
