"""From the growth of series that a programme pays for and of others to a reading of what its money did, as known at a date.

Floor F3 (drivers). It reads tables of prints and of contrasts; it must never know a series by name, nor import data.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from bayu_forecast.drivers.evidence import Estimate, Panel, estimate, growth_panel, placebos
from bayu_forecast.drivers.reading import Reading, kept_shares, reading
from bayu_forecast.errors import SchemaError
from bayu_forecast.schema.names import LEVEL
from bayu_forecast.specs import DriverSpec

#: months of growth before those that are read, so that January and February follow from the quarter
LEAD = pd.DateOffset(months=5)
NEEDED = ("series", "paid_from", "base_year", "first_month")


class Contrast(NamedTuple):
    """Growth of all series in common months, first month of money by series paid for, their sales in the base year, all sales."""

    panel: Panel
    starts: dict[str, pd.Timestamp]
    sales: pd.Series
    total: float


def contrast_of(prints: pd.DataFrame, listed: pd.DataFrame, *, total: str) -> Contrast | None:
    """Return the contrast that the prints known at a date allow; None before any month of money has been printed.

    Parameters
    ----------
    prints : DataFrame
        Of one region: ``series``, ``measure``, ``period_start``, ``period_end``, ``value``, ``release_date``.
    listed : DataFrame
        Series of one programme, as in ``known.contrasts``; ``paid_from`` is empty for the comparison.
    total : str
        Series of all sales.

    Returns
    -------
    Contrast or None
        Series whose money has not begun in the months printed are left out.

    Raises
    ------
    SchemaError
        When a column is missing, or levels of the base year are.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> known = load_region("china").as_of("2024-07-31")
    >>> contrast_of(known.data_log(), known.contrasts, total="retail_total") is None
    True
    """
    missing = [c for c in NEEDED if c not in listed]
    if missing:
        raise SchemaError(f"the table of contrasts lacks {missing}; pass known.contrasts", names=missing, expected=NEEDED)
    since = listed["first_month"].max()
    rows = prints[prints["series"].isin(listed["series"]) & prints["period_start"].ge(since - LEAD)]
    if not set(listed["series"]) <= set(rows["series"]):
        return None
    whole = growth_panel(rows)
    growth = whole.growth[whole.growth.index >= since]
    paid = listed[listed["paid_from"].notna()].set_index("series")["paid_from"]
    starts = {str(s): pd.Timestamp(d) for s, d in paid.items() if len(growth) and d <= growth.index[-1]}
    if not starts:
        return None
    panel = Panel(growth.drop(columns=[s for s in paid.index if s not in starts]), whole.released.loc[growth.index])
    sales = _year(prints, [*starts, total], int(listed["base_year"].max()))
    return Contrast(panel, starts, sales[list(starts)], float(sales[total]))


def _year(prints: pd.DataFrame, names: list[str], year: int) -> pd.Series:
    """Levels of a whole year, the last word by the date."""
    whole = prints[prints["measure"].eq(LEVEL) & prints["period_start"].eq(f"{year}-01-01") & prints["period_end"].eq(f"{year}-12-31")]
    last = whole.sort_values("release_date").groupby("series")["value"].last().reindex(names)
    if last.isna().any():
        odd = list(last.index[last.isna()])
        raise SchemaError(f"no level of {year} of {odd}: a contrast needs it for shares; correct base_year in contrasts.csv", names=odd)
    return last


def by_sales(contrast: Contrast) -> Estimate:
    """Return the estimate weighted by the sales of the base year.

    Parameters
    ----------
    contrast : Contrast
        From :func:`contrast_of`.

    Returns
    -------
    Estimate
    """
    return estimate(contrast.panel, contrast.starts, {str(s): float(v) for s, v in contrast.sales.items()})


def read_contrast(contrast: Contrast, spec: DriverSpec, money: pd.Series) -> Reading:
    """Return what the contrast says of a driver's coefficient: yuan for a yuan, launches that never were bounding its error.

    Parameters
    ----------
    contrast : Contrast
        From :func:`contrast_of`.
    spec : DriverSpec
        Its shapes say how much of a coefficient is left by the last month.
    money : Series (month)
        Paid a month (1e8 CNY), as known at the date, from the launch on.

    Returns
    -------
    Reading

    Raises
    ------
    ValueRangeError
        When no money was paid in the window.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> known = load_region("china").as_of("2025-01-31")
    >>> seen = contrast_of(known.data_log(), known.contrasts, total="retail_total")
    >>> money = pd.Series(300.0, index=pd.date_range("2024-08", periods=5, freq="MS"))
    >>> read = read_contrast(seen, known.driver_specs[0], money)
    >>> round(read.value, 2), round(read.standard_error, 2), f"{read.published:%Y-%m-%d}"
    (1.73, 1.59, '2025-01-17')
    """
    done = by_sales(contrast)
    never = placebos(contrast.panel, contrast.starts, {str(s): float(v) for s, v in done.weights.items()})
    share = float(contrast.sales.sum()) / contrast.total
    kept = kept_shares(spec, money, done.months.index[-1])
    return reading(done, money, share, monthly_sales=contrast.total / 12.0, kept=kept, never=never)
