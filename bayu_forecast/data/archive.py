"""Regions and their archive of vintages; ``as_of`` is the only door to figures, targets and evidence.

Floor F3 (data). It decides what was known when; it must never fill, smooth or estimate a figure.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pandas as pd

from bayu_forecast.data.region import Region
from bayu_forecast.data.snapshot import Snapshot, unknown_name
from bayu_forecast.data.tables import BUNDLED, RegionTables, read_tables
from bayu_forecast.errors import PeriodError, UnknownNameError

REGIONS = BUNDLED
#: the first and the last year that ``as_of`` accepts
YEARS = (1990, 2100)
PERIOD = ["measure", "period_start", "period_end"]


def list_regions() -> tuple[str, ...]:
    """Names of the bundled regions.

    Returns
    -------
    tuple of str
        In alphabetical order.

    Examples
    --------
    >>> len(list_regions())
    32
    """
    return tuple(sorted(p.parent.name for p in REGIONS.glob("*/region.yml")))


def as_date(date: str | dt.date | pd.Timestamp) -> pd.Timestamp:
    """A date of knowledge, checked.

    Raises
    ------
    PeriodError
        When it is not a date, or lies outside the years that the archive can speak of.
    """
    try:
        if not isinstance(date, str | dt.date):
            raise ValueError("neither text nor a date")
        stamp = pd.Timestamp(dt.date.fromisoformat(date) if isinstance(date, str) else date).tz_localize(None).normalize()
    except ValueError as error:
        raise PeriodError(f"as_of needs a date such as '2025-01-31', got {date!r} ({error})", got=str(date)) from error
    if not YEARS[0] <= stamp.year <= YEARS[1]:
        raise PeriodError(f"as_of needs a date between {YEARS[0]} and {YEARS[1]}, got {stamp:%Y-%m-%d}", got=str(date))
    return stamp


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class RegionData:
    """All that is bundled about a region, with every vintage.

    Attributes
    ----------
    tables : tuple of RegionTables
        Its own, and those of the region it leans on. Only :meth:`as_of` hands them on, cut at a date.

    Examples
    --------
    >>> data = load_region("chongqing")
    >>> data.name, data.region.name_zh
    ('chongqing', '重庆')
    """

    tables: tuple[RegionTables, ...]

    @property
    def region(self) -> Region:
        """Facts of the region."""
        return self.tables[0].region

    @property
    def name(self) -> str:
        """Name of the region."""
        return self.region.name

    @property
    def archive(self) -> pd.DataFrame:
        """The region's own prints, every vintage."""
        return self.tables[0].observations.copy()

    @property
    def last_release(self) -> pd.Timestamp:
        """Date of the last print in the archive, of the region or of the one it leans on."""
        return max(pd.Timestamp(t.observations["release_date"].max()) for t in self.tables)

    def as_of(self, date: str | dt.date | pd.Timestamp) -> Snapshot:
        """What was published, announced or issued by the date.

        Parameters
        ----------
        date : str, date or Timestamp
            Such as ``"2025-01-31"``.

        Returns
        -------
        Snapshot
            Observations, evidence, targets and the rest, nothing later.

        Raises
        ------
        PeriodError
            When it is not a date, or lies outside the years that the archive can speak of.

        Examples
        --------
        >>> load_region("chongqing").as_of("2021-04-30").as_of
        '2021-04-30'
        """
        stamp = as_date(date)
        return Snapshot(self.region, stamp, tuple(t.known_by(stamp) for t in self.tables))

    def latest(self) -> Snapshot:
        """All that is known: the snapshot on the day of the last release."""
        return self.as_of(max(self.last_release, *(pd.Timestamp(t.issued) for x in self.tables for t in x.targets)))

    def _series(self, series: str) -> pd.DataFrame:
        """The region's own dated prints of a series, oldest release first."""
        frame = self.archive
        known = sorted(set(frame["series"]))
        if series not in known:
            raise unknown_name(f"series of {self.name} called", series, known)
        frame = frame[frame["series"].eq(series) & frame["release_date"].notna()]
        return frame.sort_values([*PERIOD, "release_date"], kind="stable").reset_index(drop=True)

    def revisions(self, series: str) -> pd.DataFrame:
        """Every vintage of every period of a series that was printed more than once.

        Parameters
        ----------
        series : str
            Such as ``retail_total``.

        Returns
        -------
        DataFrame
            Period, value, basis, release; ``release_number`` from 1, and ``difference`` to the print before on the same basis (NaN
            where the basis differs: a difference across bases is not a revision of the figure).

        Raises
        ------
        UnknownNameError
            When the region has no such series.

        Examples
        --------
        >>> table = load_region("chongqing").revisions("retail_total")
        >>> year = table[(table.period_start == "2024-01-01") & (table.period_end == "2024-12-31") & (table.measure == "level")]
        >>> year[["value", "basis"]].to_numpy().tolist()
        [[15677.37, 'cq4'], [16190.4, 'cq5']]
        """
        frame = self._series(series)
        groups = frame.groupby(PERIOD, sort=False)
        frame["release_number"] = groups.cumcount() + 1
        frame["difference"] = frame.groupby([*PERIOD, "basis"], sort=False)["value"].diff()
        several = groups["value"].transform("size").gt(1)
        columns = [*PERIOD, "release_number", "value", "unit", "difference", "basis", "release_date", "release_status", "source", "note"]
        return frame.loc[several, columns].reset_index(drop=True)

    def nth_release(self, series: str, n: int) -> pd.DataFrame:
        """The n-th print of every period of a series.

        Parameters
        ----------
        series : str
            Such as ``retail_total``.
        n : int
            1 for the first print; periods with fewer prints are left out.

        Returns
        -------
        DataFrame
            Rows of the archive.

        Raises
        ------
        UnknownNameError
            When the region has no such series.
        PeriodError
            When ``n`` is below 1.

        Examples
        --------
        >>> first = load_region("chongqing").nth_release("retail_total", 1)
        >>> first.loc[(first.period_start == "2020-01-01") & (first.period_end == "2020-12-31") & (first.measure == "level"),
        ...           "value"].tolist()
        [11787.2]
        """
        if n < 1:
            raise PeriodError(f"releases are counted from 1, got {n}", got=n)
        frame = self._series(series)
        return frame[frame.groupby(PERIOD, sort=False).cumcount().eq(n - 1)].reset_index(drop=True)


