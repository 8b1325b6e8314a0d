"""A target of one's own for another province: a region is a folder of data, a target is a line.

Run: python examples/another_province.py
"""

import datetime as dt

import bayu_forecast as bf

known = bf.load_region("sichuan").as_of("2026-09-17")
prints = known.observations("retail_total")
levels = prints.to_dataframe().query("region == 'sichuan' and measure == 'level'")
own = levels.sort_values(["period_end", "basis_rank"]).iloc[-1]
print(f"Last print: {own.value:,.1f} (1e8 CNY) for {own.period_end:%Y}, basis {own.basis}, out by {own.release_date:%Y-%m-%d}")

goal = round(1.2 * own.value, -2)
target = bf.Target(
    id="my_goal_2030",
    region="sichuan",
    expression=f"sum(retail_total, 2030) >= {goal:.0f}",
    value=goal,
    unit="1e8 CNY",
    op=">=",
    period=2030,
    issued=dt.date(2026, 9, 17),
    definition="total retail sales of consumer goods of the year",
    basis="known",
    source="an example of one's own",
)

model = bf.StructuralForecaster().fit(prints, bf.design(known))
paths = bf.simulate(model, known, horizon="2030-12", samples=4000, rng=7)
one = bf.assess(paths, target).isel(scenario=0, target=0)
print(f"P({target.expression}) = {float(one.probability):.0%} ± {float(one.monte_carlo_error):.1%}, on the basis known at the date")
print(f"10 %, median, 90 %: {float(one.q10):,.0f}, {float(one.q50):,.0f}, {float(one.q90):,.0f}")
print(f"required a year from the last print: {float(one.required_growth):.1%}")

ax = bf.plot_fan(paths)
ax.axhline(goal, linestyle="--")
ax.figure.savefig("another_province.png")
