"""Read an export of one's own, see what is refused, and do the arithmetic that growth on a comparable basis needs.

Run: python examples/own_figures.py
"""

import datetime as dt
from pathlib import Path

import bayu_forecast as bf

# the wide table that the bureau's database exports, here with a few national figures of 2024
export = Path("export.csv")
lines = [
    "指标,2024年4月,2024年3月,2024年2月",
    "社会消费品零售总额_当期值(亿元),35699,39020,",
    "社会消费品零售总额_累计值(亿元),156026,120327,81307",
    "数据来源：国家统计局,,,",
]
export.write_text("\n".join(lines), encoding="gb18030")

table = bf.read_nbs(export, region="china", basis="cn10", today=dt.date(2024, 6, 1))
print(table[["series", "measure", "period_start", "period_end", "value", "basis"]].to_string(index=False))

# the same table with a month in the wrong unit is refused as a whole, with the row and the next step
export.write_text("\n".join(lines).replace("39020", "390200000"), encoding="gb18030")
try:
    bf.read_nbs(export, region="china", basis="cn10", today=dt.date(2024, 6, 1))
except bf.errors.DataError as error:
    print(f"\nrefused: {error}")

# growth is chained, never read off levels of two bases; the base of last year follows from this year's parts
print("\nchained:", bf.chain_growth(15130.0, [0.036, 0.031]).round(1))
base = bf.implied_base(16688.50, [(2470.34, 0.046, 0.0005), (float("nan"), 0.028, 0.001)], 0.005)
print(f"implied base of the year before: {base.base:,.1f} ± {base.base_half_width:.0f}")
print(f"growth on it: {base.growth:.2%} ± {base.growth_half_width:.2%}")
export.unlink()
