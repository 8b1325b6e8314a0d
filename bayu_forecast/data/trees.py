"""Bundled trees: which published series and regions add up to which, one row a link.

Floor F3 (data). It states links; it must never know a forecast.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayu_forecast.data.snapshot import unknown_name

TREES = Path(__file__).with_name("trees")


def load_tree(name: str) -> pd.DataFrame:
    """Load a bundled tree as a table of links.

    Parameters
    ----------
    name : str
        ``regions`` (provinces to the nation), ``retail`` (goods and catering) or ``categories`` (of units above quota).

    Returns
    -------
    DataFrame
        ``parent``, ``child``, ``child_zh``, ``note``; the form that ``Hierarchy.from_table`` reads.

    Raises
    ------
    UnknownNameError
        When there is no such tree.

    Examples
    --------
    >>> len(load_tree("regions")), load_tree("retail")["child"].tolist()
    (31, ['retail_goods', 'retail_catering'])
    """
    known = sorted(path.stem for path in TREES.glob("*.csv"))
    if name not in known:
        raise unknown_name("tree", name, known)
    return pd.read_csv(TREES / f"{name}.csv", keep_default_na=False)
