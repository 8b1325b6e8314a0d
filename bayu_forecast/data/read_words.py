"""The words of published tables: column headings, units, kinds of figure, printed numbers.

Floor F3: a vocabulary in Chinese and English. Must never know a region, nor guess what an unknown word means.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable
from decimal import Decimal

from bayu_forecast.data.read_file import clean
from bayu_forecast.schema.names import GROWTH, LEVEL, RATIO, RELEASE_STATUS, USE_NO, USE_YES

#: canonical column -> headings that mean it
HEADINGS: dict[str, tuple[str, ...]] = {
    "region": ("region", "地区", "区域", "省份", "省市"),
    "series": ("series", "indicator", "指标", "指标名称", "项目"),
    "measure": ("measure", "类型", "口径类型", "数据类型", "指标类型", "度量"),
    "period": ("period", "时间", "期间", "时期", "日期", "统计时间", "数据时间", "报告期"),
    "period_start": ("period_start", "start", "开始日期", "期初", "起始日期"),
    "period_end": ("period_end", "end", "结束日期", "期末", "截止日期"),
    "value": ("value", "数值", "数据", "值", "指标值"),
    "unit": ("unit", "units", "单位", "计量单位"),
    "half_width": ("half_width", "rounding", "误差", "半宽", "舍入误差"),
    "basis": ("basis", "基期", "口径", "基期/口径", "口径/基期", "统计口径"),
    "release_date": ("release_date", "published", "published_on", "发布日期", "发布时间", "公布日期"),
    "release_status": ("release_status", "发布日期状态", "日期状态"),
    "source": ("source", "来源", "数据来源", "出处"),
    "confidence": ("confidence", "可信度", "置信度"),
    "use": ("use", "是否使用", "使用", "采用"),
    "note": ("note", "notes", "备注", "说明", "注"),
}
_COLUMNS = {heading: column for column, headings in HEADINGS.items() for heading in headings}

#: unit of money -> how many 1e8 CNY it is
MONEY: dict[str, Decimal] = {
    word: Decimal(size) / Decimal(100_000_000)
    for words, size in (
        ("元 yuan cny rmb", 1), ("千元", 1000), ("万元 1e4cny", 10**4), ("百万元 1e6cny", 10**6), ("千万元", 10**7),
        ("亿元 1e8cny 100mcny 100millionyuan", 10**8), ("十亿元 1e9cny", 10**9), ("百亿元", 10**10), ("千亿元", 10**11),
        ("万亿元 1e12cny", 10**12),
    )
    for word in words.split()
}
#: unit of growth and shares -> how much of a ratio it is
SHARE: dict[str, Decimal] = {"%": Decimal("0.01"), "percent": Decimal("0.01"), "百分比": Decimal("0.01"), "1": Decimal(1),
                             "ratio": Decimal(1)}

#: measures that say the growth is the official one, on a comparable basis
COMPARABLE = ("comparable growth", "可比增长", "可比口径增长")
#: word -> (measure, whether it counts from January)
MEASURE_WORDS: dict[str, tuple[str, bool]] = {
    **dict.fromkeys(("level", "水平", "绝对额", "绝对值", "绝对数", "当期值", "当月值", "当季值", "总额", "额"), (LEVEL, False)),
    **dict.fromkeys(("累计值", "累计额"), (LEVEL, True)),
    **dict.fromkeys(("growth", "yoy", "同比", "同比增长", "同比增速", "增速", "增长率", "当月同比", "当月同比增长"), (GROWTH, False)),
    **dict.fromkeys(("累计增长", "累计同比", "累计同比增长", "累计增速"), (GROWTH, True)),
    **dict.fromkeys(COMPARABLE, (GROWTH, False)),
    **dict.fromkeys(("ratio", "share", "比重", "占比", "贡献率", "比率"), (RATIO, False)),
}
#: the bureau's names of the series that the regions hold
SERIES_WORDS: dict[str, str] = {
    "社会消费品零售总额": "retail_total",
    "餐饮收入": "retail_catering",
    "商品零售": "retail_goods",
    "商品零售额": "retail_goods",
}
USE_WORDS = {**dict.fromkeys(("yes", "是", "true", "1"), USE_YES), **dict.fromkeys(("no", "否", "false", "0"), USE_NO)}
STATUS_WORDS = {**{status: status for status in RELEASE_STATUS}, "确切": "exact", "估计": "estimated", "不晚于": "upper_bound"}

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d*)?(e[+-]?\d{1,3})?")
_KINDS = sorted((word for word in MEASURE_WORDS if not word.isascii()), key=len, reverse=True)
#: kinds that also stand without a mark before them; 总额 may not, it is part of names
_GLUED = [word for word in _KINDS if word.endswith(("增长", "增速"))]
_INDICATOR = re.compile(rf"(?P<name>.+?)(?:_(?P<kind>{'|'.join(_KINDS)})|(?P<glued>{'|'.join(_GLUED)}))?(?:\((?P<unit>[^()]+)\))?")


@dataclasses.dataclass(frozen=True, slots=True)
class Indicator:
    """What an indicator row of the bureau's tables says: ``社会消费品零售总额_累计值(亿元)``.

    Attributes
    ----------
    series : str
        Name of the series; the bureau's own where the library has no other.
    kind, unit : str
        Word for the kind of figure and unit, empty where the name carries none.
    """

    series: str
    kind: str
    unit: str


def column_of(heading: str) -> str | None:
    """The column that a heading means, in Chinese or English, or None."""
    return _COLUMNS.get(re.sub(r"\s+", "", clean(heading)).lower().replace("(", "").replace(")", ""))


def nearest_heading(heading: str) -> str:
    """The known heading most like an unknown one, as a hint, or nothing."""
    close = difflib.get_close_matches(clean(heading).lower(), _COLUMNS, n=1)
    return f", nearest is {close[0]!r}" if close else ""


def parse_indicator(text: str) -> Indicator:
    """Split an indicator's name into series, kind and unit.

    Parameters
    ----------
    text : str
        The first cell of an indicator row.

    Returns
    -------
    Indicator
        Its parts.

    Examples
    --------
    >>> parse_indicator("社会消费品零售总额_累计值（亿元）")
    Indicator(series='retail_total', kind='累计值', unit='亿元')
    >>> parse_indicator("粮油食品类零售额_同比增长(%)").series
    '粮油食品类零售额'
    """
    found = _INDICATOR.fullmatch(re.sub(r"\s+", "", clean(text)))
    # brackets may also narrow the name: 商品零售(限额以上)
    if found is None or (found["unit"] and found["unit"].lower() not in MONEY | SHARE):
        return Indicator(series_of(text), "", "")
    return Indicator(series_of(found["name"]), found["kind"] or found["glued"] or "", found["unit"] or "")


def series_of(text: str) -> str:
    """The library's name of a series, or the name as printed."""
    name = clean(text)
    return SERIES_WORDS.get(name, name)


