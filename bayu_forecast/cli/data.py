"""``bayu data``: what is known of a region on a date, on one screen.

Floor F8: arguments in, lines out. Must never look beyond the date.
"""

from __future__ import annotations

import argparse
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
    >>> add_parser(argparse.ArgumentParser().add_subparsers()).parse_args(["--as-of", "2025-01-31"]).as_of
    '2025-01-31'
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "data", help="say what is known of a region on a date", description="Series, last prints, bases, drivers and targets on one screen."
    )
    parser.add_argument("--region", metavar="NAME", help="bundled, or the path of a region folder")
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="date of knowledge (default: the last release)")
    return parser


def run(args: argparse.Namespace) -> int:
    """Print what is known.

    Parameters
    ----------
    args : argparse.Namespace
        ``region``, ``as_of``.

    Returns
    -------
    int
        0; bad input raises.

    Examples
    --------
    >>> run(argparse.Namespace(region="chongqing", as_of="2025-01-31"))
    重庆 Chongqing: known by 2025-01-31
    ...
    0
    """
    # late: help and usage errors need no pandas
    from bayu_forecast.report.ask import region_data
    from bayu_forecast.report.headline import default_region
    from bayu_forecast.report.known import data_text

    data = region_data(args.region or default_region())
    print(data_text(data.as_of(args.as_of) if args.as_of else data.latest()))
    return 0
