"""A province's figures by program: the page's sums, in the session with second factor only."""

import pytest

from tests.api.conftest import Api
from tests.cast import client_of
from tests.dashboards.reading import reader_of
from tests.factories.orders import OrderFactory
from tests.world import World


@pytest.fixture
def ha(world: World) -> Api:
    """Reviews for Lào Cai (15)."""
    return Api(client=reader_of(world.cast.ha))


def test_the_figures_equal_a_recount_of_the_lines(ha: Api, world: World) -> None:
    OrderFactory(offer=world.a.offer, quantity=3)
    OrderFactory(offer=world.a.offer, state="cancelled")
    answer = ha.get("provinces/15/figures/").json()

    assert answer["totals"] == {
        "order_count": 2,
        "unit_count": 5,
        "goods_vnd": 575_000,
        "weight_g": 1000,
    }
    assert answer["province"]["name"] == "Lào Cai"
    assert (answer["ocop"]["online"], answer["ocop"]["registered"]) == (1, 605)


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("phien", "session"),
        ("hop-tac-xa", "cooperative"),
        ("san-pham", "product"),
        ("xa", "commune"),
        ("ngay", "day"),
    ],
)
def test_every_table_has_a_row_for_what_was_sold(
    ha: Api, world: World, table: str, key: str
) -> None:
    rows = ha.get(f"provinces/15/figures/{table}/").json()["results"]
    keys = {
        "session": str(world.a.session.pk),
        "cooperative": world.a.cooperative.slug,
        "product": world.a.product.slug,
        "commune": "04609",
        "day": rows[0]["key"],
    }

    assert [(row["key"], row["unit_count"], row["goods_vnd"]) for row in rows] == [
        (keys[key], 2, 230_000)
    ]


def test_a_period_without_orders_has_figures_of_zero(ha: Api, world: World) -> None:
    answer = ha.get("provinces/15/figures/", starts_on="2021-01-01", ends_on="2021-12-31").json()

    assert set(answer["totals"].values()) == {0}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"starts_on": "2019-12-31"}, "starts_on"),
        ({"starts_on": "yesterday"}, "starts_on"),
        ({"starts_on": "2021-02-01", "ends_on": "2021-01-01"}, "ends_on"),
        ({"ends_on": "9999-12-31"}, "ends_on"),
        ({"ends_on": "0001-01-01"}, "ends_on"),
        ({"simulated": "perhaps"}, "simulated"),
    ],
)
def test_a_period_that_makes_no_sense_names_the_field(
    ha: Api, world: World, query: dict[str, str], field: str
) -> None:
    for path in ("provinces/15/figures/", "provinces/15/figures/xa/"):
        answer = ha.get(path, **query)
        assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_another_province_looks_missing(ha: Api, world: World) -> None:
    answers = [ha.get(f"provinces/{code}/figures/") for code in ("96", "00", "\0", "x")]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (404, answers[0].content)
    }
    assert ha.get("provinces/15/figures/khong-co/").status_code == 404


def test_without_second_factor_or_by_token_nothing_is_told(world: World, program_of) -> None:
    unproven = Api(client=client_of(world.cast.ha, verified=False)).get("provinces/15/figures/")
    by_token = program_of(world.cast.ha).get("provinces/15/figures/")

    assert (unproven.status_code, unproven.json()["code"]) == (403, "second_factor_missing")
    assert (by_token.status_code, by_token.json()["code"]) == (401, "not_authenticated")


def test_a_simulated_order_counts_only_when_asked_for(ha: Api, world: World) -> None:
    world.a.session.orders.update(is_simulated=True)

    without = ha.get("provinces/15/figures/").json()
    with_it = ha.get("provinces/15/figures/", simulated="true").json()

    assert (without["totals"]["order_count"], with_it["totals"]["order_count"]) == (0, 1)
    assert with_it["has_simulated"] is True
