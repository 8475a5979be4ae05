"""A set of event recordings, decoded one at a time when asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numsnn.data.events import Sensor, check_events
from numsnn.data.rows import row_numbers


class Clip(NamedTuple):
    """A recording: a file, or the part of it with start <= time < end (microseconds)."""

    path: Path
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Recordings:
    """`recordings[i]` is an event array (dtype EVENT); a slice or an index array a smaller set.

    `clips` says what there is and `read` turns one of them into events, so that a set of any
    size costs no more memory than one recording.
    """

    clips: Sequence[Any]
    sensor: Sensor
    read: Callable[[Any], np.ndarray]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: Any) -> Any:
        wanted = row_numbers(index, len(self))
        if wanted.ndim == 0:
            return self.read(self.clips[int(wanted)])
        return replace(self, clips=tuple(self.clips[i] for i in wanted))

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.read(clip) for clip in self.clips)


def recorded(arrays: Sequence[np.ndarray], sensor: Sensor) -> Recordings:
    """Event arrays in memory as a set. Raises NumsnnError for events that `sensor` cannot send."""
    for events in arrays:
        check_events(events, sensor)
    return Recordings(tuple(arrays), sensor, _itself)


def _itself(events: np.ndarray) -> np.ndarray:
    return events


def from_files(
    clips: Sequence[Clip], sensor: Sensor, reader: Callable[..., np.ndarray]
) -> Recordings:
    """A set of clips that `reader(path)`, or `reader(path, start=, end=)` for parts, decodes.

    The times of a part count from its start.
    """
    return Recordings(tuple(clips), sensor, partial(_read_clip, reader=reader))


def _read_clip(clip: Clip, reader: Callable[..., np.ndarray]) -> np.ndarray:
    if clip.start is None and clip.end is None:
        return reader(clip.path)
    events = reader(clip.path, start=clip.start, end=clip.end)
    events["time"] -= clip.start or 0
    return events
