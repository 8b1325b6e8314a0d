"""``bayu policy``: the responsibilities of the policy as a table, each a lever.

Floor F8: arguments in, table out. Must never say what a lever achieves.
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
    >>> add_parser(argparse.ArgumentParser().add_subparsers()).parse_args(["--json"]).json
    True
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "policy",
        help="list the measures and safeguards of the policy",
        description="Every row is a lever that a scenario can move by its id.",
    )
    parser.add_argument("--region", metavar="NAME", help="a bundled region with a policy")
    parser.add_argument("--json", action="store_true", help="print one JSON document: a list of rows")
    return parser


def run(args: argparse.Namespace) -> int:
    """Print the table.

    Parameters
    ----------
    args : argparse.Namespace
        ``region``, ``json``.

    Returns
    -------
    int
        0; bad input raises.

    Examples
    --------
    >>> run(argparse.Namespace(region=None, json=False))
    重庆 Chongqing: ...
    0
    """
    # late: help and usage errors need no pandas
    from bayu_forecast.data import policy_table
    from bayu_forecast.report.known import policy_json, policy_text

    table = policy_table(args.region)
    print(policy_json(table) if args.json else policy_text(table))
    return 0
