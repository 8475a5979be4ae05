"""Events: what a camera that reports changes of brightness sends, one record a change."""

from typing import NamedTuple

import numpy as np

from numsnn.errors import NumsnnError

EVENT = np.dtype([("x", "u2"), ("y", "u2"), ("polarity", "u1"), ("time", "i8")], align=True)


class Sensor(NamedTuple):
    """Pixels of a camera: y runs from 0 at the top to height - 1, x from 0 at the left."""

    height: int
    width: int


def make_events(x: object, y: object, polarity: object, time: object) -> np.ndarray:
    """A structured array of fields x, y, polarity (0 darker, 1 brighter), time (microseconds).

    Raises NumsnnError if the four do not have one length, or a value does not fit its field.
    """
    columns = [np.asarray(column) for column in (x, y, polarity, time)]
    shapes = [column.shape for column in columns]
    if any(column.ndim != 1 for column in columns) or len(set(shapes)) != 1:
        raise NumsnnError(f"events: x, y, polarity and time are four equal lengths, got {shapes}")
    events = np.empty(len(columns[0]), EVENT)
    for name, column in zip(EVENT.names or (), columns, strict=True):
        events[name] = column
        if not np.array_equal(events[name], column):
            raise NumsnnError(f"events: a value of {name} does not fit {EVENT[name]}")
    return events


def check_events(events: np.ndarray, sensor: Sensor) -> None:
    """Raises NumsnnError unless `events` has dtype EVENT, lies on `sensor`, and runs forward."""
    if events.dtype != EVENT or events.ndim != 1:
        raise NumsnnError(f"events: expected {EVENT} [N], found {events.dtype} {events.shape}")
    if not len(events):
        return
    for name, size in (("x", sensor.width), ("y", sensor.height), ("polarity", 2)):
        if int(events[name].max()) >= size:
            at = int(np.argmax(events[name] >= size))
            raise NumsnnError(f"events: {name} of event {at} is {events[name][at]}, not < {size}")
    backward = np.flatnonzero(np.diff(events["time"]) < 0)
    if len(backward):
        raise NumsnnError(f"events: time runs backward at event {int(backward[0]) + 1}")
