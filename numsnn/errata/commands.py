"""numsnn errata [--paper P] [--json]"""

import argparse
import json
import math
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from numsnn.errata.entry import PAPERS, Demonstration, Erratum
from numsnn.errata.ledger import ledger

WIDTH = 100


def add_errata_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Adds the command `errata`; its handler is the parser's default `run`."""
    parser = subparsers.add_parser(
        "errata",
        help="what the five papers get wrong, with the numbers that show it",
        description=(
            "Lists the papers' wrong, ambiguous or inconsistent statements, the correct ones, and "
            "what numsnn does. Each demonstration is run: its measured number must agree with the "
            "corrected statement and disagree with the printed one, or the exit status is 1."
        ),
        epilog="Papers: " + "; ".join(f"{key}: {title}" for key, title in PAPERS.items()) + ".",
    )
    parser.add_argument("--paper", choices=list(PAPERS), help="only this paper's (default: all)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Prints the ledger; 1 if a demonstration does not hold, else 0."""
    shown = [(erratum, *demonstrated(erratum)) for erratum in ledger(args.paper)]
    failures = [f"{erratum.id}: {failure}" for erratum, _, failure in shown if failure]
    if args.json:
        errata = [as_dict(erratum, numbers) for erratum, numbers, _ in shown]
        print(json.dumps({"errata": errata, "failures": failures}, indent=2, ensure_ascii=False))
    else:
        paper = None
        for erratum, numbers, _ in shown:
            if erratum.paper != paper:
                paper = erratum.paper
                print(f"{PAPERS[paper]} [{paper}]\n")
            print(as_text(erratum, numbers))
        print(summary([numbers for _, numbers, _ in shown]))
    for failure in failures:
        print(f"does not hold: {failure}", file=sys.stderr)
    return 1 if failures else 0


def demonstrated(erratum: Erratum) -> tuple[tuple[Demonstration, ...], str]:
    """The numbers, and what failed if they do not hold."""
    if erratum.demonstration is None:
        return (), ""
    try:
        return erratum.demonstration(), ""
    except AssertionError as failure:
        return (), str(failure) or "its own check failed"


def as_text(erratum: Erratum, numbers: Sequence[Demonstration]) -> str:
    """One erratum as a paragraph, its numbers below."""
    lines = [f"{erratum.id}  {erratum.place}  ({erratum.kind})"]
    fields = [
        ("wrong", erratum.wrong),
        ("correct", erratum.correct),
        ("numsnn", erratum.what_numsnn_does),
        ("note", erratum.note),
    ]
    for name, text in fields:
        if text:
            lines.append(_filled(f"{name + ':':<9}", text))
    for d in numbers:
        lines.append(_filled("shown:   ", d.what))
        lines.append(
            f"{'':13}printed {_number(d.printed)}   corrected {_number(d.corrected)}   "
            f"measured {_number(d.measured)}"
        )
    return "\n".join(lines) + "\n"


def as_dict(erratum: Erratum, numbers: Sequence[Demonstration]) -> dict[str, Any]:
    """One erratum for JSON; infinities become the strings "inf" and "-inf"."""
    return {
        "paper": erratum.paper,
        "id": erratum.id,
        "place": erratum.place,
        "kind": erratum.kind,
        "wrong": erratum.wrong,
        "correct": erratum.correct,
        "what_numsnn_does": erratum.what_numsnn_does,
        "note": erratum.note,
        "demonstration": [
            {"what": d.what}
            | {
                name: value if math.isfinite(value) else str(value)
                for name, value in [
                    ("printed", d.printed),
                    ("corrected", d.corrected),
                    ("measured", d.measured),
                    ("bound", d.bound),
                ]
            }
            for d in numbers
        ],
    }


def summary(numbers: Sequence[Sequence[Demonstration]]) -> str:
    """How many errata, how many shown, by how many numbers."""
    with_numbers = sum(1 for each in numbers if each)
    total = sum(len(each) for each in numbers)
    return f"{len(numbers)} errata, {with_numbers} of them shown by {total} measured numbers"


def _filled(name: str, text: str) -> str:
    return textwrap.fill(
        text, WIDTH, initial_indent=f"    {name}", subsequent_indent=" " * (4 + len(name))
    )


def _number(x: float) -> str:
    return f"{x:.6g}"
