"""What the months that are left must bring: the growth they need, how usual it is in the forecast and in print.

Floor F6. Growth is on one basis, inside a path or between prints of one vintage; it never crosses two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from bayu_forecast.errors import PeriodError, TargetError
from bayu_forecast.paths import annual_sum
from bayu_forecast.schema.check import assert_sample_paths
from bayu_forecast.schema.names import GROWTH, LEVEL, SAMPLE, SERIES, TIME, UNIT_RATIO
from bayu_forecast.targets.events import AS_PRINTED, plain_sum, read, require_series

if TYPE_CHECKING:
    from bayu_forecast.data.snapshot import Snapshot
    from bayu_forecast.specs import Target

_QUANTILES = {"q10": 0.1, "q50": 0.5, "q90": 0.9}


def required_path(paths: xr.Dataset, target: Target, known: Snapshot) -> xr.Dataset:
    r"""Return the growth that the months left of a target's year need against the same months of the year before.

    .. math:: g = \frac{K - \mathrm{YTD}}{\mathrm{FY}_{-1} - \mathrm{YTD}_{-1}} - 1

    inside each path on its own basis (a census revision still to come moves K), and from prints alone where year-to-date, the
    year before and its year-to-date stand on one basis. Before anything of the year is printed YTD is zero and the whole year
    is left.

    Parameters
    ----------
    paths : Dataset
        Sample paths from the same snapshot, from the January before the target's year.
    target : Target
        An annual total to reach.
    known : Snapshot
        What was published by the date.

    Returns
    -------
    Dataset
        ``required`` and ``forecast`` (scenario, quantile): growth needed and growth of the paths, in the months left;
        ``percentile`` (scenario): share of the paths that grow by less than they need; ``required_printed``: from prints alone, NaN where
        they do not stand on one basis; ``history`` (year): growth of the same months on comparable terms, as printed; ``happened`` and
        ``years``: in how many of how many years it was at least the median needed. Attributes ``months_left``, ``printed_until``.

    Raises
    ------
    TargetError
        When the target is no annual total to reach.
    PeriodError
        When its year is printed whole.
    HorizonError
        When the paths do not cover its year and the one before.

    Examples
    --------
    Half of 2025 printed as 8300.37, up 4.5 %, and 16190.4 for 2024 on the same basis:

    >>> import bayu_forecast as bf
    >>> known = bf.load_region("chongqing").as_of("2025-08-31")
    >>> model = bf.StructuralForecaster().fit(known.observations("retail_total"), bf.design(known))
    >>> left = bf.required_path(bf.simulate(model, known, horizon="2025-12", samples=200, rng=7), known.targets[0], known)
    >>> print(left.attrs["months_left"], f"{float(left.required_printed):.4f}")
    6 -0.1270
    >>> print(f"{(15500 - 8300.37) / (16190.4 - 8300.37 / 1.045) - 1:.4f}")
    -0.1270
    """
    assert_sample_paths(paths)
    conditions = read(target)
    require_series(target, conditions, paths)
    call = plain_sum(conditions)
    if call is None or target.op in ("<", "<="):
        raise TargetError(f"target {target.id!r} is no annual total to reach: months left have no required growth", target=target.id)
    series, year, goal = call.series[0], call.year, target.value - target.tolerance
    prints = _Prints(known, series)
    done = prints.until(year)
    if done == 12:
        raise PeriodError(f"no month of {year} is left: its total is printed; ask assess() for the outcome", got=f"{year}-12")
    needed, grown = _inside(paths, series, year, done, goal, printed=target.basis == AS_PRINTED)
    history = prints.history(done, year)
    median = needed.median(SAMPLE)
    happened = [int((history >= float(m)).sum()) for m in median]
    return _table({"required": needed, "forecast": grown}).assign(
        percentile=(grown < needed).mean(SAMPLE).assign_attrs(units=UNIT_RATIO, long_name="share of paths that grow by less than needed"),
        required_printed=((), prints.required(year, done, goal), {"units": UNIT_RATIO, "long_name": "growth needed, from prints alone"}),
        history=("year", history.to_numpy(dtype=np.float64), {"units": UNIT_RATIO, "long_name": "growth of the same months, as printed"}),
        happened=(median.dims, happened, {"units": "count", "long_name": "years in which it was at least the median needed"}),
        years=((), len(history), {"units": "count", "long_name": "years with comparable growth of the same months"}),
    ).assign_coords(year=("year", history.index.to_numpy(dtype=np.int64))).drop_vars([SERIES, "resolution"], errors="ignore").assign_attrs(
        paths.attrs, target=target.id, months_left=12 - done, printed_until=f"{year}-{done:02d}" if done else f"{year - 1}-12"
    )  # fmt: skip


def _inside(paths: xr.Dataset, series: str, year: int, done: int, goal: float, *, printed: bool) -> tuple[xr.DataArray, xr.DataArray]:
    """Growth needed and growth reached in the months left, inside each path."""
    total, before = annual_sum(paths, series, year), annual_sum(paths, series, year - 1)
    # on the paths' basis the goal is lower by the revision that will raise the print
    on_basis = goal * total / annual_sum(paths, series, year, printed=True) if printed else goal
    now, then = (_year_to_date(paths, series, y, done) for y in (year, year - 1))
    rest = before - then
    return (on_basis - now) / rest - 1.0, (total - now) / rest - 1.0


def _year_to_date(paths: xr.Dataset, series: str, year: int, done: int) -> xr.DataArray:
    """Sum of the first months of a year, inside each path."""
    time = pd.DatetimeIndex(paths.indexes[TIME])
    inside = (time.year == year) & (time.month <= done)
    return paths["value"].sel({SERIES: series}).isel({TIME: inside}).sum(TIME)


class _Prints:
    """Levels and growth of a region's series for the first months of years, newest basis and release last."""

    def __init__(self, known: Snapshot, series: str) -> None:
        own = series if series in {s.id for s in known.region.series} else ""
        table = known.observations(own).to_dataframe() if own else pd.DataFrame()
        if len(table):
            start, end = table["period_start"], table["period_end"]
            kept = (table["region"] == known.region.name) & (start.dt.month == 1) & (start.dt.year == end.dt.year)
            table = table[kept].assign(year=end.dt.year, month=end.dt.month).sort_values(["basis_rank", "release_date"])
        self.table = table

    def _rows(self, measure: str, year: int, month: int) -> pd.DataFrame:
        """Prints of one measure of the first months of a year."""
        t = self.table
        return t[(t["measure"] == measure) & (t["year"] == year) & (t["month"] == month)] if len(t) else t

    def until(self, year: int) -> int:
        """Last month to which a level of the year is printed; zero for none."""
        t = self.table
        months = t.loc[(t["measure"] == LEVEL) & (t["year"] == year), "month"].tolist() if len(t) else []
        return max(map(int, months), default=0)

    def level(self, year: int, month: int, basis: str | None = None) -> tuple[float, str]:
        """Last printed level and its basis, on one basis where asked; (NaN, "") for none. Nothing is sold in no month."""
        if month == 0:
            return 0.0, basis or ""
        rows = self._rows(LEVEL, year, month)
        rows = rows[rows["basis"] == basis] if basis is not None and len(rows) else rows
        return (float(rows["value"].iloc[-1]), str(rows["basis"].iloc[-1])) if len(rows) else (np.nan, "")

    def base(self, year: int, month: int, basis: str) -> float:
        """Level of the year before on a basis: as printed, else from the printed growth; NaN for neither."""
        printed, _ = self.level(year - 1, month, basis)
        if not np.isnan(printed):
            return printed
        rows = self._rows(GROWTH, year, month)
        rows = rows[rows["basis"] == basis] if len(rows) else rows
        return self.level(year, month, basis)[0] / (1.0 + float(rows["value"].iloc[-1])) if len(rows) else np.nan

    def required(self, year: int, done: int, goal: float) -> float:
        """Growth needed from prints of one basis alone; NaN where they do not suffice."""
        if done == 0:
            return goal / self.level(year - 1, 12)[0] - 1.0
        so_far, basis = self.level(year, done)
        before = self.level(year - 1, 12, basis)[0]
        return (goal - so_far) / (before - self.base(year, done, basis)) - 1.0

    def history(self, done: int, before: int) -> pd.Series[float]:
        """Year -> comparable growth of the months after the first ``done``, of every year in print."""
        years = sorted(set(self.table["year"])) if len(self.table) else []
        grown = {y: self._grown(y, done) for y in years if y < before}
        return pd.Series(grown, dtype=np.float64).dropna()

    def _grown(self, year: int, done: int) -> float:
        """Comparable growth of the last months of a year: as printed for a whole year, else by differences on one basis."""
        rows = self._rows(GROWTH, year, 12)
        if done == 0 and len(rows):
            return float(rows["value"].iloc[-1])
        found = np.nan
        for basis in dict.fromkeys(self._rows(LEVEL, year, 12)["basis"]):
            total, so_far = self.level(year, 12, basis)[0], self.level(year, done, basis)[0]
            then = self.base(year, done, basis) if done else 0.0
            growth = (total - so_far) / (self.base(year, 12, basis) - then) - 1.0
            found = growth if not np.isnan(growth) else found
        return found


def _table(growth: dict[str, xr.DataArray]) -> xr.Dataset:
    """Quantiles over samples of growth needed and growth reached."""
    words = {"required": "growth needed in the months left", "forecast": "growth of the paths in the months left"}
    return xr.Dataset({
        name: value.quantile(list(_QUANTILES.values()), dim=SAMPLE).transpose("scenario", "quantile")
        .assign_attrs(units=UNIT_RATIO, long_name=f"{words[name]}, against the same months of the year before")
        for name, value in growth.items()
    })  # fmt: skip
