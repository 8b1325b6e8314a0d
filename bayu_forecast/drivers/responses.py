"""What an input does to sales, for a coefficient of one: carry-over, saturation, payback, and what is still to be repaid.

Floor F3 (drivers). Specifications and arrays in, log points out; it must never know how large the coefficient came out.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from bayu_forecast._numeric.inputs import tanh_saturation
from bayu_forecast._numeric.kernels import geometric, policy_kernel, respond
from bayu_forecast._numeric.kernels import unpaid_stock as unpaid
from bayu_forecast.errors import ValueRangeError
from bayu_forecast.specs import DriverShape, DriverSpec

Floats = NDArray[np.float64]
MONEY, GROWTH = "money", "growth"
#: the tail of a carry-over that is left out
TAIL = 0.01
MONTHS_A_YEAR = 12.0


def carry_over(theta: float) -> Floats:
    """Return geometric carry-over by lag, cut where one per cent is left.

    Parameters
    ----------
    theta : float
        Share that stays from month to month, in [0, 1).

    Returns
    -------
    array (lags,)
        Sums to one.

    Examples
    --------
    >>> print(carry_over(0.0), carry_over(0.1).round(3))
    [1.] [0.901 0.09  0.009]
    """
    return geometric(theta, 0 if theta == 0.0 else math.ceil(math.log(TAIL) / math.log(theta)))


def intensity(spec: DriverSpec, inputs: ArrayLike, baseline_sales: ArrayLike) -> Floats:
    """Return an input on the scale of the response: money as a share of a month's sales, growth a month, others as they are.

    Parameters
    ----------
    spec : DriverSpec
        The driver.
    inputs : array_like (..., months)
        In the unit of the driver.
    baseline_sales : array_like, broadcasts with the inputs
        Sales of a month (1e8 CNY) without the driver: the last annual total known, over twelve.

    Returns
    -------
    array (..., months)

    Raises
    ------
    ValueRangeError
        When the sales of a month are not positive, for money, or an input is not finite.
    """
    x = np.asarray(inputs, dtype=np.float64)
    if not np.all(np.isfinite(x)):
        raise ValueRangeError(f"inputs of driver {spec.id!r} are not all numbers: state every month", names=[spec.id])
    if spec.kind == GROWTH:
        return x / MONTHS_A_YEAR
    if spec.kind != MONEY:
        return x
    sales = np.asarray(baseline_sales, dtype=np.float64)
    if not np.all(sales > 0.0):
        raise ValueRangeError(f"driver {spec.id!r} is money: the sales of a month that it is measured by must be positive", names=[spec.id])
    return np.asarray(x / sales)


def ceiling(spec: DriverSpec, history: ArrayLike, baseline_sales: ArrayLike) -> float:
    """Return the ceiling of the saturated input: a multiple of the largest of history, or the specification's where there is none.

    Compute it once, from the inputs that a model is fitted on, and pass it to every call: scenarios share the shape.

    Parameters
    ----------
    spec : DriverSpec
        The driver.
    history : array_like (months,)
        Inputs known at the date.
    baseline_sales : array_like
        As in :func:`intensity`.

    Returns
    -------
    float
        Infinite for a driver that does not saturate.
    """
    if math.isinf(spec.kappa):
        return math.inf
    largest = float(np.max(np.abs(intensity(spec, history, baseline_sales)), initial=0.0))
    return spec.kappa_multiple * largest if largest > 0.0 else spec.kappa


def responses(spec: DriverSpec, inputs: ArrayLike, shape: DriverShape, baseline_sales: ArrayLike, *, kappa: float | None = None,
              moved: ArrayLike = 0.0) -> Floats:  # fmt: skip
    r"""Return the log response of sales to inputs for a coefficient of one.

    :math:`f = k * g(w)` with :math:`k = a - \rho (a * p)`, :math:`g(w) = \kappa \tanh(w / \kappa)`. Growth is cumulated:
    a higher level stays. Pass history and future in one piece; multiply by the coefficient.

    Parameters
    ----------
    spec : DriverSpec
        The driver: kind, carry-over.
    inputs : array_like (..., months)
        Consecutive months, in the unit of the driver.
    shape : DriverShape
        Share borrowed and months to repay.
    baseline_sales : array_like, broadcasts with the inputs
        Sales of a month (1e8 CNY); read for money only.
    kappa : float, optional
        Ceiling from :func:`ceiling`; the specification's by default.
    moved : array_like, broadcasts with the inputs
        Input that announcements move between months, from :func:`~bayu_forecast.drivers.anticipated`. It does not saturate, so what
        leaves one month arrives in another.

    Returns
    -------
    array (..., months)
        Log points for one unit of the coefficient.

    Raises
    ------
    ValueRangeError
        When an input is not finite or sales are not positive.

    References
    ----------
    Jin, Wang, Sun, Chan and Koehler (2017), Bayesian methods for media mix modeling with carryover and shape effects.

    Examples
    --------
    >>> import datetime as dt
    >>> shapes = tuple(DriverShape(label=s, rho=0.5, horizon=2) for s in ("low", "middle", "high"))
    >>> spec = DriverSpec(id="d", zh="", en="d", kind="money", unit="1e8 CNY", nature="planned", scope="own", theta=0.0, shapes=shapes,
    ...                   family="lognormal", parameters=(2.0, 0.5), published=dt.date(2019, 12, 31), reading="r", indicator="i")
    >>> print(responses(spec, [9.0, 0.0, 0.0], shapes[0], 1000.0).round(4))
    [ 0.009  -0.003  -0.0015]
    """
    w = tanh_saturation(intensity(spec, inputs, baseline_sales), spec.kappa if kappa is None else kappa)
    w = w + intensity(spec, moved, baseline_sales)
    response = respond(w, policy_kernel(carry_over(spec.theta), shape.rho, shape.horizon))
    return np.cumsum(response, axis=-1) if spec.kind == GROWTH else response


def unpaid_stock(spec: DriverSpec, inputs: pd.Series, shape: DriverShape, at: str | pd.Timestamp, multiplier: ArrayLike,
                 baseline_sales: float, *, kappa: float | None = None) -> Floats:  # fmt: skip
    r"""Return sales borrowed from the future by a date and not yet repaid: a burden on the months after it.

    :math:`B_T = \rho \sum_s E_{T-s} (1 - \sum_{j \le s} p_j)`, with :math:`E` the sales that the money induced.

    Parameters
    ----------
    spec : DriverSpec
        A money driver.
    inputs : Series (month)
        1e8 CNY a month, from the first month of the programme.
    shape : DriverShape
        Share borrowed and months to repay.
    at : str or Timestamp
        Months that end after this date are not counted.
    multiplier : array_like
        Sales induced by one yuan: one number, or one a sample.
    baseline_sales : float
        Sales of a month (1e8 CNY).
    kappa : float, optional
        As in :func:`responses`.

    Returns
    -------
    array, shape of ``multiplier``
        1e8 CNY.

    Raises
    ------
    ValueRangeError
        When the driver is not money.

    Examples
    --------
    >>> import datetime as dt
    >>> shapes = tuple(DriverShape(label=s, rho=0.6, horizon=3) for s in ("low", "middle", "high"))
    >>> spec = DriverSpec(id="d", zh="", en="d", kind="money", unit="1e8 CNY", nature="planned", scope="own", theta=0.0, shapes=shapes,
    ...                   family="lognormal", parameters=(2.0, 0.5), published=dt.date(2019, 12, 31), reading="r", indicator="i")
    >>> paid = pd.Series([10.0, 0.0, 0.0], index=pd.date_range("2025-01", periods=3, freq="MS"))
    >>> print(unpaid_stock(spec, paid, shapes[1], "2025-02-28", [1.0, 2.0], 1000.0).round(6))
    [3. 6.]
    """
    if spec.kind != MONEY:
        raise ValueRangeError(f"driver {spec.id!r} is {spec.kind}, not money: what it borrows has no stock in yuan", names=[spec.id])
    ended = inputs[pd.DatetimeIndex(inputs.index) + pd.offsets.MonthEnd(0) <= pd.Timestamp(at)]
    m = np.asarray(multiplier, dtype=np.float64)
    if shape.rho == 0.0 or ended.empty:
        return np.zeros_like(m)
    w = tanh_saturation(intensity(spec, ended, baseline_sales), spec.kappa if kappa is None else kappa)
    sales = baseline_sales * respond(w, carry_over(spec.theta))
    return np.asarray(m * unpaid(sales, shape.rho, shape.horizon)[-1])
