"""A bar for each day (or week, or month), as coordinates of a plain SVG."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy

from dashboards.forms import Period

MOST_BARS = 62
WEEKS_FROM_DAYS = 62
MONTHS_FROM_DAYS = 370
WIDTH, HEIGHT = 620, 140


DAY = gettext_lazy("Each bar is one day.")
WEEK = gettext_lazy("Each bar is one week, from Monday.")
MONTH = gettext_lazy("Each bar is one month.")


@dataclass(frozen=True)
class Bar:
    label: dt.date  # first day of the bar
    goods_vnd: int
    x: float
    y: float
    width: float
    height: float


def since_first(period: Period, goods_by_day: dict[dt.date, int]) -> Period:
    """The period without the empty years before the first order; short ones stay as asked."""
    if period.day_count <= MONTHS_FROM_DAYS or not goods_by_day:
        return period
    return dataclasses.replace(period, starts_on=min(goods_by_day))


def bars(period: Period, goods_by_day: dict[dt.date, int]) -> list[Bar]:
    """Bars over the whole period, empty ones too, at most MOST_BARS; heights in SVG units."""
    start_of, _words = _bucket(period.day_count)
    sums: dict[dt.date, int] = {}
    for offset in range(period.day_count):
        day = period.starts_on + dt.timedelta(days=offset)
        sums[start_of(day)] = sums.get(start_of(day), 0) + goods_by_day.get(day, 0)
    highest = max(sums.values(), default=0) or 1
    step = WIDTH / max(len(sums), 1)
    return [
        Bar(day, vnd, round(i * step, 2), round(HEIGHT - height, 2), round(step * 0.8, 2), height)
        for i, (day, vnd) in enumerate(sums.items())
        for height in [round(vnd / highest * HEIGHT, 2)]
    ]


def bar_words(period: Period) -> str:
    """What one bar represents."""
    return str(_bucket(period.day_count)[1])


def _bucket(day_count: int) -> tuple[Callable[[dt.date], dt.date], Any]:
    """The first day of the bar a day falls into, and what such a bar is called."""
    if day_count > MONTHS_FROM_DAYS:
        return (lambda day: day.replace(day=1)), MONTH
    if day_count > WEEKS_FROM_DAYS:
        return (lambda day: day - dt.timedelta(days=day.weekday())), WEEK
    return (lambda day: day), DAY
