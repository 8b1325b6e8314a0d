"""``bayu check FILE``: what a user's own file of figures or scenarios holds, or what is wrong with it.

Floor F8: arguments in, report out. Must never write a file.
"""

from __future__ import annotations

import argparse
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
    >>> parser.parse_args(["mine.csv", "--region", "china"]).region
    'china'
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "check", help="say what a file of figures or scenarios holds, or what is wrong with it",
        description="Reads a long table or the bureau's wide table (CSV or Excel), or scenarios (YAML). "
                    "Exit code 0: the file is usable. 2: it is not.",
    )
    parser.add_argument("file", metavar="FILE", help="CSV (UTF-8 or GB18030), Excel workbook (.xlsx) or scenarios (.yml)")
    parser.add_argument("--region", metavar="NAME", help="whose figures they are, such as china; its bases are then known")
    parser.add_argument("--bases", metavar="CODES", type=lambda text: tuple(text.split(",")),
                        help="the bases there are, with commas, for a region of your own")
    parser.add_argument("--basis", metavar="CODE", help="the basis of every level, where the file states none")
    parser.add_argument("--sheet", metavar="NAME", help="sheet of a workbook that holds several")
    return parser


def run(args: argparse.Namespace) -> int:
    """Check the file and print what it holds.

    Parameters
    ----------
    args : argparse.Namespace
        ``file``, ``region``, ``bases``, ``basis``, ``sheet``.

    Returns
    -------
    int
        0; bad input raises.

    Examples
    --------
    >>> run(argparse.Namespace(file="no_such.csv", region=None, bases=None, basis=None, sheet=None))
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.FileFormatError: no_such.csv: cannot be opened ...
    """
    # late: help and usage errors need no pandas
    if Path(args.file).suffix.lower() in (".yml", ".yaml"):
        from bayu_forecast.scenarios import describe, read_scenarios

        print(f"{Path(args.file).name}: {describe(read_scenarios(args.file))}")
        return 0
    from bayu_forecast.data import check_file

    print(check_file(args.file, region=args.region, bases=args.bases, basis=args.basis, sheet=args.sheet))
    return 0
