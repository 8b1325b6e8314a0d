"""A policy as a table: one row a responsibility, with the levers that it moves.

Floor F3 (data). Facts and stated weights only; it must never know what a lever achieves.
"""

from __future__ import annotations

import pandas as pd

from bayu_forecast.data.archive import REGIONS, load_region
from bayu_forecast.errors import UnknownNameError


def policy_table(region: str | None = None) -> pd.DataFrame:
    """Return the responsibilities that a policy names: measures and safeguards, departments, levers, how each is watched.

    Parameters
    ----------
    region : str, optional
        A bundled region with a policy; may be left out while there is only one.

    Returns
    -------
    DataFrame
        One row a responsibility in the order of the document: ``region``, ``id`` (the lever's name), ``kind`` (measure or safeguard),
        ``number``, ``action``, ``action_zh``, ``action_en``, ``title_zh``, ``title_en``, ``departments`` (tuple, in the document's
        order), ``others`` (yes where the document leaves the list open), ``drivers`` (mapping of driver to weight),
        ``evidence_grade`` (A studied here, B studied elsewhere, C prior only), ``indicator``, ``status``, ``issued``, ``source``.

    Raises
    ------
    UnknownNameError
        When there is no such region, it has no policy, or several have one and none was named.

    Examples
    --------
    >>> table = policy_table()
    >>> table["kind"].value_counts().to_dict()
    {'measure': 23, 'safeguard': 7}
    >>> table.set_index("id").loc["A3M09", "drivers"]
    {'trade_in': 0.1}
    """
    have = sorted(p.parent.name for p in REGIONS.glob("*/policy.csv"))
    if region is None and len(have) != 1:
        raise UnknownNameError(f"name the region whose policy is meant: {', '.join(have)}", expected=have)
    known = load_region(have[0] if region is None else region).latest()
    if known.policy.empty:
        raise UnknownNameError(f"{region!r} has no policy, only {', '.join(have)}; see docs/policy.md", names=[region], expected=have)
    return known.policy
