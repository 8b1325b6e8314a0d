"""Charts: the data under the ink is right, no text is missing, clipped or in a font that is not there."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from synthetic import make_paths

import bayu_forecast as bf
from bayu_forecast.errors import SchemaError
from bayu_forecast.plotting import save_charts, style
from bayu_forecast.plotting.data import fan_data, latent_data, print_bars
from bayu_forecast.plotting.probability import jump_words, largest_jumps
from bayu_forecast.plotting.save import fan_figure, latent_figure, probability_figure
from bayu_forecast.report import Verdict

pytestmark = pytest.mark.usefixtures("kept_answers")


@pytest.fixture(scope="module")
def told(kept_answers: None) -> Verdict:
    return bf.verdict(dates=["2024-12-31", "2025-01-31"], horizon="2025-12", samples=300, jobs=1)


def new_axes() -> object:
    return Figure(figsize=(8, 5)).add_subplot()


def test_fan_is_the_quantiles_of_annual_sums() -> None:
    totals = np.arange(1.0, 12.0)[:, None] * np.array([1.0, 2.0, 4.0]) * 120.0
    paths = make_paths({"x": totals}, first_year=2024)
    ax = bf.plot_fan(paths, ax=new_axes())
    np.testing.assert_allclose(ax.lines[0].get_xdata(), [2024, 2025, 2026])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.quantile(totals, 0.5, axis=0))
    np.testing.assert_allclose(fan_data(paths)["q90"], np.quantile(totals, 0.9, axis=0))
    assert len(ax.collections) == 2
    monthly = bf.plot_fan(paths, frequency="month", ax=new_axes())
    np.testing.assert_allclose(monthly.lines[0].get_ydata(), np.repeat(np.quantile(totals, 0.5, axis=0) / 12, 12))


def test_fan_as_printed_carries_the_revision() -> None:
    paths = make_paths({"x": np.full((5, 2), 12.0)}, revision=np.log(1.5))
    np.testing.assert_allclose(fan_data(paths, printed=True)["median"], 1.5 * fan_data(paths)["median"])


def test_fan_takes_the_regions_own_series_first() -> None:
    paths = make_paths({"china:x": np.full((3, 1), 24.0), "x": np.full((3, 1), 12.0)})
    assert fan_data(paths)["median"].tolist() == [12.0]
    assert fan_data(paths, series="china:x")["median"].tolist() == [24.0]
    with pytest.raises(SchemaError, match="no scenario 'boom'"):
        fan_data(paths, scenario="boom")


def test_default_axes_come_from_the_callers_backend() -> None:
    from matplotlib import pyplot

    before = set(pyplot.get_fignums())
    ax = bf.plot_fan(make_paths({"x": np.full((3, 2), 12.0)}))
    assert len(set(pyplot.get_fignums()) - before) == 1
    pyplot.close(ax.figure)


def test_probability_over_time_draws_each_target(told: Verdict) -> None:
    ax = bf.plot_probability(told.probability, ax=new_axes())
    targets = sorted(told.probability["target"].unique())
    assert len(ax.lines) == len(targets)
    for line, target in zip(ax.lines, targets, strict=True):
        mine = told.probability[told.probability["target"] == target].sort_values("date")
        np.testing.assert_allclose(line.get_ydata(), 100 * mine["probability"])
    assert ax.get_ylim()[1] > 100


def test_jumps_are_the_largest_in_order_of_their_dates() -> None:
    changes = pd.DataFrame({
        "target": "t", "released": ["2022-01-01", "2022-02-01", "", "2022-03-01"], "prints": ["a", "b", "rest", "c"],
        "change": [0.05, -0.20, 0.9, 0.10], "after": [0.5, 0.3, np.nan, 0.4],
    })  # fmt: skip
    top = largest_jumps(changes, "t", 2)
    assert top["prints"].tolist() == ["b", "c"]
    assert jump_words(top) == ["1  2022-02-01  -20 points   b", "2  2022-03-01  +10 points   c"]


def test_prints_on_the_current_basis_lie_on_the_path(told: Verdict) -> None:
    """Whatever its basis, a level print brought to the current one is the path's mean over its months."""
    path, bars = latent_data(told.model)["level_median"], print_bars(told.model)
    levels = bars[bars["measure"] == "level"]
    assert len(levels) > 20
    means = [path[start:end].mean() for start, end in zip(levels["start"], levels["end"], strict=True)]
    np.testing.assert_allclose(levels["comparable"], means, rtol=0.02)
    old = levels[levels["basis_rank"] < levels["basis_rank"].max()]
    assert (abs(old["comparable"] / old["height"] - 1) > 0.02).any()


