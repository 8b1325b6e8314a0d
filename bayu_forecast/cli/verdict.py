"""``bayu verdict``: judge the headline targets, print the table, write the folder.

Floor F8: arguments in, table and folder out. Must never compute, nor leave a folder half-written.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_OUT = "bayu-verdict"


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
    >>> parser.parse_args(["--dates", "2025-01-31", "--seed", "3"]).seed
    3
    """
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "verdict",
        help="judge the headline targets of a region, date by date",
        description="Prints the verdict and writes tables and charts into a folder, which is replaced as a whole or not at all.",
    )
    parser.add_argument("--region", metavar="NAME", help="region with targets: bundled, or the path of a region folder")
    parser.add_argument(
        "--dates", nargs="+", metavar="YYYY-MM-DD", help="dates of knowledge (default: issue, each 31 January, the last release)"
    )
    parser.add_argument("--horizon", default="2030-12", metavar="YYYY-MM", help="last month of the outlook (default: %(default)s)")
    parser.add_argument("--samples", type=_positive, default=20_000, metavar="N", help="paths a date (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=7, metavar="N", help="seed (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path(_OUT), metavar="DIR", help="folder of the results (default: %(default)s)")
    parser.add_argument("--jobs", type=_positive, default=min(2, os.cpu_count() or 1), metavar="N", help="processes (default: %(default)s)")
    parser.add_argument("--no-charts", action="store_true", help="tables and words only")
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
    >>> run(argparse.Namespace(out=Path("no/such/place")))
    Traceback (most recent call last):
    ...
    bayu_forecast.errors.OutputError: ... is no folder: make it first, or choose another
    """
    # late: help and usage errors need no pandas
    from bayu_forecast.report import as_text, verdict, write_folder
    from bayu_forecast.report.folder import check_place

    started, out = time.perf_counter(), args.out.absolute()
    check_place(out)
    told = verdict(
        args.region,
        dates=args.dates,
        horizon=args.horizon,
        samples=args.samples,
        rng=args.seed,
        jobs=args.jobs,
        progress=_progress(),
    )
    charts: Callable[[Path], object] | None = None
    if not args.no_charts:
        from bayu_forecast.plotting import save_charts

        print("drawing charts", file=sys.stderr)
        charts = partial(save_charts, told)
    command = shlex.join(["bayu", *sys.argv[1:]])
    write_folder(told, out, charts=charts, command=command)
    print(as_text(told, command=command))
    print(f"\nwritten: {out}")
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
    return 0


def _progress() -> Callable[[int, int, str], None]:
    """A bar on a terminal, a line for every tenth part elsewhere; both on stderr."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        bar = tqdm(desc="dates and priors", unit="fit", file=sys.stderr, leave=False)

        def move(done: int, total: int, what: str) -> None:
            bar.total = total
            bar.set_postfix_str(what)
            bar.update(done - bar.n)
            if done == total:
                bar.close()

        return move

    def line(done: int, total: int, what: str) -> None:
        if done == total or done * 10 // total > (done - 1) * 10 // total:
            print(f"{done} of {total} fits done ({what})", file=sys.stderr, flush=True)

    return line


def _positive(text: str) -> int:
    """A number of at least one."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"at least 1 expected, got {number}")
    return number
