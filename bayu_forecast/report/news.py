"""What came out between two dates, in words, and how much each release moved a probability.

Floor F7. It reads the archive and the answers along the way; it must never fit anything itself.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd

from bayu_forecast.schema.names import GROWTH, LEVEL, TARGET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bayu_forecast.data.snapshot import Snapshot

REST = "finer grid and more paths at the two dates than in between"
_MOST_PERIODS = 2
_COLUMNS = ["from", "to", "released", TARGET, "before", "after", "change", "rank", "prints", "also"]


def release_dates(known: Snapshot, series: str, first: str, last: str) -> list[str]:
    """Dates after ``first`` and until ``last`` on which prints of a series came out."""
    released = pd.DatetimeIndex(known.observations(series)["release_date"].to_numpy())
    inside = released[(released > pd.Timestamp(first)) & (released <= pd.Timestamp(last))]
    return [f"{day:%Y-%m-%d}" for day in sorted(set(inside))]


def changes(probabilities: pd.DataFrame, headline: pd.DataFrame, known: Snapshot, series: str) -> pd.DataFrame:
    """Split every move of a probability between two dates of the report over the releases in between.

    Parameters
    ----------
    probabilities : DataFrame
        Columns ``date``, ``target``, ``probability``: after each release and on each date of the report, on one grid.
    headline : DataFrame
        The same at the dates of the report, as reported.
    known : Snapshot
        All that is known at the last date, for the words.
    series : str
        Series whose prints are named.

    Returns
    -------
    DataFrame
        One row an interval, target and release; ``change`` sums to the reported move, with a last row for what the
        reported figures (finer grid, more paths) differ. ``rank`` 1 is the largest move of its interval.
    """
    along = probabilities.pivot(index="date", columns=TARGET, values="probability").sort_index()
    told = headline.pivot(index="date", columns=TARGET, values="probability").sort_index()
    news = _News(known, series)
    days, rows = sorted(told.index), []
    for start, end in itertools.pairwise(days):
        inside = [d for d in along.index if start <= d <= end]
        steps = list(itertools.pairwise(inside))
        words = [news.between(a, b) for a, b in steps]
        for target in told.columns:
            path = along[target]
            rows += [
                {
                    "released": b,
                    TARGET: target,
                    "before": path[a],
                    "after": path[b],
                    "prints": said[0],
                    "also": said[1],
                    "from": start,
                    "to": end,
                }
                for (a, b), said in zip(steps, words, strict=True)
            ]
            gap = (told.loc[end, target] - told.loc[start, target]) - (path[end] - path[start])
            rows.append({"released": "", TARGET: target, "before": 0.0, "after": gap, "prints": REST, "also": "", "from": start, "to": end})
    return _ranked(pd.DataFrame(rows)) if rows else pd.DataFrame(columns=_COLUMNS)


def _ranked(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with their change and its rank by size within interval and target."""
    table["change"] = table["after"] - table["before"]
    size = table["change"].abs()
    table["rank"] = size.groupby([table["from"], table[TARGET]]).rank(ascending=False, method="first").astype(int)
    remainder = table["released"].eq("")
    table.loc[remainder, ["before", "after"]] = float("nan")
    return table[_COLUMNS]


class _News:
    """Everything dated in the archive, ready to be cut between two dates."""

    def __init__(self, known: Snapshot, series: str) -> None:
        self.names = {name: region.name_en for name, region in known.regions.items()}
        self.own = known.region.name
        self.prints = known.observations(series).to_dataframe()
        evidence = known.evidence.to_dataframe()[["release_date", "region", "series"]]
        evidence = evidence[evidence["series"].isin(_linked_evidence(known))]
        whose = evidence["region"].replace(self.names)
        censuses, steps = known.censuses, known.revision_steps
        self.also = pd.concat(
            [
                pd.DataFrame({"date": evidence["release_date"], "words": evidence["series"] + " of " + whose}),
                pd.DataFrame(
                    {
                        "date": pd.to_datetime(censuses["announced"]),
                        "words": "census of " + censuses["reference_year"].astype(str) + " announced",
                    }
                ),
                pd.DataFrame({"date": pd.to_datetime(steps["released"]), "words": "size of a past census revision"}),
            ],
            ignore_index=True,
        )

    def between(self, before: str, until: str) -> tuple[str, str]:
        """Prints and other news after one date and until another."""
        rows = self._cut(self.prints, "release_date", before, until)
        regions = sorted(rows["region"].unique(), key=lambda name: name != self.own)
        prints = "; ".join(self._of_region(rows[rows["region"] == name], name) for name in regions)
        also = sorted(set(self._cut(self.also, "date", before, until)["words"]))
        return prints, "; ".join(also)

    @staticmethod
    def _cut(frame: pd.DataFrame, column: str, before: str, until: str) -> pd.DataFrame:
        return frame[(frame[column] > pd.Timestamp(before)) & (frame[column] <= pd.Timestamp(until))]

    def _of_region(self, rows: pd.DataFrame, region: str) -> str:
        """Prints of one region; of one that is leaned on, the shortest period alone stands for the release."""
        periods = list(dict.fromkeys(zip(rows["period_start"], rows["period_end"], strict=True)))
        if region != self.own and len(periods) > 1:
            last = max(end for _, end in periods)
            periods = [max((p for p in periods if p[1] == last), key=lambda p: p[0])]
        if len(periods) > _MOST_PERIODS:
            first, last = min(start for start, _ in periods), max(end for _, end in periods)
            bases = ", ".join(dict.fromkeys(rows["basis"]))
            return f"{self.names[region]} {len(rows)} prints for {first:%Y} to {last:%Y} (basis {bases})"
        said = [print_words(rows[(rows["period_start"] == s) & (rows["period_end"] == e)]) for s, e in periods]
        return f"{self.names[region]} {', '.join(said)}"


def _linked_evidence(known: Snapshot) -> set[str]:
    """Series of evidence that the region's other series are drawn from."""
    named = [spec.get("evidence", []) for spec in known.region.linked.values()]
    return {series for given in named for series in ([given] if isinstance(given, str) else given)}


def print_words(rows: pd.DataFrame) -> str:
    """One period's level and growth as an economist would quote them."""
    words = [period_words(rows["period_start"].iloc[0], rows["period_end"].iloc[0])]
    levels, growths = rows.loc[rows["measure"] == LEVEL, "value"], rows.loc[rows["measure"] == GROWTH, "value"]
    if len(levels):
        words.append(f"{levels.iloc[-1]:,.10g}")
    if len(growths):
        words.append(f"({growths.iloc[-1]:+.1%})" if len(levels) else f"{growths.iloc[-1]:+.1%}")
    return " ".join(words)


def period_words(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """``2022-04``, ``2022 Jan-Apr`` or ``2022``."""
    if (start.year, start.month) == (end.year, end.month):
        return f"{start:%Y-%m}"
    if start.year == end.year and (start.month, end.month) == (1, 12):
        return f"{start:%Y}"
    return f"{start:%Y %b}-{end:%b}" if start.year == end.year else f"{start:%Y-%m} to {end:%Y-%m}"


def top_causes(table: pd.DataFrame, target: str, most: int) -> pd.DataFrame:
    """The largest named moves of each interval."""
    named = table[(table[TARGET] == target) & table["released"].ne("")]
    return named[named["rank"] <= most + 1].sort_values(["from", "rank"]).groupby("from").head(most)


def dates_between(dates: Sequence[str], days: Sequence[str]) -> list[str]:
    """Dates of the report and days of release together, each once."""
    return sorted({*dates, *days})
