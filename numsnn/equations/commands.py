"""numsnn equations [--paper P] [--json [FILE]] [--check]"""

import argparse
import json
import sys
from typing import Any

from numsnn.atomic import write_text
from numsnn.equations.row import PAPERS


def add_equations_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Adds the command `equations`; its handler is the parser's default `run`."""
    parser = subparsers.add_parser(
        "equations",
        help="every equation of the five papers: its symbol and its check",
        description=(
            "Lists the papers' 94 numbered equations, and beside them algorithms, theorems and "
            "definitions without a number: formula, meaning, the symbol that implements it, how it "
            "is checked. With --check every check runs: the formula must hold against the symbol, "
            "and planted mistranscriptions of it must fail, or the exit status is 1."
        ),
        epilog="Papers: " + "; ".join(f"{key}: {title}" for key, title in PAPERS.items()) + ".",
    )
    parser.add_argument("--paper", choices=list(PAPERS), help="only this paper's (default: all)")
    parser.add_argument("--check", action="store_true", help="run the checks")
    parser.add_argument(
        "--json",
        nargs="?",
        const="-",
        metavar="FILE",
        help="one JSON document, to FILE or to the terminal",
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Prints the map; 1 if a check was run and does not hold, else 0."""
    from numsnn.equations import rows  # not before it is asked for: it imports all of the library
    from numsnn.equations.report import as_json, as_table, found, summary

    chosen = rows(args.paper)
    outcomes = {row.id: row.check() for row in chosen} if args.check else {}
    failures = {name: outcome for name, outcome in outcomes.items() if not outcome.passed}
    if args.json is not None:
        entries = [as_json(row, outcomes.get(row.id)) for row in chosen]
        document = {"equations": entries, "failures": list(failures)}
        text = json.dumps(document, indent=2, ensure_ascii=False)
        if args.json == "-":
            print(text)
        else:
            write_text(args.json, text + "\n")
    else:
        print(as_table(chosen, outcomes))
        print(summary(chosen, outcomes))
    for name, outcome in failures.items():
        print(f"{name}: {found(outcome)}", file=sys.stderr)
    return 1 if failures else 0
