"""Large panels in chunks: the same numbers through every engine, broken series named, answers streamed and stored."""

from __future__ import annotations

import os
import signal
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
import xarray as xr

import bayu_forecast as bf
from bayu_forecast.distributed.chunk import Chunk, answer
from bayu_forecast.errors import DataError, FailedSeriesWarning, FileFormatError, HorizonError, OutputError, SchemaError
from bayu_forecast.models.base import Forecaster, ForecasterTags, Panel


class Level(Forecaster):
    """Draws around the last value, keyed by label; refuses to fit at all when a series of the panel is all sevens."""

    tags = ForecasterTags(drivers=True)

    def __init__(self, spread: float = 1.0) -> None:
        self.spread = spread

    def _fit(self, panel: Panel) -> None:
        if (panel.values == 7).all(axis=1).any():
            raise np.linalg.LinAlgError("singular")
        self.last_, self.names_ = panel.values[:, -1], panel.series
        self.drift_ = 0.0 if panel.features is None else panel.features[:, :, 0].mean(axis=1)

    def _simulate(self, horizon: int, samples: int, rng: int, features: np.ndarray | None) -> np.ndarray:
        noise = [np.random.default_rng([rng, *name.encode()]).normal(size=(samples, horizon)).cumsum(axis=1) for name in self.names_]
        steps = 0.0 if features is None else features[..., 0] - np.reshape(self.drift_, (-1, 1))
        return self.last_[:, None] + self.spread * np.stack(noise, axis=1) + steps


class Prepared(Level):
    """Learns its spread from the whole panel."""

    def prepare(self, y: xr.Dataset) -> Prepared:
        return Prepared(spread=float(np.nanstd(y["value"])))


def quarters(paths: xr.Dataset) -> xr.Dataset:
    """A function of a module, so that other processes find it."""
    return paths[["value"]].sum("time").quantile([0.1, 0.9], dim="sample")


@pytest.fixture
def y(rng: np.random.Generator) -> xr.Dataset:
    return bf.as_panel({f"s{i}": 50 + rng.normal(size=24).cumsum() for i in range(11)}, season=12)


def whole(y: xr.Dataset, **options: object) -> xr.Dataset:
    return xr.concat(list(bf.forecast_panel(Level(), y, 6, **{"chunk": 3, "samples": 50} | options)), dim="series")


def test_chunks_give_what_one_fit_gives(y):
    assert whole(y, answers="simulate", rng=4).drop_vars("reason").identical(Level().fit(y).simulate(6, samples=50, rng=4))
    assert whole(y, coverage=[0.5]).drop_vars("reason").identical(Level().fit(y).predict(6, coverage=[0.5]))


@pytest.mark.parametrize("answers", ["predict", quarters], ids=["predict", "function"])
def test_every_engine_gives_the_same_bits(answers, y):
    serial = whole(y, answers=answers)
    with ThreadPoolExecutor(2) as pool:
        assert whole(y, answers=answers, map=pool.map).identical(serial)
    assert whole(y, answers=answers, map=map).identical(serial)
    assert whole(y, answers=answers, n_jobs=2).identical(serial)
    with joblib.parallel_config("threading", n_jobs=2):
        assert whole(y, answers=answers, n_jobs=None).identical(serial)


def test_answers_come_one_by_one(y):
    seen: list[int] = []

    def watched(function, chunks):
        for chunk in chunks:
            seen.append(chunk.y.sizes["series"])
            yield function(chunk)

    stream = bf.forecast_panel(Level(), y, 6, chunk=4, map=watched)
    assert seen == []
    next(stream)
    assert seen == [4]
    assert [part.sizes["series"] for part in stream] == [4, 3]


def test_what_is_learned_from_the_panel_is_learned_once(y):
    parts = list(bf.forecast_panel(Prepared(), y, 6, chunk=2))
    once = Prepared().prepare(y).fit(y).predict(6)
    assert xr.concat(parts, dim="series").drop_vars("reason").identical(once)


@pytest.mark.parametrize("answers", ["predict", "simulate", quarters])
@pytest.mark.parametrize("size", [1, 3, 11])
def test_a_broken_series_is_named_and_the_others_finish(answers, size, y):
    sound = whole(y, answers=answers)
    spoilt = y.copy(deep=True)
    spoilt["value"].loc[{"series": "s2"}] = np.nan     # refused by every forecaster
    spoilt["value"].loc[{"series": "s5"}] = np.inf
    spoilt["value"].loc[{"series": "s9"}] = 7.0        # breaks this one's fit as a whole
    with pytest.warns(FailedSeriesWarning, match="3 of 11 series have no answer: 's2'"):
        made = whole(spoilt, answers=answers, chunk=size)
    reasons = dict(zip(made["series"].values.tolist(), made["reason"].values.tolist(), strict=True))
    assert {name: why for name, why in reasons.items() if why} == {
        "s2": "no observed value", "s5": "24 infinite values", "s9": "LinAlgError: singular"}
    broken = ["s2", "s5", "s9"]
    assert made["series"].equals(sound["series"])
    assert made.drop_sel(series=broken).drop_vars("reason").equals(sound.drop_sel(series=broken).drop_vars("reason"))
    assert all(bool(array.isnull().all()) for array in made.drop_vars("reason").sel(series=broken).data_vars.values())


