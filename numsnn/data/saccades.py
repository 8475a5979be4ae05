"""A simulated event camera: it looks at a still image and moves its eye three times.

    log(L(t) + dark)  with L the image seen through the camera at time t
    an event (pixel, sign) each time this has moved by `threshold` since the pixel's last event

N-MNIST was recorded so: an event camera on a motorised head before a screen, three saccades of
100 ms along a triangle. Here the image moves under a grid of pixels, brightness between image
pixels is interpolated linearly, and crossing times between two ticks linearly as well.

Orchard et al., Frontiers in Neuroscience 9:437, 2015.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from numsnn.data.dataset import Dataset, as_float
from numsnn.data.events import EVENT, Sensor
from numsnn.data.recordings import Recordings, recorded
from numsnn.errors import NumsnnError

_TRIANGLE = np.array([(-0.5, -0.5), (0.5, 0.0), (-0.5, 0.5), (-0.5, -0.5)])  # (y, x), amplitude 1
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # red, green, blue; ITU-R BT.601


@dataclass(frozen=True)
class Camera:
    """What the simulated camera is and does.

    scale      sensor pixels an image pixel covers
    margin     sensor pixels around the image on each side
    amplitude  size of the triangle of saccades, sensor pixels
    saccade    duration of one of the three saccades, microseconds
    tick       time between two looks at the image, microseconds; divides `saccade`
    threshold  change of log brightness that makes an event
    mismatch   relative standard deviation of the threshold from pixel to pixel
    dark       brightness that a black pixel still has; white has 1 + dark
    noise      events a pixel and second that mean nothing
    """

    scale: float = 1.0
    margin: int = 3
    amplitude: float = 4.0
    saccade: int = 100_000
    tick: int = 1_000
    threshold: float = 0.4
    mismatch: float = 0.03
    dark: float = 0.1
    noise: float = 0.1

    def __post_init__(self) -> None:
        for name in ("scale", "saccade", "tick", "threshold", "dark"):
            if not getattr(self, name) > 0:
                raise NumsnnError(f"Camera: {name} must be above 0, found {getattr(self, name)}")
        for name in ("margin", "amplitude", "mismatch", "noise"):
            if not getattr(self, name) >= 0:
                raise NumsnnError(f"Camera: {name} must not be below 0: {getattr(self, name)}")
        if self.saccade % self.tick:
            raise NumsnnError(f"Camera: tick {self.tick} does not divide saccade {self.saccade}")

    def sensor(self, height: int, width: int) -> Sensor:
        """The pixels that an image of that many pixels needs."""
        sides = (round(side * self.scale) + 2 * self.margin for side in (height, width))
        return Sensor(*sides)

    def path(self) -> np.ndarray:
        """Where the eye is at each tick: float64 [ticks + 1, 2], (y, x) in sensor pixels.

        position = corner + (10 s^3 - 15 s^4 + 6 s^5) * side: still at the corners, as an eye is.
        """
        s = np.arange(self.saccade // self.tick) / (self.saccade // self.tick)
        smooth = (s**3 * (10 - 15 * s + 6 * s**2))[:, None]
        legs = [a + smooth * (b - a) for a, b in pairwise(_TRIANGLE)]
        return self.amplitude * np.concatenate([*legs, _TRIANGLE[-1:]])


DIGITS_CAMERA = Camera(scale=2.0, margin=2, amplitude=3.0, tick=2_000)


def simulate(
    images: Any, rng: np.random.Generator, camera: Camera | None = None, chunk: int = 256
) -> Recordings:
    """One recording an image of [N, C, H, W] (uint8, or floating in [0, 1]; C is 1 or 3).

    Each image draws from a generator of its own, seeded from `rng`, so that a recording depends
    neither on `chunk` nor on the images after it.

    Raises NumsnnError for another shape and for brightness outside [0, 1].
    """
    camera = Camera() if camera is None else camera
    if len(images.shape) != 4 or images.shape[1] not in (1, 3):
        raise NumsnnError(f"simulate: images must be [N, 1 or 3, H, W], found {images.shape}")
    sensor = camera.sensor(*images.shape[2:])
    seeds = rng.integers(1 << 63, size=len(images))
    arrays: list[np.ndarray] = []
    for start in range(0, len(images), chunk):
        light = _luminance(as_float(np.asarray(images[start : start + chunk])))
        generators = [np.random.default_rng(seed) for seed in seeds[start : start + chunk]]
        arrays += _record(light, sensor, camera, generators)
    return recorded(arrays, sensor)


def with_saccades(dataset: Dataset, seed: int = 0, camera: Camera | None = None) -> Dataset:
    """A set of images as a set of simulated recordings, `dataset.name` with "-saccades"."""
    rng = np.random.default_rng(seed)
    train, test = (simulate(x, rng, camera) for x in (dataset.train_x, dataset.test_x))
    return dataset._replace(train_x=train, test_x=test, name=f"{dataset.name}-saccades")


def _luminance(images: np.ndarray) -> np.ndarray:
    light = images.astype(np.float64)
    light = light[:, 0] if light.shape[1] == 1 else np.tensordot(_LUMINANCE, light, (0, 1))
    if len(light) and not (light.min() >= 0 and light.max() <= 1.000001):
        raise NumsnnError(f"simulate: brightness {light.min()} to {light.max()} leaves [0, 1]")
    return light


def _record(
    light: np.ndarray, sensor: Sensor, camera: Camera, generators: list[np.random.Generator]
) -> list[np.ndarray]:
    spread = np.stack([rng.standard_normal(sensor) for rng in generators])
    phase = np.stack([rng.uniform(-0.5, 0.5, sensor) for rng in generators])
    step = camera.threshold * np.maximum(1 + camera.mismatch * spread, 0.1)
    path = camera.path()
    seen = np.log(_look(light, sensor, camera, path[0]) + camera.dark)
    level = seen + phase * step  # at each pixel's last event, which was before we look
    pieces: list[tuple[np.ndarray, ...]] = []
    for t, position in enumerate(path[1:]):
        before, seen = seen, np.log(_look(light, sensor, camera, position) + camera.dark)
        crossed = np.trunc((seen - level) / step)
        where = np.nonzero(crossed)
        number = np.abs(crossed[where]).astype(np.int64)
        sign = np.sign(crossed[where])
        rank = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number) + 1
        distance = np.repeat((level - before)[where], number)
        distance += rank * np.repeat(sign * step[where], number)
        fraction = distance / np.repeat((seen - before)[where], number)
        within = np.clip(fraction * camera.tick, 0, camera.tick - 1).astype(np.int64)
        time = t * camera.tick + within
        image, y, x = (np.repeat(axis, number) for axis in where)
        pieces.append((image, y, x, np.repeat(sign > 0, number), time))
        level += crossed * step
    image, y, x, polarity, time = (np.concatenate(column) for column in zip(*pieces, strict=True))
    events = np.empty(len(image), EVENT)
    events["x"], events["y"], events["polarity"], events["time"] = x, y, polarity, time
    parts = np.split(events[np.argsort(image, kind="stable")], _bounds(image, len(light)))
    duration = 3 * camera.saccade
    return [
        _merged(part, _noise(rng, sensor, camera.noise, duration))
        for part, rng in zip(parts, generators, strict=True)
    ]


def _bounds(image: np.ndarray, count: int) -> np.ndarray:
    return np.cumsum(np.bincount(image, minlength=count))[:-1]


def _look(light: np.ndarray, sensor: Sensor, camera: Camera, position: np.ndarray) -> np.ndarray:
    """Brightness at each sensor pixel: rows @ image @ columns, black around the image.

    A row of weights is the hat function max(0, 1 - |place - k|): linear interpolation.
    """
    weights = []
    for axis, (pixels, size) in enumerate(zip(sensor, light.shape[1:], strict=True)):
        place = (np.arange(pixels) + 0.5 - camera.margin + position[axis]) / camera.scale - 0.5
        weights.append(np.maximum(0, 1 - np.abs(place[:, None] - np.arange(size))))
    return weights[0] @ light @ weights[1].T


def _noise(rng: np.random.Generator, sensor: Sensor, rate: float, duration: int) -> np.ndarray:
    height, width = sensor
    events = np.empty(rng.poisson(rate * height * width * duration * 1e-6), EVENT)
    for field, end in (("x", width), ("y", height), ("polarity", 2), ("time", duration)):
        events[field] = rng.integers(end, size=len(events))
    return events


def _merged(*parts: np.ndarray) -> np.ndarray:
    events = np.concatenate(parts)
    return events[np.argsort(events["time"], kind="stable")]
