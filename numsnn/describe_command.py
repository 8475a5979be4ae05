"""`numsnn describe`: layers, parameters and operations of an architecture."""

import argparse
import json
from typing import Any

from numsnn.describe import describe
from numsnn.errors import NumsnnError
from numsnn.networks import NETWORKS, NORMS, SETTINGS, build, network_named

DESCRIPTION = """\
Show what an architecture is made of and what one inference costs: shapes, parameters, operations a
step, multiplications over all steps, additions if every neuron fired, and the ReLU network of the
same layers beside it. Nothing is trained, and no weights are drawn.
"""


def add_describe_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add `describe` to `parser.add_subparsers()`."""
    parser = subparsers.add_parser(
        "describe",
        help="show an architecture's layers, parameters and operations",
        description=DESCRIPTION,
        epilog=f"architectures: {', '.join(NETWORKS)}",
    )
    parser.add_argument("name", metavar="NAME", help="an architecture")
    parser.add_argument(
        "--input", type=_shape, metavar="C,H,W", help="of one step; default: as in its paper"
    )
    parser.add_argument("--classes", type=int, metavar="N", help="default: as in its paper")
    parser.add_argument("--T", type=int, metavar="N", help="steps; default: as in its paper")
    parser.add_argument(
        "--width", type=float, default=1.0, metavar="X", help="factor of all hidden channels"
    )
    parser.add_argument("--norm", choices=NORMS, default="tdbn", help="default: tdbn")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    """Print the description; 0. Raises NumsnnError on bad input."""
    network_named(args.name)
    setting = SETTINGS[args.name]
    shape, T = args.input or setting.input_shape, setting.T if args.T is None else args.T
    network = build(
        args.name, shape, args.classes, T, width=args.width, norm=args.norm, events=setting.events
    )
    found = describe(network, shape, T)
    if args.json:
        print(json.dumps({"name": args.name, **found.as_json()}, indent=1))
    else:
        print(f"{args.name}, norm {args.norm}, width {args.width:g}, input {shape}\n")
        print(found.table())
    return 0


def _shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(part) for part in text.split(","))
        if len(shape) != 3 or min(shape) < 1:
            raise NumsnnError
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected C,H,W such as 3,32,32, found {text!r}"
        ) from None
    return shape
