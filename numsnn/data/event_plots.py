"""Pictures of event recordings: slices, events in space and time, animations.

Brighter events are orange and darker ones blue, a pair that all common kinds of colour vision
tell apart. No function touches global state; a Figure is saved with its own `savefig`.
"""

from typing import Any

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from numsnn.data.dataset import Dataset
from numsnn.data.events import Sensor
from numsnn.data.frames import accumulate, steps_by_time
from numsnn.data.sheets import INK, caption, shown_part

BRIGHTER, DARKER = "#D55E00", "#0072B2"
_LINE = "#D5D5D5"


def event_image(counts: np.ndarray) -> np.ndarray:
    """Counts [2, H, W] as colour [H, W, 3]: hue says which sign, strength how many.

    colour = white + strength * (share * brighter + (1 - share) * darker - white), with strength
    the root of the total, 1 at its 99th percentile.
    """
    total = counts.sum(0)
    top = max(float(np.percentile(total[total > 0], 99)), 1.0) if total.any() else 1.0
    strength = np.sqrt(np.minimum(total / top, 1.0))[..., None]
    share = (counts[1] / np.maximum(total, 1))[..., None]
    hue = share * np.array(to_rgb(BRIGHTER)) + (1 - share) * np.array(to_rgb(DARKER))
    return 1 + strength * (hue - 1)


def space_time(axes: Any, events: np.ndarray, sensor: Sensor, most: int = 20_000) -> None:
    """Events as points over time, x and y, on plain axes, at most `most` of them.

    An oblique view: across = 4 time / end + 0.5 x / W, up = 1 - y / H + 0.36 x / W. Each frame
    stands for the sensor at the time written below it.
    """
    end = _end(events) / 1000
    if len(events) > most:
        events = events[np.linspace(0, len(events) - 1, most).astype(np.int64)]
    events = events[np.argsort(events["x"], kind="stable")[::-1]]  # near points last
    depth = (events["x"] + 0.5) / sensor.width
    across = 4 * events["time"] / 1000 / end + 0.5 * depth
    up = 1 - (events["y"] + 0.5) / sensor.height + 0.36 * depth
    for moment in (ticks := [t for t in MaxNLocator(6).tick_values(0, end) if 0 <= t <= end]):
        left = 4 * moment / end
        frame = [(left, 0), (left + 0.5, 0.36), (left + 0.5, 1.36), (left, 1), (left, 0)]
        axes.plot(*zip(*frame, strict=True), color=_LINE, lw=0.7, zorder=0)
        axes.text(left, -0.05, f"{moment:g}", ha="center", va="top", fontsize=8, color=INK)
    for low, high in ((0.0, 0.0), (0.5, 0.36), (0.5, 1.36), (0.0, 1.0)):
        axes.plot((low, low + 4 * ticks[-1] / end), (high, high), color=_LINE, lw=0.7, zorder=0)
    hues = np.array([to_rgb(DARKER), to_rgb(BRIGHTER)])[events["polarity"]]
    axes.scatter(across, up, s=2.6, c=hues, alpha=0.6, linewidths=0)
    axes.text(2, -0.2, "time (ms)", ha="center", va="top", fontsize=9, color=INK)
    axes.text(-0.06, 0.5, "y", ha="right", va="center", fontsize=9, color=INK)
    axes.text(0.2, 1.24, "x", ha="right", va="bottom", fontsize=9, color=INK)
    axes.set(xlim=(-0.15, 4.6), ylim=(-0.32, 1.42), aspect="equal")
    axes.set_axis_off()


def event_picture(dataset: Dataset, shown: int = 6) -> Figure:
    """A slice of one recording a class, then one of them in slices and event by event."""
    x, y, part = shown_part(dataset)
    recordings = getattr(x, "recordings", x)
    sensor = recordings.sensor
    present = [label for label in range(len(dataset.classes)) if (y == label).any()]
    firsts = [recordings[int(np.argmax(y == label))] for label in present]
    lines = -(-len(present) // 5)
    figure = Figure(figsize=(10.4, 2.05 * lines + 5.9), dpi=110, layout="constrained")
    parts: Any = figure.subfigures(3, 1, height_ratios=(2.05 * lines, 2.0, 3.9))
    top, middle, bottom = parts
    for axes in (grid := top.subplots(lines, 5, squeeze=False)).flat:
        axes.set_axis_off()
    for axes, label, events in zip(grid.flat, present, firsts, strict=False):
        axes.imshow(event_image(_slices(events, sensor, shown)[1]), interpolation="nearest")
        axes.set_title(dataset.classes[label], fontsize=9, color=INK)
    chosen = min(len(present) - 1, 3)
    events = firsts[chosen]
    for i, axes in enumerate(np.atleast_1d(middle.subplots(1, shown))):
        axes.imshow(event_image(_slices(events, sensor, shown)[i]), interpolation="nearest")
        first, last = (round(k * _end(events) / shown / 1000) for k in (i, i + 1))
        axes.set_title(f"{first} to {last} ms", fontsize=9, color=INK)
        axes.set_axis_off()
    space_time(bottom.subplots(), events, sensor)
    name = dataset.classes[present[chosen]]
    middle.suptitle(f"“{name}” in {shown} slices, and event by event", fontsize=9.5, color=INK)
    legend = f"one of {shown} slices each, {sensor.width}x{sensor.height} pixels"
    figure.suptitle(
        f"{caption(dataset, part)}\n{legend}; orange brighter, blue darker",
        fontsize=10.5,
        color=INK,
    )
    return figure


def _end(events: np.ndarray) -> int:
    return int(events["time"][-1]) + 1 if len(events) else 1


def _slices(events: np.ndarray, sensor: Sensor, count: int) -> np.ndarray:
    """The whole recording in `count` slices of equal duration: [count, 2, H, W]."""
    step = steps_by_time(events, count, -(-_end(events) // count))
    return accumulate(events, step, count, sensor)


def animate(events: np.ndarray, sensor: Sensor, frames: int = 60, seconds: float = 3.0) -> Any:
    """A recording as a FuncAnimation of `frames` slices: save it with `.save("events.gif")`."""
    end, slices = _end(events), _slices(events, sensor, frames)
    figure = Figure(figsize=(4, 4 * sensor.height / sensor.width + 0.35), dpi=120)
    axes = figure.add_axes((0.02, 0.02, 0.96, 0.88))
    axes.set_axis_off()
    colours = [event_image(counts) for counts in slices]
    image = axes.imshow(colours[0], interpolation="nearest")
    title = axes.set_title("", fontsize=10, color=INK)

    def draw(number: int) -> list[Any]:
        image.set_data(colours[number])
        title.set_text(f"{number * end / frames / 1000:.0f} ms")
        return [image, title]

    return FuncAnimation(figure, draw, frames=frames, interval=1000 * seconds / frames)