def test_a_panel_without_a_usable_series_is_told_at_the_end(y):
    stream = bf.forecast_panel(Level(), y * np.nan, 6, chunk=4)
    with pytest.raises(DataError, match="no series can be used"):
        list(stream)


def test_drivers_of_each_series_travel_with_it(rng, y):
    X = xr.DataArray(rng.normal(size=(11, 1, 30)), dims=("series", "feature", "time"),
                     coords={"series": y["series"].values, "feature": ["price"], "time": np.arange(30)})
    made = whole(y, X=X, answers="simulate")
    assert made.drop_vars("reason").identical(Level().fit(y, X).simulate(6, samples=50, X=X))
    shared = X.isel(series=0, drop=True)
    assert whole(y, X=shared, answers="simulate").drop_vars("reason").identical(Level().fit(y, shared).simulate(6, samples=50, X=shared))


def test_a_bar_counts_series(y, capsys):
    list(bf.forecast_panel(Level(), y, 6, chunk=4, progress=True))
    assert "11/11" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"chunk": 0}, SchemaError, "series to a chunk"),
    ({"answers": "both"}, SchemaError, "answers is 'both'"),
    ({"horizon": 0}, HorizonError, "."),
    ({"forecaster": Level}, SchemaError, "forecaster is"),
])
def test_a_wrong_question_is_told_at_once(options, error, message, y):
    with pytest.raises(error, match=message):
        bf.forecast_panel(**{"forecaster": Level(), "y": y, "horizon": 6} | options)


def test_a_wrong_question_to_the_model_is_not_blamed_on_series(y):
    with pytest.raises(SchemaError, match="coverage"):
        list(bf.forecast_panel(Level(), y, 6, coverage=[1.5]))
    with pytest.raises(KeyError, match="nothing"):
        list(bf.forecast_panel(Level(), y, 6, answers=lambda paths: paths["nothing"]))


# --- on disk ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", ["predict", "simulate"])
def test_arrays_come_back_to_the_last_bit(answers, y, tmp_path):
    dated = y.assign_coords(time=np.arange("2023-01", "2025-01", dtype="datetime64[M]").astype("datetime64[ns]"))
    parts = list(bf.forecast_panel(Level(), dated, 6, answers=answers, samples=9, chunk=4))
    assert bf.write_answers(iter(parts), tmp_path / "answers") == 11
    back = list(bf.read_answers(tmp_path / "answers"))
    assert len(back) == 3
    for one, other in zip(parts, back, strict=True):
        assert other.identical(one)


def test_a_table_has_a_row_for_each_series_and_time(y, tmp_path):
    path = tmp_path / "answers.csv"
    assert bf.write_answers(bf.forecast_panel(Level(), y, 6, chunk=4), path) == 11
    lines = path.read_text().splitlines()
    assert lines[0] == "series,time,mean,median,lower_0.8,lower_0.95,upper_0.8,upper_0.95,reason"
    assert len(lines) == 1 + 11 * 6
    assert lines[-1].startswith("s10,29,")


def test_a_stream_that_breaks_leaves_no_table(y, tmp_path):
    def breaking():
        yield from bf.forecast_panel(Level(), y, 6, chunk=4)
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError):
        bf.write_answers(breaking(), tmp_path / "answers.csv")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_or_guessed(y, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for taken in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(OutputError, match="there already"):
            bf.write_answers([], taken)
    with pytest.raises(FileFormatError, match="holds no answers"):
        bf.read_answers(tmp_path)
    (tmp_path / "000000.npz").write_bytes(b"no zip")
    with pytest.raises(FileFormatError, match="000000"):
        list(bf.read_answers(tmp_path))


# --- on a cluster -------------------------------------------------------------------------------------------------------------


def killing(chunk: Chunk, mark: str) -> xr.Dataset:
    """Kill the worker that gets the second chunk, the first time; a mark on disk tells the times apart."""
    if str(chunk.y["series"].values[0]) == "s3" and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return answer(chunk)


def test_a_cluster_that_loses_a_worker_gives_the_same_bits(y, tmp_path):
    distributed = pytest.importorskip("distributed")
    serial = whole(y)
    mark = str(tmp_path / "killed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL",
                                       local_directory=str(tmp_path)) as cluster, distributed.Client(cluster) as client):
            assert whole(y, map=bf.dask_map(client)).identical(serial)
            mapped = bf.dask_map(client, ahead=3)
            killed = whole(y, map=lambda function, chunks: mapped(_Killing(mark), chunks))
    assert Path(mark).exists()
    assert killed.identical(serial)


class _Killing:
    def __init__(self, mark: str) -> None:
        self.mark = mark

    def __call__(self, chunk: Chunk) -> xr.Dataset:
        return killing(chunk, self.mark)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(bf.errors.MissingDependencyError, match=r"bayu-forecast\[dask\]"):
        bf.dask_map()
