"""How long ``import bayu_forecast`` takes against ``import numpy``: the median ratio over alternating fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys

GOAL = 1.8
PAIRS = 15
TIMED = "import time; start = time.perf_counter(); {work}; print(time.perf_counter() - start)"
FACE = "import bayu_forecast"
FIRST_USE = "import bayu_forecast; bayu_forecast.load_region"


def seconds(work: str) -> float:
    """Time of a statement in a fresh process, without the start of the interpreter."""
    answer = subprocess.run([sys.executable, "-c", TIMED.format(work=work)], capture_output=True, text=True, check=True)
    return float(answer.stdout)


def ratios(work: str, pairs: int = PAIRS) -> list[float]:
    """One ratio a pair; the two of a pair run one after the other, so both meet the same load of the machine."""
    seconds("import numpy"), seconds(work)  # the first pair fills the disk cache and writes the .pyc files
    return [seconds(work) / seconds("import numpy") for _ in range(pairs)]


def main() -> int:
    """Print both ratios; exit code 1 when the face is heavier than the goal."""
    face = statistics.median(ratios(FACE))
    print(f"import bayu_forecast / import numpy = {face:.3f} (median of {PAIRS} pairs, goal < {GOAL})")
    print(f"up to the first use of a name       = {statistics.median(ratios(FIRST_USE, pairs=5)):.2f} (pandas and xarray, no goal)")
    return 0 if face < GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
