"""What was known of a region on a date, and nothing later.

Floor F3 (data). A snapshot is made by ``RegionData.as_of`` from rows already filtered; it must never see a later row.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import difflib
import functools

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayu_forecast.data.definitions import what_definitions_say
from bayu_forecast.data.driver_rows import last_specs, last_word
from bayu_forecast.data.policy_rows import responsibilities
from bayu_forecast.data.region import Region
from bayu_forecast.data.tables import KNOWN_COLUMNS, RegionTables
from bayu_forecast.errors import UnknownNameError
from bayu_forecast.schema.names import GROWTH, LEVEL, ROW, UNIT_MONEY, USE_YES
from bayu_forecast.specs import DriverSpec, Target

#: a growth rate printed later than this after its period is not the first print of it
FIRST_PRINT_DAYS = 183
#: a level printed later than this after its period is revised: a year's first yearbook comes within it
FIRST_VINTAGE_DAYS = 366
TEXT = ("region", "series", "measure", "unit", "basis", "release_status", "source", "confidence", "note")
SHOWN_ORDER = ["region", "period_start", "period_end", "measure", "basis_rank", "release_date"]
LONG_NAMES = {"value": "printed figure", "half_width": "half a unit of the last digit printed", "basis": "statistical basis",
              "noise": "log standard deviation of the print as a model reads it", "release_date": "visible from",
              "basis_month_sd": "log standard deviation of a calendar month's own step to the next basis"}


def unknown_name(kind: str, name: str, known: list[str]) -> UnknownNameError:
    """The error for a name that is not there, with the nearest ones."""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
    return UnknownNameError(f"no {kind} {name!r}; nearest: {', '.join(near)}; known: {', '.join(known)}", names=[name], expected=near)


def with_bases(frame: pd.DataFrame, regions: dict[str, Region]) -> pd.DataFrame:
    """Rows with what their basis says of them; rows on a basis that the region does not state get none."""
    stated = [(name, b.code, b.rank, *(b.taper or (0, 0)), b.month_sd, b.level_sd) for name, r in regions.items() for b in r.bases]
    columns = ["region", "basis", "basis_rank", "taper_start", "taper_end", "basis_month_sd", "level_sd"]
    merged = frame.merge(pd.DataFrame(stated, columns=columns), on=["region", "basis"], how="left")
    whole = ["basis_rank", "taper_start", "taper_end"]
    merged[whole] = merged[whole].fillna(0).astype(np.int64)
    return merged.fillna({"basis_month_sd": 0.0, "level_sd": 0.0})


def rounding_noise(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Standard deviation that rounding alone gives: of the log of a level, of a growth or ratio itself."""
    value, rounding = frame["value"].to_numpy(), frame["half_width"].to_numpy() / np.sqrt(3.0)
    level = frame["measure"].eq(LEVEL).to_numpy() & (value != 0.0)
    return np.asarray(rounding / np.where(level, np.abs(value), 1.0), dtype=np.float64)


def print_noise(frame: pd.DataFrame, regions: dict[str, Region]) -> NDArray[np.float64]:
    """Log standard deviation of each print: rounding (uniform) and the region's print noise in quadrature."""
    stated = pd.DataFrame({name: dataclasses.asdict(region.print_noise) for name, region in regions.items()}).T
    noise = stated.reindex(frame["region"]).reset_index(drop=True)
    age = (frame["release_date"] - frame["period_end"]).dt.days.to_numpy()
    level_sd = np.where(age > FIRST_VINTAGE_DAYS, noise["level_other"], noise["level"])
    growth_sd = np.where(age > FIRST_PRINT_DAYS, noise["growth_other"], noise["growth_first"])
    rounding, growth = rounding_noise(frame), frame["measure"].eq(GROWTH).to_numpy()
    level = np.sqrt(rounding**2 + level_sd**2 + frame["level_sd"].to_numpy() ** 2)
    one_plus = np.where(growth, 1.0 + frame["value"].to_numpy(), 1.0)
    return np.asarray(np.where(growth, np.sqrt(rounding**2 + growth_sd**2) / one_plus, level), dtype=np.float64)


