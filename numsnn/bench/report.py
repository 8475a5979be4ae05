"""What was measured, as one JSON document and as text."""

import platform
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy
from threadpoolctl import threadpool_info

from numsnn import __version__, parallel
from numsnn.bench.inference import FOLDED
from numsnn.bench.training import OURS, PRODUCTS


def machine(libraries: Sequence[str]) -> dict[str, Any]:
    """Where it was measured, and with which versions."""
    blas = [
        {key: info.get(key) for key in ("internal_api", "version", "architecture")}
        for info in threadpool_info()
        if info.get("user_api") == "blas"
    ]
    found: dict[str, Any] = {
        "processor": _processor(),
        "cores": parallel.cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numsnn": __version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "blas": blas,
    }
    if libraries:
        from numsnn.bench.peers import versions

        found["peers"] = versions()
    return found


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [
                line.partition(":")[2].strip() for line in file if line.startswith("model name")
            ]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def document(
    about: Mapping[str, Any], workloads: Sequence[dict], inference: Sequence[dict]
) -> dict[str, Any]:
    """The JSON document: rows, and geometric means of their ratios."""
    return {
        **about,
        "workloads": list(workloads),
        "geometric_mean_ratio": _mean(workloads, "ratio_to_fastest_peer"),
        "geometric_mean_ratio_to_products": _mean(workloads, "ratio_to_products"),
        "geometric_mean_memory_ratio": _mean(workloads, "memory_ratio_to_leanest_peer"),
        "inference": list(inference),
        "geometric_mean_ratio_of_inference": _mean(inference, "ratio_to_fastest_peer"),
    }


def _mean(rows: Sequence[Mapping[str, Any]], field: str) -> float | None:
    """The geometric mean of a field; None where no row has it."""
    known = [row[field] for row in rows if row[field] is not None]
    return statistics.geometric_mean(known) if known else None


# -- text ------------------------------------------------------------------------------------------


def text(found: Mapping[str, Any], libraries: Sequence[str]) -> str:
    """Three tables: time, memory and speed of training; inference."""
    threads, rounds = counted(found["threads"], "thread"), counted(found["rounds"], "round")
    head = f"{threads}, {rounds}, medians; float32; the faster of our ways counts"
    parts = [head, _training(found, libraries), _memory(found, libraries)]
    return "\n\n".join([*parts, _inference(found, libraries)])


def _training(found: Mapping[str, Any], libraries: Sequence[str]) -> str:
    ways = list(found["workloads"][0]["ways"])
    columns = [*(f"{OURS}, {way}" for way in ways), *libraries, PRODUCTS]
    lines = [("training step", *columns, *(["/ fastest peer"] if libraries else []), "/ products")]
    for row in found["workloads"]:
        ratios = [row["ratio_to_fastest_peer"]] if libraries else []
        lines.append(
            (
                _label(row),
                *(_milliseconds(row["ways"][way]["step_seconds"]) for way in ways),
                *(_milliseconds(row["step_seconds"][column]) for column in (*libraries, PRODUCTS)),
                *(_ratio(ratio) for ratio in (*ratios, row["ratio_to_products"])),
            )
        )
    means = [found["geometric_mean_ratio"]] if libraries else []
    means.append(found["geometric_mean_ratio_to_products"])
    lines.append(("geometric mean", *("" for _ in columns), *map(_ratio, means)))
    return columns_of(lines)


def _memory(found: Mapping[str, Any], libraries: Sequence[str]) -> str:
    columns = [OURS, *libraries]
    ratio = ["/ leanest peer"] if libraries else []
    speeds = [f"{name}, samples/s" for name in columns]
    lines = [("peak memory", *columns, *ratio, *speeds)]
    for row in found["workloads"]:
        ratios = [_ratio(row["memory_ratio_to_leanest_peer"])] if libraries else []
        lines.append(
            (
                _label(row),
                *(f"{row['peak_bytes'][column] / 2**20:.0f} MiB" for column in columns),
                *ratios,
                *(f"{row['samples_per_second'][column]:,.0f}" for column in columns),
            )
        )
    return columns_of(lines)


def _inference(found: Mapping[str, Any], libraries: Sequence[str]) -> str:
    columns = [name + form for name in (OURS, *libraries) for form in ("", FOLDED)]
    lines = [("inference", *columns, *(["/ fastest peer"] if libraries else []))]
    for row in found["inference"]:
        ratios = [_ratio(row["ratio_to_fastest_peer"])] if libraries else []
        seconds = (_milliseconds(row["step_seconds"][column]) for column in columns)
        lines.append((_label(row), *seconds, *ratios))
    if libraries:
        mean = _ratio(found["geometric_mean_ratio_of_inference"])
        lines.append(("geometric mean", *("" for _ in columns), mean))
    return columns_of(lines)


def counted(count: int, what: str) -> str:
    """1 thread, 2 threads."""
    return f"{count} {what}{'s' * (count != 1)}"


def columns_of(lines: Sequence[Sequence[str]]) -> str:
    """Rows in columns, the first on the left, the others on the right."""
    wide = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, wide, strict=True))
        ).rstrip()
        for line in lines
    )


def _label(row: Mapping[str, Any]) -> str:
    return f"{row['name']}  {row['title']}"


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3g} ms" if seconds < 0.1 else f"{1e3 * seconds:.0f} ms"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
