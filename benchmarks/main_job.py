"""How long the main command takes, tables and charts included: wall clock, CPU of all its processes, number of fits.

Run ``python benchmarks/main_job.py``. On a machine that others use, CPU seconds per core are the fair figure: what the wall clock
would show were both cores free. Exit code 1 when they miss the goal.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import time

GOAL = 60.0
CORES = min(2, os.cpu_count() or 1)


def main() -> int:
    """Run the command once in an empty folder and print what it took."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "bayu_forecast", "verdict"], cwd=place, capture_output=True, text=True, check=True)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    fits = re.findall(r"(\d+) of \d+ fits done", done.stderr)[-1]
    print(f"main job: {fits} fits on {CORES} cores; load average of the minute before: {load:.1f}")
    print(f"wall {wall:.0f} s; CPU {cpu:.0f} s, {cpu / CORES:.0f} s a core (goal: under {GOAL:.0f} s)")
    return 0 if cpu / CORES < GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
