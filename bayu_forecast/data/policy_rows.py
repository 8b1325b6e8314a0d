"""Rows about a policy: responsibilities joined with their actions and with the drivers that each lever moves.

Floor F3 (data). It joins stated facts; it must never know what a lever achieves.
"""

from __future__ import annotations

import pandas as pd

COLUMNS = ["region", "id", "kind", "number", "action", "action_zh", "action_en", "title_zh", "title_en", "departments", "others",
           "drivers", "evidence_grade", "indicator", "status", "issued", "source"]
SEPARATOR = ";"


def responsibilities(policy: pd.DataFrame, actions: pd.DataFrame, levers: pd.DataFrame) -> pd.DataFrame:
    """One row a measure or safeguard: departments as a tuple, drivers as a mapping of name to weight."""
    names = actions.rename(columns={"id": "action", "title_zh": "action_zh", "title_en": "action_en"})
    names = names[["region", "action", "action_zh", "action_en"]]
    frame = policy.merge(names, on=["region", "action"], how="left").fillna({"action_zh": "", "action_en": ""})
    moved: dict[tuple[str, str], dict[str, float]] = {}
    for row in levers.itertuples(index=False):
        moved.setdefault((str(row.region), str(row.lever)), {})[str(row.driver)] = float(str(row.weight))
    frame["drivers"] = pd.Series([moved.get(key, {}) for key in zip(frame["region"], frame["id"], strict=True)], dtype=object)
    frame["departments"] = pd.Series([tuple(d.split(SEPARATOR)) for d in frame["departments"]], dtype=object)
    return frame.sort_values(["region", "number"], kind="stable").reset_index(drop=True)[COLUMNS]