def parse_unit(text: str) -> str:
    """The key of a unit in :data:`MONEY` or :data:`SHARE`; a ``ValueError`` when it is neither."""
    word = re.sub(r"\s+|人民币", "", clean(text)).lower()
    if word not in MONEY and word not in SHARE:
        raise ValueError(f"unit {text!r}" if text.strip() else "no unit")
    return word


def parse_number(text: str) -> Decimal:
    """A printed number with its decimals; text, an empty cell and infinity are a ``ValueError``.

    Parameters
    ----------
    text : str
        ``16,688.50``, ``１２．３``, ``-2.4``; thousands separators must stand where they belong.

    Returns
    -------
    Decimal
        With as many decimals as were printed.

    Examples
    --------
    >>> parse_number("16,688.50")
    Decimal('16688.50')
    >>> parse_number("about 12")
    Traceback (most recent call last):
    ...
    ValueError: 'about 12' is no number
    """
    word = clean(text).lower()
    if not word:
        raise ValueError("empty cell")
    if _NUMBER.fullmatch(word) is None:
        raise ValueError(f"{text.strip()!r} is no number")
    number = Decimal(word.replace(",", ""))
    if abs(number) >= Decimal("1e300"):
        raise ValueError(f"{text.strip()!r} is beyond any figure")
    return number


def one_of(words: dict[str, str], text: str) -> str:
    """The meaning of a word among a few; a ``ValueError`` names them otherwise."""
    meaning = words.get(clean(text).lower())
    if meaning is None:
        raise ValueError(f"{text.strip()!r} is none of {_listed(words.values())}")
    return meaning


def parse_measure(text: str) -> tuple[str, bool]:
    """Measure, and whether it counts from January; a ``ValueError`` otherwise."""
    meaning = MEASURE_WORDS.get(clean(text).lower())
    if meaning is None:
        raise ValueError(f"{text.strip()!r} is none of {_listed(m for m, _ in MEASURE_WORDS.values())}")
    return meaning


def _listed(words: Iterable[str]) -> str:
    """Words once each, in their order."""
    return ", ".join(dict.fromkeys(words))
