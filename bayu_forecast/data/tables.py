"""The tables of one region folder: read, checked against their manifest, and cut at a date.

Floor F3 (data). ``RegionTables.known_by`` is where later rows are dropped; nothing here may look past it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from bayu_forecast.data.driver_rows import DRIVER_COLUMNS, SPEC_COLUMNS
from bayu_forecast.data.region import Region, read_region
from bayu_forecast.errors import IntegrityError, SchemaError
from bayu_forecast.schema.names import OBSERVATION_COLUMNS
from bayu_forecast.specs import Target

BUNDLED = Path(__file__).resolve().parent / "regions"
DATES = ("period_start", "period_end", "release_date")
NUMBERS = ("value", "half_width")
TARGET_NUMBERS = ("value", "tolerance")
#: variables of the Dataset that a snapshot hands out, in this order
KNOWN_COLUMNS = ("region", "series", "measure", "period_start", "period_end", "value", "unit", "half_width", "basis", "basis_rank",
                 "taper_start", "taper_end", "basis_month_sd", "noise", "release_date", "release_status", "source", "confidence", "note")
#: tables that only some regions have, with their columns
OPTIONAL = {"censuses": ("reference_year", "first_year", "announced", "national_break_year", "steps", "note"),
            "disturbances": ("month", "announced", "source", "note"),
            "definitions": ("id", "quantity", "numerator", "denominator", "publisher", "announced", "series", "note"),
            "revisions": ("region", "series", "basis_from", "basis_to", "reference_year", "step", "released", "method", "source"),
            "drivers": DRIVER_COLUMNS, "driver_specs": SPEC_COLUMNS,
            "effects": ("id", "study", "programme", "country", "quantity", "value", "unit", "design", "horizon", "reading_for_prior",
                        "seen_in", "doi", "status", "published"),
            "contrasts": ("region", "driver", "series", "paid_from", "announced", "base_year", "first_month", "note"),
            "policy": ("region", "id", "kind", "number", "action", "title_zh", "title_en", "departments", "others", "evidence_grade",
                       "indicator", "status", "issued", "source"),
            "actions": ("region", "id", "title_zh", "title_en", "issued", "source"),
            "levers": ("region", "lever", "driver", "weight", "role", "issued", "note")}
#: columns of the optional tables that hold dates, whole numbers and numbers
OPTIONAL_DATES = ("announced", "released", "month", "published", "issued", "paid_from", "first_month")
OPTIONAL_WHOLE = ("reference_year", "first_year", "national_break_year", "number", "base_year")
OPTIONAL_NUMBERS = {"revisions": ("step",), "drivers": ("value", "half_width"), "levers": ("weight",)}
#: by which date a table is cut
CUT = {"observations": "release_date", "evidence": "release_date", "censuses": "announced", "disturbances": "announced",
       "definitions": "announced", "revisions": "released", "drivers": "announced", "driver_specs": "published", "effects": "published",
       "contrasts": "announced", "policy": "issued", "actions": "issued", "levers": "issued"}


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RegionTables:
    """Facts and tables of one region.

    Attributes
    ----------
    region : Region
        Its facts.
    observations, evidence : DataFrame
        Prints, one a row, columns as in ``schema.names.OBSERVATION_COLUMNS``.
    targets : tuple of Target
        Targets set for it.
    censuses, disturbances, definitions, revisions : DataFrame
        Empty where the folder has none.
    drivers, driver_specs, effects, contrasts, policy, actions, levers : DataFrame
        Inputs of drivers by month, their specifications, the studies behind the priors, the series whose growth tells what a
        programme did, and a policy with its levers; empty where the folder has none.
    """

    region: Region
    observations: pd.DataFrame
    evidence: pd.DataFrame
    targets: tuple[Target, ...]
    censuses: pd.DataFrame
    disturbances: pd.DataFrame
    definitions: pd.DataFrame
    revisions: pd.DataFrame
    drivers: pd.DataFrame
    driver_specs: pd.DataFrame
    effects: pd.DataFrame
    contrasts: pd.DataFrame
    policy: pd.DataFrame
    actions: pd.DataFrame
    levers: pd.DataFrame

    def known_by(self, date: pd.Timestamp) -> RegionTables:
        """The same tables with every row released, announced or issued after the date dropped."""
        def by(frame: pd.DataFrame, column: str) -> pd.DataFrame:
            return frame[frame[column].le(date)].reset_index(drop=True)

        targets = tuple(t for t in self.targets if pd.Timestamp(t.issued) <= date)
        cut: dict[str, Any] = {name: by(getattr(self, name), column) for name, column in CUT.items()}
        return dataclasses.replace(self, targets=targets, **cut)


def verify(folder: Path) -> None:
    """Compare every file of a region folder with its manifest.

    Raises
    ------
    IntegrityError
        When the manifest or a file is missing, or a sha256 differs.
    """
    path = folder / "manifest.json"
    # a folder of the user's own is no product of the build: its owner seals it after a change
    step = ("reinstall, or rebuild with python -m bayu_forecast.data.build" if folder.resolve().parent == BUNDLED else
            f"if the change is meant, renew the manifest with python -m bayu_forecast.data.build --seal-folder {folder}")
    if not path.exists():
        raise IntegrityError(f"region folder {folder.name!r} has no manifest.json: {step}", file=str(path))
    listed = json.loads(path.read_text(encoding="utf-8"))["files"]
    for name, expected in listed.items():
        file = folder / name
        got = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "missing"
        if got != expected:
            raise IntegrityError(f"{folder.name}/{name} is not the file of its manifest (sha256 {got[:12]}, expected {expected[:12]}): "
                                 f"{step}", file=str(file), expected=expected, got=got)


def read_rows(path: Path) -> pd.DataFrame:
    """Read an archive table with its types.

    Raises
    ------
    SchemaError
        When a column is missing or extra, or a date or number cannot be read.
    """
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if tuple(frame.columns) != OBSERVATION_COLUMNS:
        odd = sorted(set(frame.columns) ^ set(OBSERVATION_COLUMNS))
        raise SchemaError(f"{path.name}: columns differ from the archive's by {odd}; see docs/data.md", file=str(path), names=odd)
    try:
        for name in DATES:
            frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[s]")
        for name in NUMBERS:
            frame[name] = pd.to_numeric(frame[name]).astype(float)
    except ValueError as error:
        raise SchemaError(f"{path.name}: column {name} cannot be read ({error}); see docs/data.md", file=str(path), names=[name]) from error
    return frame


def read_targets(path: Path) -> tuple[Target, ...]:
    """Read the targets of a region."""
    made = []
    for row in pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records"):
        cells: dict[str, Any] = {str(k): v for k, v in row.items()}
        cells |= {name: float(cells[name]) for name in TARGET_NUMBERS}
        made.append(Target(**cells | {"period": int(cells["period"]), "issued": dt.date.fromisoformat(cells["issued"])}))
    return tuple(made)


def read_optional(folder: Path, name: str) -> pd.DataFrame:
    """Read a table that only some regions have; empty with its columns where there is none."""
    path = folder / f"{name}.csv"
    return _typed(pd.read_csv(path, dtype=str, keep_default_na=False), name) if path.exists() else _empty(name).copy()


@functools.cache
def _empty(name: str) -> pd.DataFrame:
    return _typed(pd.DataFrame(columns=list(OPTIONAL[name]), dtype=str), name)


def _typed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """An optional table's text with its types."""
    for column in set(OPTIONAL_DATES) & set(frame.columns):
        frame[column] = pd.to_datetime(frame[column], format="%Y-%m-%d").astype("datetime64[s]")
    for column in set(OPTIONAL_WHOLE) & set(frame.columns):
        frame[column] = frame[column].astype(int)
    return frame.assign(**{column: pd.to_numeric(frame[column]).astype(float) for column in OPTIONAL_NUMBERS.get(name, ())})


def read_tables(folder: Path) -> RegionTables:
    """Read one region folder after comparing it with its manifest.

    Parameters
    ----------
    folder : Path
        The folder: ``region.yml``, ``observations.csv``, ``evidence.csv``, ``targets.csv``, ``manifest.json`` and optional tables.

    Returns
    -------
    RegionTables
        Its facts and tables.

    Raises
    ------
    IntegrityError
        When a file differs from the manifest.
    SchemaError
        When a table has other columns.
    """
    verify(folder)
    return unsealed_tables(folder)


def unsealed_tables(folder: Path) -> RegionTables:
    """Read one region folder whatever its manifest says."""
    optional = {name: read_optional(folder, name) for name in OPTIONAL}
    return RegionTables(read_region(folder / "region.yml"), read_rows(folder / "observations.csv"), read_rows(folder / "evidence.csv"),
                        read_targets(folder / "targets.csv"), **optional)
