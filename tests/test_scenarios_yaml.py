"""Scenarios in files: what is read, where it is refused, and that writing loses nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import make_bad_scenarios
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import bayu_forecast as bf
from bayu_forecast.cli import main
from bayu_forecast.errors import BayuError, OutputError, ScenarioError, UnknownNameError
from bayu_forecast.scenarios import apply
from bayu_forecast.scenarios.places import month_label, month_number
from bayu_forecast.scenarios.units import UNITS

ROOT = Path(__file__).resolve().parents[1]
BAD = ROOT / "tests" / "bad"
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))


def write(folder: Path, text: str, name: str = "mine.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- examples ---------------------------------------------------------------------------------------------------------


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_sound_and_moves_something(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plans = bf.read_scenarios(path)
    assert plans.question is not None
    assert plans.question.region
    assert plans.question.horizon
    assert all(s.title_zh and s.title_en and s.as_of for s in plans)
    assert len({s.as_of for s in plans}) == 1
    index = pd.date_range("2021-01-01", f"{plans.question.horizon}-01", freq="MS")
    levers = sorted({lever for s in plans for lever in s.levers})
    inputs = pd.DataFrame(np.full((len(index), len(levers)), 1.5), index=index, columns=levers)
    for scenario in plans:
        moved = apply(scenario, inputs)
        assert scenario.conditions or not moved.equals(inputs)
        # what lies before the date of the run has happened
        assert moved.loc[: scenario.as_of].equals(inputs.loc[: scenario.as_of])
    bf.write_scenarios(plans, tmp_path / path.name)
    assert bf.read_scenarios(tmp_path / path.name) == plans
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out.startswith(f"{path.name}: {len(plans)} scenario")


def test_tranches_example_pays_the_same_money() -> None:
    plans = bf.read_scenarios(ROOT / "examples" / "tranches_in_q4.yml")
    months = pd.date_range("2025-01-01", periods=24, freq="MS")
    inputs = pd.DataFrame({"trade_in": np.where(months.year == 2025, 6.561, 0.0)}, index=months)
    for plan in plans:
        np.testing.assert_allclose(apply(plan, inputs).sum(), 12 * 6.561, rtol=1e-12)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_moves_levers_that_the_region_had_at_the_date(path: Path) -> None:
    plans = bf.read_scenarios(path)
    assert plans.question is not None
    known = bf.load_region(plans.question.region).as_of(plans.scenarios[0].as_of)
    levers = {spec.id for spec in known.driver_specs} | set(known.levers["lever"])
    assert {lever for plan in plans for lever in plan.levers} <= levers
    assert set(plans.question.targets) <= {target.id for target in known.targets}


# --- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", make_bad_scenarios.CASES)
def test_refusal_names_the_line(name: str) -> None:
    line = make_bad_scenarios.CASES[name][2]
    with pytest.raises(BayuError) as caught:
        bf.read_scenarios(BAD / name)
    assert str(caught.value).startswith(f"{name}, line {line}: ")
    assert caught.value.fields["line"] == line


def test_at_least_twenty_broken_files() -> None:
    assert len(make_bad_scenarios.CASES) >= 20


def test_unknown_lever_names_file_line_and_nearest(tmp_path: Path) -> None:
    path = write(tmp_path, make_bad_scenarios.SOUND.replace("trade_in", "tradein"))
    inputs = pd.DataFrame({"trade_in": np.zeros(12)}, index=pd.date_range("2025-01-01", periods=12, freq="MS"))
    with pytest.raises(UnknownNameError, match="^mine.yml, line 4: .*nearest: trade_in"):
        apply(bf.read_scenarios(path)["plan"], inputs)


def test_unit_and_date_are_held_against_the_inputs_with_their_line(tmp_path: Path) -> None:
    plan = bf.read_scenarios(write(tmp_path, make_bad_scenarios.SOUND))["plan"]
    inputs = pd.DataFrame({"trade_in": np.zeros(12)}, index=pd.date_range("2025-03-01", periods=12, freq="MS"))
    with pytest.raises(ScenarioError, match="^mine.yml, line 4: .*starts before the data"):
        apply(plan, inputs)
    inputs.index = pd.date_range("2025-01-01", periods=12, freq="MS")
    inputs.attrs["units"] = {"trade_in": "days"}
    with pytest.raises(ScenarioError, match="^mine.yml, line 4: lever 'trade_in' is stated in '亿元'"):
        apply(plan, inputs)


# --- hostile files ----------------------------------------------------------------------------------------------------


def test_ten_megabytes_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "large.yml"
    path.write_bytes(make_bad_scenarios.SOUND.encode() + b"# padding\n" * 1_000_000)
    assert path.stat().st_size > 10_000_000
    began = time.process_time()
    with pytest.raises(ScenarioError, match="^large.yml, line 1: the file is too large"):
        bf.read_scenarios(path)
    assert main(["check", str(path)]) == 2
    assert time.process_time() - began < 1


HOSTILE = ["[" * 400_000, "{a: " * 200_000, "- " * 300_000, "? " * 300_000, "a: &x [*x, *x]", "&a " * 1000, "%YAML 9.9\n---\n"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:6])
def test_unfolding_is_refused_early(tmp_path: Path, text: str) -> None:
    began = time.process_time()
    with pytest.raises(ScenarioError, match="mine.yml, line "):
        bf.read_scenarios(write(tmp_path, text))
    assert time.process_time() - began < 5


@pytest.mark.parametrize("name", ["no_such.yml", "folder.yml", "plan.csv"])
def test_what_is_no_file_of_scenarios(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "plan.csv").write_text("a,b\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="cannot be opened as a file of scenarios"):
        bf.read_scenarios(tmp_path / name)


def test_too_many_scenarios(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="201 scenarios"):
        bf.read_scenarios(write(tmp_path, "scenarios:\n" + "".join(f"  s{n}: {{}}\n" for n in range(201))))


@settings(max_examples=150)
@given(st.sampled_from(EXAMPLES), st.data())
def test_damage_never_ends_in_a_traceback(path: Path, data: st.DataObject) -> None:
    body = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    file = Path(os.environ["PYTEST_SCENARIOS"]) / path.name
    file.write_bytes(bytes(body))
    assert main(["check", str(file)]) in (0, 2)


@pytest.fixture(autouse=True, scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["PYTEST_SCENARIOS"] = str(tmp_path_factory.mktemp("scenarios"))


# --- extends ----------------------------------------------------------------------------------------------------------

BASE = """scenarios:
  base:
    title_en: the base
    weight: 1
    as_of: 2025-01-31
    assumptions:
      - {lever: trade_in, operation: stop, start: 2025-02, end: 2025-06}
    conditions:
      - {condition: given, series: r, period: 2025, measure: level, value: 1.5, unit: 万亿元}
