"""Input paths of drivers: what was paid and what was announced, in one piece, and what a programme would be if it went on.

Floor F3 (drivers). It reads tables and specifications; it must never know a region's name, nor see what is forecast.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayu_forecast.errors import SchemaError
from bayu_forecast.schema.names import USE_YES
from bayu_forecast.specs import DriverSpec

#: months over which the rate of a programme is averaged when it is asked how it would go on
RATE_MONTHS = 12
#: a programme whose last stated month is older than this has ended
RUNNING_MONTHS = 1
HOLD, MONEY, ALL = "hold", "money", "all"
NEEDED = ("driver", "month", "value", "announced", "use")


def input_paths(rows: pd.DataFrame, specs: Sequence[DriverSpec], months: pd.DatetimeIndex, as_of: str | pd.Timestamp, *,
                shown: bool = False) -> pd.DataFrame:  # fmt: skip
    """Return the input of every driver by month: history and what was announced of the future, in one piece.

    Programmes of one driver add up. A month of which nothing is stated has the driver's default; after its last stated
    month a driver falls back to the default or holds its value, as its specification says.

    Parameters
    ----------
    rows : DataFrame
        Inputs of one region, as in ``known.drivers``: one row a driver, programme and month.
    specs : sequence of DriverSpec
        The drivers, in the order of the columns.
    months : DatetimeIndex
        First days of consecutive months.
    as_of : str or Timestamp
        Rows announced later are refused.
    shown : bool
        Also count rows that are shown and not modelled.

    Returns
    -------
    DataFrame (month, driver)
        In the unit of each driver.

    Raises
    ------
    SchemaError
        When a column is missing, the rows speak of several regions, were announced later, or name a driver without specification.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> known = load_region("chongqing").as_of("2025-01-31")
    >>> own = known.drivers[known.drivers.region == known.name]
    >>> months = pd.date_range("2024-11", "2025-02", freq="MS")
    >>> input_paths(own, known.driver_specs, months, known.as_of)["trade_in"].tolist()
    [7.28, 7.28, 6.561, 6.561]
    """
    _check(rows, specs, pd.Timestamp(as_of))
    used = rows if shown else rows[rows["use"].eq(USE_YES)]
    stated = used.pivot_table(index="month", columns="driver", values="value", aggfunc="sum")
    columns = {spec.id: _path(stated.get(spec.id), spec, months) for spec in specs}
    return pd.DataFrame(columns, index=pd.DatetimeIndex(months, name="month")).rename_axis(columns="driver")


def _path(stated: pd.Series | None, spec: DriverSpec, months: pd.DatetimeIndex) -> np.ndarray:
    """One driver's column."""
    known = pd.Series(dtype=float) if stated is None else stated.dropna()
    column = known.reindex(months).fillna(spec.default)
    if spec.after == HOLD and len(known):
        column[months > known.index[-1]] = known.iloc[-1]
    return column.to_numpy(dtype=np.float64)


def rows_for(rows: pd.DataFrame, region: str, leans_on: str, specs: Sequence[DriverSpec], *, share: float = 0.0) -> pd.DataFrame:
    """Return the inputs that act on a region: its own, and of drivers without own rows those of the region it leans on.

    A status of the nation, such as a tax, holds in every region as it is. Money of the nation is counted by ``share``.

    Parameters
    ----------
    rows : DataFrame
        ``known.drivers``.
    region, leans_on : str
        The region, and the one it leans on (empty for none).
    specs : sequence of DriverSpec
        Only drivers of scope ``all`` are taken over.
    share : float
        The region's part of money stated for the other one, such as its part of retail sales: the intensity is then the
        same. Zero leaves such money out.

    Returns
    -------
    DataFrame
        Rows of one region, for :func:`input_paths`.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> known = load_region("sichuan").as_of("2025-01-31")
    >>> own = rows_for(known.drivers, known.name, "china", known.driver_specs, share=0.05)
    >>> own[own.driver == "trade_in"].value.iloc[-1].round(2), sorted(set(own.driver))
    (np.float64(13.5), ['nev_purchase_tax', 'purchase_tax', 'trade_in'])
    """
    own = rows[rows["region"].eq(region)]
    money = {s.id for s in specs if s.kind == MONEY}
    shared = {s.id for s in specs if s.scope == ALL} - set(own["driver"])
    taken = rows[rows["region"].eq(leans_on) & rows["driver"].isin(shared if share > 0.0 else shared - money)]
    scale = np.where(taken["driver"].isin(money), share, 1.0)
    taken = taken.assign(region=region, value=taken["value"] * scale, half_width=taken["half_width"] * scale)
    return pd.concat([f for f in (own, taken) if len(f)] or [own], ignore_index=True)