def as_dataset(frame: pd.DataFrame, attrs: dict[str, str]) -> xr.Dataset:
    """Rows as a Dataset over ``row``."""
    columns = {name: (ROW, frame[name].to_numpy(dtype=object).astype(str) if name in TEXT else frame[name].to_numpy())
               for name in frame.columns}
    made = xr.Dataset(columns, coords={ROW: np.arange(len(frame))}, attrs=attrs)
    for name, words in LONG_NAMES.items():
        if name in made:
            made[name].attrs["long_name"] = words
    return made


@functools.lru_cache(maxsize=8)
def _observations(known: Snapshot, series: str) -> xr.Dataset:
    """Prints of a series, made once a snapshot; the arrays are read-only, since every caller is given the same ones."""
    frame = pd.concat([t.observations for t in known.tables], ignore_index=True)
    published = sorted(set(frame["series"]))
    if series not in published:
        raise unknown_name(f"series of {known.name} published by {known.as_of} called", series, published)
    made = known._dataset(frame[frame["series"].eq(series) & frame["use"].eq(USE_YES)], series, prints=True)
    for variable in made.variables.values():
        variable.values.flags.writeable = False
    return made


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What was published, announced or issued by a date.

    Made by :meth:`RegionData.as_of`; never by hand.

    Attributes
    ----------
    region : Region
        The region asked for.
    calendar_date : Timestamp
        The date; calendars are read as known on it.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> known = load_region("chongqing").as_of("2021-04-30")
    >>> known.observations("retail_total").attrs["leans_on"]
    'china'
    >>> [t.id for t in known.targets][:1]
    ['retail_total_2025']
    """

    region: Region
    calendar_date: pd.Timestamp
    tables: tuple[RegionTables, ...]

    @property
    def name(self) -> str:
        """Name of the region."""
        return self.region.name

    @property
    def as_of(self) -> str:
        """The date as YYYY-MM-DD."""
        return f"{self.calendar_date:%Y-%m-%d}"

    @property
    def regions(self) -> dict[str, Region]:
        """The region and the one it leans on, by name."""
        return {t.region.name: t.region for t in self.tables}

    @property
    def series(self) -> tuple[str, ...]:
        """Series of the region with at least one print by the date."""
        own = self.tables[0].observations
        return tuple(sorted(set(own["series"])))

    def _attrs(self, series: str) -> dict[str, str]:
        """Attributes of a Dataset handed out."""
        return {"region": self.name, "series": series, "as_of": self.as_of, "leans_on": self.region.leans_on, "units": UNIT_MONEY}

    def _dataset(self, frame: pd.DataFrame, series: str, *, prints: bool) -> xr.Dataset:
        """Rows in the shape that models read; evidence has the noise of its rounding only."""
        frame = with_bases(frame, self.regions)
        noise = print_noise(frame, self.regions) if prints else rounding_noise(frame)
        frame = frame.assign(noise=noise).sort_values(SHOWN_ORDER, kind="stable").reset_index(drop=True)
        return as_dataset(frame[list(KNOWN_COLUMNS)], self._attrs(series))

    def observations(self, series: str) -> xr.Dataset:
        """Prints of a series, of the region and of the one it leans on, known by the date and meant for use.

        Parameters
        ----------
        series : str
            Such as ``retail_total``.

        Returns
        -------
        Dataset, dims (row,)
            ``value`` (1e8 CNY for levels, ratio for growth), ``measure``, ``period_start``, ``period_end``, ``basis`` and its rank,
            taper and month step, ``half_width``, ``noise`` (log points), ``release_date``, ``source`` and more; sorted by region,
            period, measure, basis and release.

        Raises
        ------
        UnknownNameError
            When neither region has published this series by the date.

        Examples
        --------
        >>> from bayu_forecast.data import load_region
        >>> rows = load_region("chongqing").as_of("2021-04-30").observations("retail_total").to_dataframe()
        >>> own = rows[(rows.region == "chongqing") & (rows.period_start == "2020-01-01") & (rows.period_end == "2020-12-31")]
        >>> own.loc[own.measure == "level", "value"].tolist()
        [11787.2]
        """
        return _observations(self, series).copy(deep=False)

    @property
    def evidence(self) -> xr.Dataset:
        """Evidence beside retail sales, over ``row``: shares, contributions, GDP by vintage, population, income, prices.

        ``region`` may be another one: the contribution tables of two provinces are there for their spread. ``noise`` is that of
        rounding alone (log of a level; the growth or ratio itself).
        """
        frame = pd.concat([t.evidence for t in self.tables], ignore_index=True)
        return self._dataset(frame[frame["use"].eq(USE_YES)], "evidence", prints=False)

    @property
    def targets_issued(self) -> tuple[Target, ...]:
        """Every target of the region issued by the date."""
        return self.tables[0].targets

    @property
    def targets(self) -> tuple[Target, ...]:
        """Targets issued by the date whose period was still open then (its last day not before the date)."""
        today = self.calendar_date.date()
        return tuple(t for t in self.targets_issued if dt.date(t.period, 12, 31) >= today)

    @property
    def disturbances(self) -> pd.DatetimeIndex:
        """Months announced by the date in which a shock may have passed through; the region's own and those it inherits."""
        months = pd.concat([t.disturbances["month"] for t in self.tables])
        return pd.DatetimeIndex(sorted(set(months)), name="month")

    @property
    def censuses(self) -> pd.DataFrame:
        """Economic censuses announced by the date: reference year, first year printed on the new basis, note."""
        return pd.concat([t.censuses for t in self.tables], ignore_index=True)

    @property
    def definitions(self) -> pd.DataFrame:
        """The official definitions of quantities that a target may leave open, with the last value printed under each by the date."""
        return what_definitions_say(pd.concat([t.definitions for t in self.tables], ignore_index=True), self.tables)

    @property
    def revision_steps(self) -> pd.DataFrame:
        """Sizes (log points) of past basis steps known by the date, of the region and of the one it leans on."""
        return pd.concat([t.revisions for t in self.tables], ignore_index=True)

    @property
    def census_steps(self) -> pd.DataFrame:
        """Size (log points) of each economic census whose steps between bases had all been published by the date."""
        known, rows = self.revision_steps, []
        pair = known["basis_from"] + ">" + known["basis_to"]
        for year, steps in zip(self.censuses["reference_year"], self.censuses["steps"].fillna(""), strict=True):
            wanted = steps.split()
            if wanted and set(wanted) <= set(pair):
                rows.append((year, sum(float(known.loc[pair == step].sort_values("reference_year")["step"].iloc[-1]) for step in wanted)))
        return pd.DataFrame(rows, columns=["reference_year", "step"])

    def _table(self, name: str) -> pd.DataFrame:
        """A table of the region and of the one it leans on, one below the other."""
        frames: list[pd.DataFrame] = [getattr(t, name) for t in self.tables]
        return pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)

    @property
    def drivers(self) -> pd.DataFrame:
        """Inputs of drivers by month, history and what was announced of the future: the last word on each month by the date.

        Columns: ``region``, ``driver``, ``programme`` (programmes of one driver add up), ``month``, ``value``, ``unit``, ``half_width``,
        ``status`` (actual, announced, assumed), ``announced``, ``use``, ``source``, ``note``.
        """
        return last_word(self._table("drivers"))

    @property
    def driver_specs(self) -> tuple[DriverSpec, ...]:
        """How each driver acts, with the prior that the evidence published by the date allowed."""
        return last_specs(self._table("driver_specs"))

    @property
    def effects(self) -> pd.DataFrame:
        """Studies behind the priors, published by the date."""
        return self._table("effects")

    @property
    def contrasts(self) -> pd.DataFrame:
        """Series that a programme pays for and series that it does not, announced by the date: one row a driver and series.

        ``paid_from`` is the first month of money, empty for the comparison; levels of ``base_year`` give shares; growth is read
        from ``first_month`` on.
        """
        return self._table("contrasts")

    @property
    def levers(self) -> pd.DataFrame:
        """Which driver each measure and safeguard moves: ``region``, ``lever``, ``driver``, ``weight``, ``role`` (input, execution)."""
        return self._table("levers")

    @property
    def policy(self) -> pd.DataFrame:
        """One row a responsibility of a policy issued by the date (see :func:`bayu_forecast.policy_table`); empty where there is none."""
        return responsibilities(self._table("policy"), self._table("actions"), self._table("levers"))

    def data_log(self) -> pd.DataFrame:
        """Every row known by the date, used or not: vintage, basis, release status, source."""
        kept = ["region", "series", "measure", "period_start", "period_end", "value", "unit", "basis", "release_date", "release_status",
                "confidence", "use", "source", "note"]
        parts = [frame.assign(table=name) for t in self.tables for name, frame in (("observations", t.observations),
                                                                                     ("evidence", t.evidence))]
        return pd.concat(parts, ignore_index=True)[["table", *kept]]