def load_region(name: str | Path) -> RegionData:
    """Load a bundled region, or a region folder of your own.

    Parameters
    ----------
    name : str or Path
        A bundled name (see :func:`list_regions`) as text, or a folder of the same form as a ``Path``. A folder may lean on a
        bundled region.

    Returns
    -------
    RegionData
        The region with every vintage; ask it ``as_of(date)``.

    Raises
    ------
    UnknownNameError
        When there is no such region, or the folder leans on none; the message gives the nearest names.
    IntegrityError
        When a file differs from its manifest.

    Examples
    --------
    >>> known = load_region("chongqing").as_of("2021-04-30")
    >>> known.observations("retail_total").sizes["row"] > 500
    True
    """
    own = read_tables(_folder(name))
    support = own.region.leans_on
    if not support:
        return RegionData((own,))
    if support not in list_regions():
        raise unknown_name(f"bundled region (leans_on in region.yml of {own.region.name!r})", str(support), list(list_regions()))
    return RegionData((own, read_tables(REGIONS / support)))


def _folder(name: str | Path) -> Path:
    """Folder of a region: a text is only ever the name of a bundled one."""
    known = list(list_regions())
    if isinstance(name, Path):
        if not (name / "region.yml").is_file():
            raise unknown_name("region folder (with a region.yml)", str(name), known)
        return name
    if not isinstance(name, str):
        raise UnknownNameError(f"load_region needs the name of a bundled region or the Path of a folder, got {name!r}; "
                               f"known: {', '.join(known)}", names=[repr(name)], expected=known)
    if name not in known:
        raise unknown_name("region", name, known)
    return REGIONS / name
