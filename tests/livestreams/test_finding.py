"""How buyers come to a session: by its co-ops' names, by one search, from the page of a product."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.coops import CooperativeFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.products import ProductFactory

pytestmark = pytest.mark.django_db


def shown(address: str) -> str:
    response = Client().get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_a_session_is_found_by_each_co_op_in_it_also_under_a_new_name() -> None:
    session = SessionFactory(title="Chợ đầu xuân")
    guest = CooperativeFactory(name="HTX Bảo Nhai")
    slot = SlotFactory(session=session, cooperative=guest)
    address = reverse("list-sessions")
    assert session.title in shown(f"{address}?q=bao+nhai")
    assert session.title in shown(f"{address}?q=cho+nhai")
    guest.name = "HTX Cốc Lầu"
    guest.save()
    assert session.title in shown(f"{address}?q=coc+lau")
    assert session.title not in shown(f"{address}?q=bao+nhai")
    slot.joined_at = None
    slot.save()
    assert session.title not in shown(f"{address}?q=coc+lau")


def test_one_search_finds_sessions_too_what_is_on_air_first() -> None:
    for title, state in (("Chè cũ", "ended"), ("Chè mai", "coming"), ("Chè nay", "live")):
        SessionFactory(title=title, **({} if state == "live" else {state: True}))
    SessionFactory(title="Chè nháp", draft=True)
    page = shown(f"{reverse('search-market')}?q=che")
    assert page.index("Chè nay") < page.index("Chè mai") < page.index("Chè cũ")
    assert "Chè nháp" not in page
    assert "Không tìm thấy" not in page


def test_a_product_says_where_it_is_sold_now_and_next() -> None:
    product = ProductFactory()
    page = reverse("show-product", args=[product.slug])
    assert "Xem các phiên" in shown(page)
    live = OfferFactory(lot__variant__product=product, unit_price_vnd=99_000)
    order = f"{reverse('place-order', args=[live.session_id])}?suat={live.pk}"
    coming = OfferFactory(
        lot__variant__product=product,
        session=SessionFactory(coming=True, title="Phiên cuối tuần"),
        state="lined_up",
        unit_price_vnd=88_000,
    )
    seen = shown(page)
    assert f'href="{order}"' in seen
    assert seen.index("99.000") < seen.index("Phiên cuối tuần") < seen.index("88.000")
    assert f"?suat={coming.pk}" not in seen
    live.state = "sold_out"
    live.save()
    seen = shown(page)
    assert f'href="{order}"' not in seen
