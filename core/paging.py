"""Pages of long lists: counting goes no further than a reader can soon go."""

import re
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from core.numbers import format_number

AHEAD = 5  # pages counted beyond the one that is read
AT_LEAST = 1000  # rows counted on every page, so that the length of short lists is exact
LONG_NUMBER = 10  # digits
LAST_PAGE = 400  # pages further back are found by searching
COUNTED_AT_MOST = 500  # for figures beside a tab: 500+


class Pages(Paginator):
    """Numbered pages; for a page that is not there, the first or the last."""

    def get_page(self, number: Any) -> Page:
        is_before_the_first = re.fullmatch("-.*|0+", str(number))
        return super().get_page(1 if is_before_the_first else number)


class NearPaginator(Pages):
    """Numbered pages over rows of which only those up to a few pages ahead are counted.

    Pages keep their numbers. The last link is the last page counted, not the last there is.
    """

    def __init__(
        self,
        rows: QuerySet,
        per_page: int,
        asked: Any,
        *,
        count: int | None = None,
        is_sorted_narrow: bool = False,
    ) -> None:
        super().__init__(rows, per_page)
        self.known_count = count
        self.is_sorted_narrow = is_sorted_narrow
        number = int(asked) if str(asked).isdecimal() and len(str(asked)) < LONG_NUMBER else 1
        self.limit = max((min(max(number, 1), LAST_PAGE) + AHEAD) * per_page, AT_LEAST)

    @cached_property
    def count(self) -> int:
        if self.known_count is not None:
            return self.known_count
        if self.is_sorted_narrow:
            return len(self._keys)
        return count_at_most(self.object_list, self.limit)

    @cached_property
    def _keys(self) -> list[Any]:
        """In order, those that are counted."""
        rows: Any = self.object_list
        return list(rows.prefetch_related(None).values_list("pk", flat=True)[: self.limit])

    def _get_page(self, rows: Any, number: int, *more: Any) -> Page:
        if self.is_sorted_narrow:
            first = (number - 1) * self.per_page
            keys = self._keys[first : first + self.per_page]
            rows = self.object_list.filter(pk__in=keys)  # type: ignore[attr-defined]
        return super()._get_page(rows, number, *more)  # type: ignore[misc]  # not in the stubs

    @property
    def has_more(self) -> bool:
        """Whether there may be rows beyond those counted."""
        return self.count == self.limit

    @property
    def shown_count(self) -> str:
        """The count in words: 1,000+ where there may be more."""
        return f"{format_number(self.count)}+" if self.has_more else format_number(self.count)


def near_page(
    request: HttpRequest,
    rows: QuerySet,
    per_page: int,
    parameter: str = "page",
    **known: Any,
) -> Page:
    """The page asked for, or the nearest there is.

    `count` is how many rows there are, where that is known already. `is_sorted_narrow` is for
    orders that no index has: keys alone are sorted, and only the page's rows are read whole.
    """
    asked = request.GET.get(parameter)
    return NearPaginator(rows, per_page, asked, **known).get_page(asked)


def count_at_most(rows: Any, limit: int) -> int:
    """How many rows there are; `limit` when there are as many or more. Reads no more than those."""
    return rows.order_by().values("pk")[:limit].count()


def tab_count(count: int) -> str:
    """`count` beside the name of a tab: empty for none, 500+ for more than that."""
    if count > COUNTED_AT_MOST:
        return f"{format_number(COUNTED_AT_MOST)}+"
    return format_number(count) if count else ""
