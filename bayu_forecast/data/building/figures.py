"""Reads the published figures kept in the repository and the facts about regions.

Floor F3 (data, build only). It checks every file against the manifest; it must never interpret a figure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bayu_forecast.errors import IntegrityError

FIGURES = Path(__file__).resolve().parent.parent / "figures"
MANIFEST = FIGURES / "manifest.json"


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def manifest() -> dict[str, Any]:
    """The manifest of the figures: publisher, licence, confidence, rows, sha256 of each file."""
    if not MANIFEST.exists():
        raise IntegrityError(f"{MANIFEST} is missing: the figures are in the repository, not in an installed wheel; build from a clone",
                             file=str(MANIFEST))
    loaded: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return loaded


def checked_path(name: str) -> Path:
    """Path of a figures file whose sha256 agrees with the manifest."""
    path = FIGURES / name
    expected = manifest()["files"].get(name, {}).get("sha256")
    if expected is None or not path.exists() or sha256(path) != expected:
        raise IntegrityError(f"{name} differs from figures/manifest.json: restore it, or run the build with --seal after a meant change",
                             file=name, expected=expected)
    return path


@cache
def has_figures(name: str) -> bool:
    """Whether the manifest lists this file."""
    return name in manifest()["files"]


def read_figures(name: str) -> pd.DataFrame:
    """One figures file as text; empty cells are empty strings."""
    return pd.read_csv(checked_path(name), dtype=str, keep_default_na=False)


def records(frame: pd.DataFrame) -> list[dict[str, str]]:
    """Rows of a table of texts, one dictionary each."""
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]


@cache
def facts() -> Mapping[str, Any]:
    """The regions, their bases, series and print noise (``regions.yml``)."""
    loaded: Mapping[str, Any] = yaml.safe_load(checked_path("regions.yml").read_text(encoding="utf-8"))
    return loaded


def seal() -> None:
    """Write rows and sha256 of every figures file into the manifest, after a meant change."""
    record = json.loads(MANIFEST.read_text(encoding="utf-8"))
    for path in sorted(FIGURES.iterdir()):
        if path.name == MANIFEST.name:
            continue
        entry = record["files"].setdefault(path.name, {"publisher": "bayu_forecast", "licence": "Apache-2.0", "confidence": {},
                                                       "retrieved": ""})
        if path.suffix == ".csv":
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
            counts = table["confidence"].value_counts() if "confidence" in table else pd.Series(dtype=int)
            entry |= {"rows": len(table), "confidence": {str(k): int(v) for k, v in sorted(counts.items())}}
        entry["sha256"] = sha256(path)
    MANIFEST.write_text(json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    manifest.cache_clear()
