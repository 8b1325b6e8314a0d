"""Runs the main command's job and prints the verdict that README.md shows; ``--write`` puts it in place.

Run ``python benchmarks/readme_verdict.py --write`` after a change that moves a number. A test compares the page with fresh answers.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import bayu_forecast as bf
from bayu_forecast.report import Verdict, as_text
from bayu_forecast.report.layout import grid, percent, span

README = Path(__file__).resolve().parents[1] / "README.md"
OPEN, CLOSE = "<!-- verdict -->\n", "<!-- /verdict -->"


def block(told: Verdict) -> str:
    """Head of the terminal's answer, with required growth and the sensitivity of the first target, as a block of a page."""
    head = as_text(told).split("\n\n")[:3]
    own = told.verdict[told.verdict["target"] == told.targets[0].id]
    low, high = (100 * rate for rate in (told.sensitivity["long_run"].min(), told.sensitivity["long_run"].max()))
    rows = [("(1) at the same dates", ""),
            ("growth a year required from the last print", ", ".join(map(percent, own["required_growth_from_print"]))),
            (f"P with long-run growth at {low:g}–{high:g} %",
             ", ".join(map(span, own["sensitivity_low"], own["sensitivity_high"])))]  # fmt: skip
    lines = ["\n\n".join(head), "", *grid(rows, "  ")]
    about = f"bayu_forecast {told.meta['library_version']}, seed {told.meta['seed']}, {told.meta['samples']:,} paths a date"
    return "\n".join(["```text", *lines, "```", "", f"{about}; [how to read it](docs/verdict.md).", ""])


def placed(page: str, new: str) -> str:
    """The page with the block between its marks replaced."""
    before, _, rest = page.partition(OPEN)
    _, mark, after = rest.partition(CLOSE)
    if not mark:
        raise SystemExit(f"{README.name} has no {OPEN.strip()} ... {CLOSE}: put both marks where the verdict goes")
    return f"{before}{OPEN}{new}{mark}{after}"


def main() -> None:
    """Print the block, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the block into README.md")
    write = parser.parse_args().write
    new = block(bf.verdict())
    if write:
        README.write_text(placed(README.read_text(encoding="utf-8"), new), encoding="utf-8")
    sys.stdout.write(new)


if __name__ == "__main__":
    main()