def announced_end(rows: pd.DataFrame, spec: DriverSpec, as_of: str | pd.Timestamp) -> pd.Timestamp | None:
    """Return the last month for which a programme that runs at the date has money or a status.

    Parameters
    ----------
    rows : DataFrame
        Inputs of one region.
    spec : DriverSpec
        The driver.
    as_of : str or Timestamp
        The date.

    Returns
    -------
    Timestamp or None
        None where nothing runs: no row, or the last one lies before the month before the date.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> known = load_region("chongqing").as_of("2025-01-31")
    >>> own, spec = known.drivers[known.drivers.region == known.name], known.driver_specs[0]
    >>> spec.id, announced_end(own, spec, known.as_of)
    ('trade_in', Timestamp('2025-12-01 00:00:00'))
    """
    running = rows[rows["driver"].eq(spec.id) & rows["use"].eq(USE_YES) & rows["value"].ne(spec.default)]
    if running.empty:
        return None
    last = pd.Timestamp(running["month"].max())
    oldest = pd.Timestamp(as_of).to_period("M") - RUNNING_MONTHS
    return last if last.to_period("M") >= oldest else None


def continuation(rows: pd.DataFrame, specs: Sequence[DriverSpec], months: pd.DatetimeIndex, as_of: str | pd.Timestamp) -> pd.DataFrame:
    """Return what a running programme would add to :func:`input_paths` if it went on after its announced end.

    It would go on at the mean of its last twelve stated months. Nobody announced it: it happens with the specification's
    ``continuation_probability``, so the expected input is ``input_paths + continuation_probability * continuation``.

    Parameters
    ----------
    rows, specs, months, as_of
        As in :func:`input_paths`.

    Returns
    -------
    DataFrame (month, driver)
        Zero until the announced end, and for drivers that do not run at the date or cannot go on.

    Raises
    ------
    SchemaError
        As in :func:`input_paths`.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> known = load_region("chongqing").as_of("2025-01-31")
    >>> own = known.drivers[known.drivers.region == known.name]
    >>> months = pd.date_range("2025-11", "2026-02", freq="MS")
    >>> continuation(own, known.driver_specs, months, known.as_of)["trade_in"].tolist()
    [0.0, 0.0, 6.561, 6.561]
    """
    _check(rows, specs, pd.Timestamp(as_of))
    zero = np.zeros(len(months))
    columns = {}
    for spec in specs:
        end = announced_end(rows, spec, as_of) if spec.continuation_probability > 0.0 else None
        rate = 0.0 if end is None else _rate(rows, spec, end)
        columns[spec.id] = zero if end is None else np.where(months > end, rate, 0.0)
    return pd.DataFrame(columns, index=pd.DatetimeIndex(months, name="month")).rename_axis(columns="driver")


def _rate(rows: pd.DataFrame, spec: DriverSpec, end: pd.Timestamp) -> float:
    """Mean of the last twelve months until the end that were stated."""
    own = rows[rows["driver"].eq(spec.id) & rows["use"].eq(USE_YES) & rows["month"].le(end)]
    return float(own.groupby("month")["value"].sum().iloc[-RATE_MONTHS:].mean())


def _check(rows: pd.DataFrame, specs: Sequence[DriverSpec], as_of: pd.Timestamp) -> None:
    """Refuse rows that are not one region's inputs known by the date."""
    missing = [c for c in NEEDED if c not in rows]
    if missing:
        raise SchemaError(f"driver inputs lack {missing}; pass known.drivers", names=missing, expected=NEEDED)
    regions = sorted(set(rows["region"])) if "region" in rows else []
    if len(regions) > 1:
        raise SchemaError(f"driver inputs of several regions {regions}: choose one, their money does not add up", names=regions)
    late = rows[rows["announced"].gt(as_of)]
    if len(late):
        first = late.iloc[0]
        raise SchemaError(f"driver inputs announced after {as_of:%Y-%m-%d}: {first['driver']} of {first['month']:%Y-%m} on "
                          f"{first['announced']:%Y-%m-%d}; pass known.drivers of that date", rows=list(late.index))
    odd = sorted(set(rows["driver"]) - {s.id for s in specs})
    if odd:
        raise SchemaError(f"drivers without a specification: {odd}; add them to driver_specs.csv", names=odd)
