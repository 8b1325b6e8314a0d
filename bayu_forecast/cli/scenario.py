"""``bayu scenario FILE.yml``: ask every scenario of a file, print what each changes, and on request JSON or CSV.

Floor F8: arguments in, answer out. Must never compute, nor print anything but JSON where JSON is asked for.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Register the command.

    Parameters
    ----------
    subparsers : argparse action
        What ``ArgumentParser.add_subparsers`` returned.

    Returns
    -------
    argparse.ArgumentParser
        The parser of this command.

    Examples
    --------
    >>> parser = add_parser(argparse.ArgumentParser().add_subparsers())
    >>> parser.parse_args(["mine.yml", "--json"]).json
    True
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "scenario",
        help="ask what the scenarios of a file change",
        description="Compares every scenario of a file with the baseline, in the same samples. The file says region, horizon and "
                    "targets unless they are given here.",
    )  # fmt: skip
    parser.add_argument("file", metavar="FILE", help="scenarios (.yml); see docs/scenarios.md")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
    parser.add_argument("--csv", type=Path, metavar="DIR", help="also write tables into this folder, replaced as a whole or not at all")
    parser.add_argument("--region", metavar="NAME", help="bundled, or the path of a region folder")
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="date of knowledge (default: that of the scenarios)")
    parser.add_argument("--horizon", metavar="YYYY-MM", help="last month of the paths")
    parser.add_argument("--samples", type=_positive, default=20_000, metavar="N", help="paths (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="seed (default: %(default)s)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Answer, print and write.

    Parameters
    ----------
    args : argparse.Namespace
        As parsed.

    Returns
    -------
    int
        0; bad input raises.

    Examples
    --------
    >>> run(argparse.Namespace(file="no_such.yml", csv=None))
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.ScenarioError: no_such.yml... cannot be ...
    """
    # late: help and usage errors need no pandas
    from bayu_forecast.report.folder import check_place
    from bayu_forecast.report.scenario import scenario_report
    from bayu_forecast.report.scenario_files import as_json, write_scenario_folder
    from bayu_forecast.report.scenario_words import as_text
    from bayu_forecast.scenarios import read_scenarios

    started = time.perf_counter()
    plans = read_scenarios(args.file)
    if args.csv is not None:
        check_place(args.csv.absolute())
    told = scenario_report(
        plans, region=args.region, as_of=args.as_of, horizon=args.horizon, samples=args.samples, rng=args.seed, progress=_progress
    )
    command = shlex.join(["bayu", *sys.argv[1:]])
    if args.csv is not None:
        print(f"written: {write_scenario_folder(told, args.csv, command=command)}", file=sys.stderr)
    print(as_json(told, command=command) if args.json else as_text(told, command=command))
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    return 0


def _progress(done: int, total: int, what: str) -> None:
    """A line a step."""
    print(f"{done} of {total} steps done ({what})", file=sys.stderr, flush=True)


def _positive(text: str) -> int:
    """A number of at least one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"at least 1 expected, got {number}")
    return number
