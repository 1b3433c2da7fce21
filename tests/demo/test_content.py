import re
from collections import Counter

import pytest

from config.demo import content, numbers
from coops.models import Cooperative
from core.phones import is_mobile, normalize_phone
from core.tax_codes import normalize_tax_code
from products.gtins import normalize_gtin
from products.models import Category, OcopRecognition, Product
from products.services.stock import LOT_CODE
from traceability.models import TraceEvent

PRODUCTS = [(coop, product) for coop in content.cooperatives() for product in coop.products]
SESSIONS = [*content.sessions().past, content.sessions().live, content.sessions().coming]


def test_there_is_enough_to_look_at() -> None:
    assert len(content.cooperatives()) >= 9
    assert len(PRODUCTS) >= 42
    assert {coop.province for coop in content.cooperatives()} == {"15", "12", "96", "08"}
    assert {coop.kind for coop in content.cooperatives()} == set(Cooperative.Kind.values)
    assert any(coop.is_women_led for coop in content.cooperatives())
    assert any(coop.state == Cooperative.State.WAITING for coop in content.cooperatives())


def test_the_places_of_the_reports_are_there() -> None:
    communes = {coop.commune for coop in content.cooperatives()}
    assert {"04609", "04714", "02890", "03390", "32002", "32182", "00889"} <= communes


def test_tax_codes_are_right_in_form_and_of_no_office_that_exists() -> None:
    codes = [coop.tax_code for coop in content.cooperatives()]
    assert len(set(codes)) == len(codes)
    for code in codes:
        assert normalize_tax_code(code) == code
        assert code.startswith("99")


def test_a_wrong_check_digit_would_have_been_noticed() -> None:
    code = content.cooperatives()[0].tax_code
    spoilt = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
    with pytest.raises(Exception, match=r".+"):
        normalize_tax_code(spoilt)


def test_gtins_are_of_the_demonstration_prefix_and_each_is_one_packs(settings) -> None:
    settings.DEMO = True
    gtins = [pack.gtin for _coop, product in PRODUCTS for pack in product.variants if pack.gtin]
    assert len(gtins) > 20
    assert len(set(gtins)) == len(gtins)
    assert any(not pack.gtin for _coop, product in PRODUCTS for pack in product.variants)
    for gtin in gtins:
        assert gtin[:4] == "0952"
        assert normalize_gtin(gtin) == gtin


def test_phones_can_be_dialled_and_are_recognisable() -> None:
    phones = [person.phone for person in content.people()]
    assert len(set(phones)) == len(phones)
    for phone in phones:
        assert phone.startswith("0900000")
        assert is_mobile(normalize_phone(phone))
    assert is_mobile(normalize_phone(numbers.buyer_phone(99_999)))


def test_everyone_who_signs_in_is_named_as_a_role() -> None:
    assert all(person.display_name.endswith("(mẫu)") for person in content.people())
    roles = Counter(person.role for person in content.people())
    assert roles["reviewer"] == roles["viewer"] == 4
    assert roles["manager"] == roles["host"] == len(content.cooperatives())


def test_slugs_and_lot_codes_are_the_only_ones_of_their_kind() -> None:
    slugs = [product.slug for _coop, product in PRODUCTS]
    codes = [lot.code for _coop, product in PRODUCTS for lot in product.lots]
    assert len(set(slugs)) == len(slugs)
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(LOT_CODE, code) for code in codes)


def test_every_product_can_be_sold_as_it_stands() -> None:
    for _coop, product in PRODUCTS:
        assert product.category in Category.values, product.slug
        assert product.process in content.steps(), product.slug
        assert product.state in Product.State.values
        assert len(product.story) > 80, product.slug
        assert all(pack.price_vnd % 1000 == 0 for pack in product.variants)
        assert all(lot.variant < len(product.variants) for lot in product.lots)
        fresh = [lot for lot in product.lots if product.shelf_life_days]
        assert all(lot.days_ago < product.shelf_life_days for lot in fresh), product.slug


def test_every_diary_begins_with_where_it_came_from_and_ends_packed() -> None:
    for kind, steps in content.steps().items():
        assert steps[0].step in {"harvest", "collect"}, kind
        assert steps[-1].step == TraceEvent.Step.PACK, kind
        assert [step.after for step in steps] == sorted(step.after for step in steps), kind
        assert {step.step for step in steps} <= set(TraceEvent.Step.values), kind


def test_recognitions_of_every_fate_are_there_and_none_looks_real() -> None:
    found = [mark for _coop, product in PRODUCTS for mark in product.recognitions]
    assert {mark.stars for mark in found} == {3, 4, 5}
    assert {mark.state for mark in found} == {
        OcopRecognition.State.VERIFIED,
        OcopRecognition.State.WAITING,
    }
    assert any(mark.months_ago > 36 for mark in found)
    assert all(mark.number.startswith("MẪU-") for mark in found)
    numbers_given = [mark.number for mark in found]
    assert len(set(numbers_given)) == len(numbers_given)
    five = [mark for mark in found if mark.stars == 5]
    assert all(mark.issuer == content.MINISTRY for mark in five)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.key)
def test_a_session_sells_only_what_its_co_ops_make(session) -> None:
    made = {product.slug: (coop.slug, product) for coop, product in PRODUCTS}
    for offer in session.offers:
        coop, product = made[offer.product_slug]
        pack = product.variants[offer.pack]
        assert coop in session.cooperatives
        assert offer.price_vnd < pack.price_vnd
        assert product.state == Product.State.PUBLISHED


def test_the_great_session_has_the_shape_that_was_reported() -> None:
    session = next(s for s in content.sessions().past if s.orders == 2500)
    assert session.minutes == 240
    assert f"{session.starts_at:%Y-%m-%d %z}" == "2025-11-04 +0700"
    holder = next(c for c in content.cooperatives() if c.slug == session.cooperative)
    assert holder.commune == "03390"


def test_the_accounts_that_take_transfers_say_that_they_are_none() -> None:
    assert "KHONG CHUYEN TIEN" in content.BANK_ACCOUNT_NAME
    assert set(numbers.bank_account(7)) <= {"0", "7"}
