"""numsnn verify [OP ...] [--json FILE] [--figure FILE] [--mutants] [--seed S]"""

import argparse
import json
import sys
import time
from typing import Any

from tqdm import tqdm

from numsnn.atomic import write_text
from numsnn.checks.report import Report
from numsnn.checks.suite import chosen, verify, workers_for
from numsnn.checks.table import as_json, summary, table


def add_verify_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Adds the command `verify`; its handler is the parser's default `run`."""
    parser = subparsers.add_parser(
        "verify",
        help="check every gradient, and print the errors",
        description=(
            "Checks that every operation's backward is the exact transpose of its linearised "
            "forward (adjoint), the exact gradient of its relaxed forward, and, in spiking mode, "
            "the derivative of its anchored forward. Prints the worst error of each check over "
            "random cases beside its bound; the exit status is 1 if anything failed."
        ),
        epilog="numsnn verify LIF network   checks every LIF variant and the random networks.",
    )
    parser.add_argument("operations", nargs="*", metavar="OP", help="Linear, LIF/hard, 'loss/*' ..")
    parser.add_argument("--seed", type=int, default=0, help="of the random cases (default: 0)")
    parser.add_argument("--json", metavar="FILE", help="write all reports as JSON")
    parser.add_argument("--figure", metavar="FILE", help="write the table as a PNG picture")
    parser.add_argument(
        "--mutants",
        action="store_true",
        help="plant errors in the backward code, one at a time: would the checks see them?",
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Prints the table; 1 if a check failed or a planted error was missed, else 0."""
    start = time.perf_counter()
    entries = chosen(args.operations)
    reports: list[Report] = []
    total = sum(len(entry.all_checks) for entry in entries)
    with tqdm(total=total, unit="check", disable=not sys.stderr.isatty(), leave=False) as bar:
        for report in verify(entries, args.seed, workers_for(entries)):
            reports.append(report)
            bar.set_description(report.operation)
            bar.update()
    print(table(reports))
    for report in reports:
        if not report.passed:
            print(f"\n{report}")
    line = summary(reports, time.perf_counter() - start)
    good = all(report.passed for report in reports)
    print(f"\n{line}")
    found: dict[str, Any] = {"seed": args.seed, "passed": good, **as_json(reports), "mutants": None}
    if args.mutants:
        gate = _gate(args, [entry.name for entry in entries] if args.operations else None)
        good = good and gate.passed
        found |= {"passed": good, "mutants": gate.as_json()}
    if args.figure:
        mutants = found["mutants"] and {k: v for k, v in found["mutants"].items() if k != "list"}
        _draw(args.figure, reports, line.rpartition(",")[0], found | {"mutants": mutants})
    if args.json:
        found["seconds"] = round(time.perf_counter() - start, 1)
        write_text(args.json, json.dumps(found, indent=1, allow_nan=False) + "\n")
    return 0 if good else 1


def _gate(args: argparse.Namespace, operations: list[str] | None) -> Any:
    """Runs the mutation gate and prints what it found."""
    from numsnn.mutants import run_gate

    with tqdm(bar_format="{desc}", disable=not sys.stderr.isatty(), leave=False) as bar:
        result = run_gate(args.seed, operations, progress=bar.set_description_str)
    print(f"\n{result.table()}")
    return result


def _draw(path: str, reports: list[Report], title: str, found: dict[str, Any]) -> None:
    from numsnn.checks.figure import picture
    from numsnn.plots import save

    save(picture(reports, title), path, found)
