"""Reads the bundled tables and holds each to the sha256 in the manifest.

Floor F2: ``errors`` and the standard library. It must never know what a table means.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
from pathlib import Path
from typing import Final

from bayu_forecast.errors import IntegrityError

FOLDER: Final = Path(__file__).parent / "tables"
MANIFEST: Final = "manifest.csv"


def _rows(content: bytes) -> tuple[dict[str, str], ...]:
    """Rows of a CSV file, as mappings from column to text."""
    return tuple(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


@functools.cache
def read_table(name: str, folder: Path = FOLDER) -> tuple[dict[str, str], ...]:
    """Rows of a bundled table whose sha256 is the manifest's.

    Parameters
    ----------
    name : str
        File name, such as ``lunar.csv``.
    folder : Path
        Where the table and its ``manifest.csv`` are.

    Returns
    -------
    tuple of dict
        One mapping a row, from column to text.

    Raises
    ------
    IntegrityError
        When the file is absent from the manifest or its sha256 differs.

    Examples
    --------
    >>> read_table("lunar.csv")[0]["spring_festival"]
    '1901-02-19'
    """
    expected = {row["file"]: row["sha256"] for row in _rows((folder / MANIFEST).read_bytes())}.get(name, "an entry")
    content = (folder / name).read_bytes()
    got = hashlib.sha256(content).hexdigest()
    if got != expected:
        message = f"{name}: sha256 {got} where {MANIFEST} expects {expected}: the table was changed; reinstall or rebuild it"
        raise IntegrityError(message, file=name, expected=expected, got=got)
    return _rows(content)