def test_every_print_is_drawn_on_request(told: Verdict) -> None:
    read, every = print_bars(told.model), print_bars(told.model, told.prints)
    assert len(every) > len(read)
    known = {tuple(row) for row in every[["start", "end", "value"]].to_numpy()}
    assert {tuple(row) for row in read[["start", "end", "value"]].to_numpy()} <= known


def test_growth_of_twelve_months_is_that_of_the_year(told: Verdict) -> None:
    table = latent_data(told.model)
    assert np.isnan(table["growth_median"].iloc[:23]).all()
    printed = told.prints[(told.prints["measure"] == "growth") & (told.prints["period_end"] == "2024-12-31")]["value"]
    assert table.loc["2024-12-01", "growth_median"] == pytest.approx(printed.iloc[-1], abs=0.01)


def test_files_without_a_warning(told: Verdict, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = save_charts(told, tmp_path)
    assert [p.name for p in made] == ["fan.png", "probability.png", "latent.png"]
    assert all(p.read_bytes().startswith(b"\x89PNG") and p.stat().st_size > 20_000 for p in made)


def test_same_tables_same_bytes(told: Verdict, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = (save_charts(told, tmp_path / name) for name in "ab")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


@functools.cache
def fan_of(region: str, date: str, horizon: str) -> Figure:
    told = bf.verdict(region, dates=[date], horizon=horizon, samples=300, jobs=1)
    return fan_figure(told, next(t for t in told.targets if t.unit == "1e8 CNY"))


@pytest.mark.parametrize(
    ("region", "date", "horizon"),
    [*(("chongqing", date, "2025-12") for date in ("2021-04-30", "2023-01-31", "2025-01-31")), ("china", "2026-08-31", "2030-12")],
)
def test_words_of_the_fan_meet_no_other_words_and_no_line(region: str, date: str, horizon: str) -> None:
    figure = fan_of(region, date, horizon)
    FigureCanvasAgg(figure).draw()
    ax, page = figure.axes[0], figure.bbox
    inside = ax.get_window_extent()
    beside = [t for t in ax.texts if t.get_text()]
    assert any(t.get_text().startswith("target for") for t in beside)
    boxes = [Text.get_window_extent(t) for t in beside]
    small_print = [t.get_window_extent() for t in figure.texts]
    legend = ax.get_legend().get_window_extent()
    for i, box in enumerate(boxes):
        assert box.x0 > inside.x1
        assert box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
        assert not [other for other in [*boxes[i + 1 :], legend, *small_print] if box.overlaps(other)]
    ticks = [t.get_window_extent() for t in ax.get_xticklabels() if t.get_text()]
    assert not [box for box in [inside, *ticks, *small_print] if legend.overlaps(box)]
    assert page.x0 <= legend.x0 < legend.x1 <= page.x1


def test_no_revision_is_drawn_where_none_is_due() -> None:
    last = ("2025-01-31", "2025-12"), ("2026-01-31", "2026-12")
    before, after = (" ".join(t.get_text().replace("\n", " ") for t in fan_of("chongqing", *at).axes[0].texts) for at in last)
    assert "2025 as printed, with the census revision to come" in before
    assert "2025 as printed:" in after
    assert "census revision" not in after


def test_legend_of_any_fan_lies_outside_its_axes() -> None:
    ax = bf.plot_fan(make_paths({"x": np.full((3, 2), 12.0)}), ax=new_axes())
    FigureCanvasAgg(ax.figure).draw()
    assert not ax.get_legend().get_window_extent().overlaps(ax.get_window_extent().padded(-1))


@pytest.mark.parametrize("name", ["fan", "probability", "latent"])
def test_no_text_leaves_the_page(told: Verdict, name: str) -> None:
    figure = {"fan": lambda: fan_figure(told, told.targets[0]), "probability": lambda: probability_figure(told),
              "latent": lambda: latent_figure(told)}[name]()  # fmt: skip
    FigureCanvasAgg(figure).draw()
    page = figure.bbox
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    # ticks beyond the axes have labels that are never drawn
    boxes = {t.get_text(): t.get_window_extent() for t in shown if not t.get_text().replace(",", "").isdigit()}
    assert len(boxes) > 10
    outside = [text for text, box in boxes.items() if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1]
    assert outside == []


def test_labels_stay_english_without_a_chinese_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style, "cjk_font", lambda: "")
    assert style.words("zh") == style.words("en")
    monkeypatch.setattr(style, "cjk_font", lambda: "SimHei")
    assert style.words("zh")["median"] == "中位数"
    assert style.words("en")["median"] == "median"


@given(st.lists(st.floats(0, 100), min_size=1, max_size=5))
def test_labels_are_moved_apart(places: list[float]) -> None:
    moved = np.sort(style.spread(places, 9.0))
    assert (np.diff(moved) >= 9.0 - 0.1).all()
    assert np.mean(moved) == pytest.approx(np.mean(places), abs=1e-6)
