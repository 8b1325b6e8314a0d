"""What a reader needs to get the same numbers again: versions, seed, data hashes, command.

Floor F7. It looks at the installation and the region folders; it must never look at a result.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bayu_forecast
from bayu_forecast.data.archive import REGIONS

_PACKAGES = ("numpy", "scipy", "pandas", "xarray")


def footer(region: str, names: list[str], settings: dict[str, Any]) -> dict[str, Any]:
    """Versions, hashes of the regions' manifests, settings and the state of the source, as plain values."""
    folders = {name: _folder(region) if place == 0 else REGIONS / name for place, name in enumerate(names)}
    return {
        "library_version": bayu_forecast.__version__,
        **settings,
        "data_sha256": {name: hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest() for name, folder in folders.items()},
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "source": git_state(Path(bayu_forecast.__file__).resolve().parents[1]),
    }


def _folder(region: str) -> Path:
    """Folder of a region given by name or by path."""
    return REGIONS / region if Path(region).name == region else Path(region)


def git_state(root: Path) -> str:
    """``git describe`` of the checkout that the library runs from; empty where it is none."""
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
