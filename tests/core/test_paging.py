"""Long lists are counted no further than a reader can soon go."""

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from core import paging
from core.models import FeedCounter

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paging, "AT_LEAST", 6)
    monkeypatch.setattr(paging, "AHEAD", 1)
    FeedCounter.objects.bulk_create(FeedCounter(feed=f"{n:03}") for n in range(30))
    return FeedCounter.objects.order_by("feed")


def test_pages_keep_their_numbers_and_are_counted_a_little_ahead(rows) -> None:
    page = paging.near_page(RequestFactory().get("/", {"page": "4"}), rows, 3)
    assert [row.feed for row in page] == ["009", "010", "011"]
    assert (page.paginator.count, page.paginator.shown_count) == (15, "15+")
    assert page.has_next()


def test_what_is_counted_whole_says_so(rows) -> None:
    page = paging.near_page(RequestFactory().get("/", {"page": "9"}), rows, 4)
    assert page.number == 8
    assert page.paginator.shown_count == "30"


@pytest.mark.parametrize("asked", ["", "x", "-1", "0", "9" * 40])
@pytest.mark.parametrize("is_sorted_narrow", [False, True])
def test_an_address_without_a_page_leads_to_one(rows, asked: str, is_sorted_narrow: bool) -> None:
    request = RequestFactory().get("/", {"page": asked})
    assert paging.near_page(request, rows, 3, is_sorted_narrow=is_sorted_narrow).number >= 1


def test_keys_alone_are_sorted_where_no_index_has_the_order(rows) -> None:
    request = RequestFactory().get("/", {"page": "4"})
    with CaptureQueriesContext(connection) as queries:
        page = paging.near_page(request, rows, 3, is_sorted_narrow=True)
        assert [row.feed for row in page] == ["009", "010", "011"]
    assert (page.paginator.count, page.paginator.shown_count) == (15, "15+")
    keys, whole = (query["sql"] for query in queries)
    assert "LIMIT 15" in keys
    assert '"core_feedcounter"."last_number"' not in keys
    assert "IN ('009', '010', '011')" in whole


def test_a_count_that_is_known_is_not_made_again(rows) -> None:
    with CaptureQueriesContext(connection) as queries:
        page = paging.near_page(RequestFactory().get("/"), rows, 3, count=30)
        assert (len(page), page.paginator.num_pages) == (3, 10)
    assert len(queries) == 1


def test_a_count_reads_no_more_than_it_tells(rows) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert paging.count_at_most(rows, 10) == 10
    assert "LIMIT 10" in queries[0]["sql"]


@pytest.mark.parametrize(("count", "shown"), [(0, ""), (12, "12"), (500, "500"), (501, "500+")])
def test_a_tab_says_more_than_500_so(count: int, shown: str) -> None:
    assert paging.tab_count(count) == shown
