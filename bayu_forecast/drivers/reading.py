"""From an effect on categories to evidence on a coefficient: yuan of sales for a yuan paid, dated, combined with a prior.

Floor F3 (drivers). Numbers in, numbers out; it must never hide how little an effect says, nor import data.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from bayu_forecast._numeric.kernels import policy_kernel, respond
from bayu_forecast.drivers.evidence import Estimate
from bayu_forecast.drivers.responses import carry_over
from bayu_forecast.errors import SpecificationError, ValueRangeError
from bayu_forecast.specs import SHAPE_WEIGHTS, DriverSpec

#: the coefficient is integrated over this many prior standard deviations of its log, at this many points
REACH, POINTS = 8.0, 4001


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Sales that a yuan paid brought inside a window, payback inside it included: evidence on a coefficient.

    Attributes
    ----------
    value, standard_error : float
        Yuan for a yuan, net of what was repaid inside the window. Not a coefficient: that is gross.
    kept : tuple of float
        Share of a coefficient that is left inside the window under each shape (low, middle, high payback).
    published : Timestamp
        Since when it could be held.
    """

    value: float
    standard_error: float
    kept: tuple[float, ...]
    published: pd.Timestamp


def reading(estimate: Estimate, money: pd.Series, sales_share: float, *, monthly_sales: float,
            kept: tuple[float, ...] = (1.0, 1.0, 1.0), never: pd.Series | None = None) -> Reading:  # fmt: skip
    r"""Return yuan of sales for a yuan paid: :math:`\hat\delta\, s\, x / \sum_t w_t`.

    Launches that never were bound the error from below: their root mean square, as if it held in every month of the window.

    Parameters
    ----------
    estimate : Estimate
        Weighted by the sales of its categories.
    money : Series (month)
        Paid a month (1e8 CNY), as known at the date; months from the estimate's first to its last count.
    sales_share : float
        Share of the categories, as far as they are observed, in all retail sales before the programme.
    monthly_sales : float
        All retail sales of a month before it (1e8 CNY).
    kept : tuple of float
        From :func:`kept_shares`.
    never : Series, optional
        From :func:`~bayu_forecast.drivers.evidence.placebos` with the same weights; its last entry, the true launch, is left out.

    Returns
    -------
    Reading

    Raises
    ------
    ValueRangeError
        When no money was paid in the window, or a share leaves (0, 1].

    Examples
    --------
    >>> from bayu_forecast.drivers.evidence import Panel, estimate
    >>> months = pd.date_range("2022-03", periods=20, freq="MS")
    >>> growth = pd.DataFrame(0.05, index=months, columns=list("abcde")).assign(a=np.where(np.arange(20) < 15, 0.05, 0.25))
    >>> done = estimate(Panel(growth, pd.Series(months, index=months)), {"a": months[15]})
    >>> round(reading(done, pd.Series(10.0, index=months), 0.1, monthly_sales=1000.0).value, 6)
    2.0
    """
    first, last = estimate.months.index[[0, -1]]
    # the cell of January-February is dated February: its window opens in January
    first = first - pd.DateOffset(months=1) if first.month == 2 else first
    paid = float(money[(money.index >= first) & (money.index <= last)].sum())
    if not (paid > 0.0 and 0.0 < sales_share <= 1.0 and monthly_sales > 0.0):
        raise ValueRangeError(f"a reading needs money paid from {first:%Y-%m} to {last:%Y-%m}, a share in (0, 1] and positive sales; got "
                              f"{paid:g}, {sales_share:g}, {monthly_sales:g}", got=[paid, sales_share, monthly_sales])
    scale = sales_share * monthly_sales / paid
    least = 0.0 if never is None else float(np.sqrt(np.mean(never.to_numpy()[:-1] ** 2)) * estimate.months.sum())
    error = max(estimate.standard_error, least)
    return Reading(value=estimate.net * scale, standard_error=error * scale, kept=kept, published=estimate.published)


def kept_shares(spec: DriverSpec, money: pd.Series, last: pd.Timestamp) -> tuple[float, ...]:
    """Return the share of a coefficient that has not been repaid inside a window, under each shape.

    Parameters
    ----------
    spec : DriverSpec
        Its carry-over and shapes.
    money : Series (month)
        Consecutive months from the launch on (1e8 CNY).
    last : Timestamp
        Last month of the window.

    Returns
    -------
    tuple of float
        Low, middle and high payback.

    Raises
    ------
    ValueRangeError
        When no money was paid until then.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> spec = load_region("china").as_of("2025-01-31").driver_specs[0]
    >>> money = pd.Series(300.0, index=pd.date_range("2024-08", periods=12, freq="MS"))
    >>> [round(k, 2) for k in kept_shares(spec, money, money.index[-1])]
    [0.82, 0.64, 0.38]
    """
    paid = money[money.index <= last].to_numpy(dtype=np.float64)
    if not paid.sum() > 0.0:
        raise ValueRangeError(f"driver {spec.id!r}: no money until {last:%Y-%m}, nothing to keep", names=[spec.id])
    kernels = [policy_kernel(carry_over(spec.theta), s.rho, s.horizon) for s in spec.shapes]
    return tuple(float(respond(paid, kernel).sum() / paid.sum()) for kernel in kernels)


def combine(spec: DriverSpec, evidence: Reading, *, text: str = "") -> DriverSpec:
    r"""Return a driver whose lognormal prior has been combined with a reading.

    The prior is normal in logs and the reading normal in yuan, :math:`\hat v \sim N(m\, \text{kept}_g, s^2)` under shape
    :math:`g`; the product, averaged over the shapes, is integrated and its log's mean and standard deviation kept. A precise
    reading is weighted by precision on the log scale; one that may be negative needs no logarithm. The likelihood is raised to the
    power ``own_data`` of the driver: less than one where its prior rests partly on the same months (Ibrahim and Chen 2000).

    Parameters
    ----------
    spec : DriverSpec
        With a lognormal prior.
    evidence : Reading
        Of the same coefficient.
    text : str
        Appended to the driver's reading.

    Returns
    -------
    DriverSpec
        ``published`` is the later of the two dates.

    Raises
    ------
    SpecificationError
        When the prior is not lognormal.

    Examples
    --------
    >>> from bayu_forecast.data import load_region
    >>> spec = load_region("china").as_of("2026-10-31").driver_specs[0]
    >>> near = Reading(value=2.6, standard_error=0.026, kept=(1.0, 1.0, 1.0), published=pd.Timestamp("2026-06-16"))
    >>> [round(p, 2) for p in combine(spec, near).parameters]
    [2.6, 0.01]
    """
    if spec.family != "lognormal":
        raise SpecificationError(f"driver {spec.id!r}: a reading in yuan needs a lognormal prior, not {spec.family}", names=[spec.id])
    median, sd = spec.parameters
    z = np.linspace(-REACH, REACH, POINTS)
    log_m = np.log(median) + sd * z
    kept = np.asarray(evidence.kept)[:, None]
    error = (evidence.value - kept * np.exp(log_m)) / evidence.standard_error
    log_weight = -0.5 * (z**2 + spec.own_data * error**2) + np.log(list(SHAPE_WEIGHTS.values()))[:, None]
    weight = np.exp(log_weight - log_weight.max()).sum(axis=0)
    weight = weight / weight.sum()
    mean = float(weight @ log_m)
    spread = float(np.sqrt(weight @ (log_m - mean) ** 2))
    published = max(spec.published, evidence.published.date())
    return dataclasses.replace(spec, parameters=(float(np.exp(mean)), spread), published=published,
                               reading=f"{spec.reading} {text}".strip())  # fmt: skip