"""


@pytest.mark.parametrize("stated", ["below/base.yml", "below/base.yml#base"])
def test_extends_takes_over_statements_and_date(tmp_path: Path, stated: str) -> None:
    (tmp_path / "below").mkdir()
    base = bf.read_scenarios(write(tmp_path / "below", BASE, "base.yml"))["base"]
    more = f"scenarios:\n  more:\n    extends: {stated}\n    assumptions:\n      - {{lever: trade_in, operation: stop, start: 2025-07}}\n"
    plan = bf.read_scenarios(write(tmp_path, more))["more"]
    assert plan.assumptions == (*base.assumptions, bf.stop("trade_in", start="2025-07"))
    assert plan.conditions == base.conditions
    assert (plan.as_of, plan.title_en, plan.weight) == ("2025-01-31", "", None)


def chain(length: int, *, forwards: bool) -> str:
    names = [f"  s{n}: {{{f'extends: s{n - 1}' if n else 'note: first'}}}\n" for n in range(length)]
    return "scenarios:\n" + "".join(names if forwards else reversed(names))


@pytest.mark.parametrize("forwards", [True, False])
def test_long_chains_are_refused_in_any_order(tmp_path: Path, forwards: bool) -> None:
    assert len(bf.read_scenarios(write(tmp_path, chain(17, forwards=forwards)))) == 17
    with pytest.raises(ScenarioError, match="in a row"):
        bf.read_scenarios(write(tmp_path, chain(18, forwards=forwards)))


@pytest.mark.parametrize("stated", ["/etc/hostname", "/etc/plan.yml", "../mine.yml", "below/../../mine.yml", "none.yml", "none.yml#a"])
def test_extends_reaches_no_other_folder(tmp_path: Path, stated: str) -> None:
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    write(tmp_path, BASE)
    with pytest.raises(BayuError, match=r"^mine.yml, line 3: extends"):
        bf.read_scenarios(write(folder, f"scenarios:\n  a:\n    extends: {stated}\n"))


# --- round trip -------------------------------------------------------------------------------------------------------

plain = st.floats(allow_nan=False, allow_infinity=False)
amounts = st.floats(1e-3, 1e9)
#: words that YAML would like to read as something else
TRAPS = ["<<", "=", "~", "null", "yes", "1e3", "0x1F", "2025-02", "2025-02-01", "1:30", "- a", "# a", "a: b", "'", '"', "{}", "*a",
         "&a", "!a", "%", " a ", "a #b", "\u3000", "\ufeffa", "\xa0", "补贴：第三批", "x" * 399]
texts = st.one_of(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"]), max_size=30), st.sampled_from(TRAPS))
names = texts.filter(lambda t: t.strip() not in ("", "baseline"))
months = st.integers(month_number("1990-01"), month_number("2100-12")).map(month_label)
windows = st.lists(months, min_size=2, max_size=2, unique=True).map(sorted)
units = st.sampled_from([unit for unit, (kind, _) in UNITS.items() if kind != "months"] + ["native"])
money = st.sampled_from([unit for unit, (kind, _) in UNITS.items() if kind == "money"])
ratios = st.sampled_from([unit for unit, (kind, _) in UNITS.items() if kind == "ratio"])
periods = st.one_of(st.integers(1990, 2100).map(str), months,
                    months.filter(lambda m: not m.endswith("-01")).map(lambda m: f"{m[:4]}-01..{m}"))


@st.composite
def assumptions(draw: st.DrawFn, lever: str) -> object:
    start, end = draw(windows)
    said = {"source": draw(texts), "note": draw(texts)}
    span = {"start": start, "end": draw(st.sampled_from(["", end]))}
    return draw(st.sampled_from([
        lambda: bf.set_to(lever, draw(plain), unit=draw(units), **span, **said),
        lambda: bf.add(lever, draw(plain), unit=draw(units), **said),
        lambda: bf.scale(lever, draw(amounts), unit=draw(ratios), **span, **said),
        lambda: bf.ramp(lever, draw(plain), draw(plain), unit=draw(units), start=start, end=end, **said),
        lambda: bf.hold(lever, **span, **said),
        lambda: bf.stop(lever, **span, **said),
        lambda: bf.tranches(lever, draw(st.dictionaries(months, plain, min_size=1, max_size=4)), unit=draw(units), **said),
        lambda: bf.delay(lever, draw(st.integers(1, 600)), **span, **said),
        lambda: bf.new_event(draw(names), draw(plain), lever=lever, start=start, end=end, unit=draw(units), **said),
        lambda: bf.holiday(draw(names), draw(plain), lever=lever, start=start, end=end, **said),
    ]))()


@st.composite
def conditions(draw: st.DrawFn, series: str) -> object:
    said = {"source": draw(texts), "note": draw(texts)}
    return draw(st.sampled_from([
        lambda: bf.given(series, draw(periods), draw(amounts), unit=draw(money), **said),
        lambda: bf.given(series, draw(periods), draw(st.floats(-0.009, 99)), measure="growth", unit=draw(ratios), **said),
        lambda: bf.impose(series, draw(periods), draw(amounts), sd=draw(amounts), unit=draw(money), **said),
        lambda: bf.tilt(series, probability=draw(st.floats(1e-9, 1 - 1e-9)), **said),
        lambda: bf.tilt(series, mean=draw(plain), unit=draw(money), **said),
    ]))()


@st.composite
def scenario_sets(draw: st.DrawFn) -> bf.ScenarioSet:
    labels = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    weights = draw(st.sampled_from([[None] * len(labels), [1 / len(labels)] * len(labels)]))
    scenarios = [
        bf.Scenario(
            label, [draw(assumptions(lever)) for lever in draw(st.lists(names, max_size=3, unique=True))],
            conditions=[draw(conditions(series)) for series in draw(st.lists(names, max_size=3, unique=True))],
            weight=weight, title_zh=draw(texts), title_en=draw(texts), source=draw(texts), note=draw(texts),
            as_of=draw(st.sampled_from(["", "2025-01-31"])),
        )
        for label, weight in zip(labels, weights, strict=True)
    ]
    question = draw(st.one_of(st.none(), st.builds(
        bf.Question, region=texts, horizon=st.just("2027-12"), targets=st.lists(names, max_size=2).map(tuple), lever=names, target=names,
        probability=st.floats(0.001, 0.999), bounds=st.tuples(st.floats(-9, 0), st.floats(1, 9)), unit=units)))
    return bf.ScenarioSet((bf.Scenario("baseline"), *scenarios) if draw(st.booleans()) else tuple(scenarios), question)


@settings(max_examples=120)
@given(scenario_sets())
def test_round_trip_loses_nothing(plans: bf.ScenarioSet) -> None:
    file = Path(os.environ["PYTEST_SCENARIOS"]) / "plans.yml"
    bf.write_scenarios(plans, file)
    back = bf.read_scenarios(file)
    assert back == plans
    assert [[str(a) for a in s.assumptions] for s in back] == [[str(a) for a in s.assumptions] for s in plans]
    first = file.read_bytes()
    bf.write_scenarios(back, file)
    assert file.read_bytes() == first
    # plain YAML: any other reader sees the same keys
    assert set(yaml.safe_load(first)["scenarios"]) == {s.name for s in plans}


def test_unwritable_sets_and_places(tmp_path: Path) -> None:
    plan = bf.ScenarioSet((bf.Scenario("a"),))
    for plans in (bf.ScenarioSet(()), bf.Scenario("a", weight=0.5) | bf.Scenario("b")):
        with pytest.raises(ScenarioError, match="without a weight"):
            bf.write_scenarios(plans, tmp_path / "plans.yml")
    with pytest.raises(ScenarioError, match="does not end like"):
        bf.write_scenarios(plan, tmp_path / "plans.txt")
    (tmp_path / "plans.yml").mkdir()
    for place in (tmp_path / "no" / "plans.yml", tmp_path / "plans.yml"):
        with pytest.raises(OutputError, match="could not be written"):
            bf.write_scenarios(plan, place)
    assert [p.name for p in tmp_path.iterdir()] == ["plans.yml"]


@pytest.mark.parametrize("name", TRAPS[:-1])
def test_any_name_can_be_written_read_and_extended(tmp_path: Path, name: str) -> None:
    if not name.strip():
        name = f"a{name}b"
    plans = bf.ScenarioSet((bf.Scenario(name, [bf.stop("x", start="2025-02", note=name)]),))
    bf.write_scenarios(plans, tmp_path / "plans.yml")
    assert bf.read_scenarios(tmp_path / "plans.yml") == plans
    tree = yaml.safe_load((tmp_path / "plans.yml").read_text(encoding="utf-8"))
    tree["scenarios"]["child"] = {"extends": name}
    child = bf.read_scenarios(write(tmp_path, yaml.safe_dump(tree, allow_unicode=True)))["child"]
    assert child.assumptions == plans[name].assumptions
