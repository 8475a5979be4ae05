"""Events to tensors: slices in time, two channels of polarity, exact counts.

    frames[t, p, y * H' // H, x * W' // W] += 1    for each event (x, y, p) of slice t

Channel 0 counts events of polarity 0, channel 1 those of polarity 1. Down-sampling sends every
event to exactly one cell, so no event is lost, shared or counted twice: the frames sum to the
number of events in the slices.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from numsnn.data.events import Sensor, check_events
from numsnn.data.recordings import Recordings
from numsnn.data.rows import row_numbers
from numsnn.errors import NumsnnError


def steps_by_time(
    events: np.ndarray, steps: int, duration: int, start: int | None = None
) -> np.ndarray:
    """floor((time - start) / duration) for each event, int64 [N]; -1 outside 0..steps-1.

    `duration` and `start` are microseconds; without `start`, time 0 of the recording.
    """
    if steps < 1 or duration < 1:
        raise NumsnnError(f"steps_by_time: steps {steps} and duration {duration} must be 1 or more")
    step = (events["time"] - (start or 0)) // duration
    return np.where((step >= 0) & (step < steps), step, -1)


def steps_by_count(events: np.ndarray, steps: int, count: int | None = None) -> np.ndarray:
    """i // count for event i; without `count`, i * steps // N: all events, in equal shares.

    int64 [N]; -1 past the last step. Equal shares differ by at most one event.
    """
    if steps < 1 or (count is not None and count < 1):
        raise NumsnnError(f"steps_by_count: steps {steps}, count {count} must be 1 or more")
    place = np.arange(len(events))
    step = place * steps // max(len(events), 1) if count is None else place // count
    return np.where(step < steps, step, -1)


def accumulate(
    events: np.ndarray, step: np.ndarray, steps: int, sensor: Sensor, size: Sensor | None = None
) -> np.ndarray:
    """Number of events a slice, polarity and cell: float32 [steps, 2, H', W'].

    `step` is the slice of each event, negative for none. `size` is (H', W'), at most the sensor.
    Raises NumsnnError: `size` above the sensor, events off the sensor, `step` of another length.
    """
    height, width = size = sensor if size is None else Sensor(*size)
    if not (1 <= height <= sensor.height and 1 <= width <= sensor.width):
        raise NumsnnError(f"accumulate: cannot down-sample {tuple(sensor)} to {tuple(size)}")
    check_events(events, sensor)
    if step.shape != events.shape or (len(step) and int(step.max()) >= steps):
        raise NumsnnError(f"accumulate: step {step.shape} must be one a event, below {steps}")
    kept = step >= 0
    if not kept.all():
        events, step = events[kept], step[kept]
    row = events["y"].astype(np.int64) * height // sensor.height
    column = events["x"].astype(np.int64) * width // sensor.width
    cell = ((step * 2 + events["polarity"]) * height + row) * width + column
    counts = np.bincount(cell, minlength=steps * 2 * height * width)
    return counts.astype(np.float32).reshape(steps, 2, height, width)


class Recipe(NamedTuple):
    """How a recording becomes `steps` frames: slices of `duration` us, or equal shares if None."""

    steps: int
    size: Sensor | None
    duration: int | None
    origin: str
    binary: bool = False


RECIPES = {
    "tdbn-dvs-gesture": Recipe(
        40, Sensor(32, 32), 30_000, "tdBN, supplement C: a slice every 30 ms, the first 1,200 ms"
    ),
    "tdbn-dvs-cifar10": Recipe(10, Sensor(42, 42), 5_000, "tdBN, supplement C: every 5 ms summed"),
    "mpbn-dvs-cifar10": Recipe(
        10, Sensor(48, 48), 5_000, "MPBN, section 5: 48x48; slices, which it leaves open, as tdBN's"
    ),
    "psg-dvs-cifar10": Recipe(
        7, Sensor(42, 42), 5_000, "PSG & PDA, table 1: T = 7; size and slices as tdBN's"
    ),
    "psg-n-mnist": Recipe(
        15, None, 20_000, "PSG & PDA, table 1: T = 15; 20 ms, so that the three saccades fit"
    ),
    "n-mnist-shares": Recipe(15, None, None, "T = 15 equal shares of a recording's events"),
    "n-mnist-halves": Recipe(
        6, None, 52_500, "the halves of its three saccades, 105 ms each; T = 6"
    ),
    "saccade-halves": Recipe(6, None, 50_000, "the halves of three simulated saccades of 100 ms"),
    "saccades": Recipe(10, None, 30_000, "three simulated saccades of 100 ms in 10 slices"),
    "n-mnist-binary": Recipe(
        15, None, 20_000, "as psg-n-mnist, each cell 1 if it saw any event", binary=True
    ),
}


def find_recipe(recipe: str | Recipe) -> Recipe:
    """A recipe by name; NumsnnError for an unknown name."""
    if isinstance(recipe, Recipe):
        return recipe
    if recipe not in RECIPES:
        raise NumsnnError(f"no recipe called {recipe!r}: known are {', '.join(RECIPES)}")
    return RECIPES[recipe]


def to_frames(events: np.ndarray, sensor: Sensor, recipe: str | Recipe) -> np.ndarray:
    """One recording as float32 [T, 2, H', W']: counts, or 0 and 1 if the recipe is binary."""
    made = find_recipe(recipe)
    if made.duration is None:
        step = steps_by_count(events, made.steps)
    else:
        step = steps_by_time(events, made.steps, made.duration)
    frames = accumulate(events, step, made.steps, sensor, made.size)
    return np.minimum(frames, np.float32(1)) if made.binary else frames


@dataclass(frozen=True)
class Frames:
    """A set of recordings as rows [T, 2, H', W'], each made when it is asked for."""

    recordings: Recordings
    recipe: Recipe

    @property
    def shape(self) -> tuple[int, ...]:
        height, width = self.recipe.size or self.recordings.sensor
        return (len(self), self.recipe.steps, 2, height, width)

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: Any) -> np.ndarray:
        wanted = row_numbers(index, len(self))
        if wanted.ndim == 0:
            return to_frames(self.recordings[int(wanted)], self.recordings.sensor, self.recipe)
        rows = np.empty((len(wanted), *self.shape[1:]), np.float32)
        for row, number in zip(rows, wanted, strict=True):
            row[...] = self[int(number)]
        return rows

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)
