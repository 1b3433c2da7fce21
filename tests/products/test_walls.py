"""Between co-ops: what belongs to another looks as if it were not there, on every route."""

import pytest
from django.test import Client
from django.urls import reverse

from products.models import Product
from products.urls import urlpatterns
from tests.cast import Cast, client_of
from tests.factories.products import (
    LotFactory,
    OcopRecognitionFactory,
    OcopRegisterFactory,
    ProductFactory,
    ProductPhotoFactory,
)
from tests.products.conftest import send

PUBLIC = {"list-products", "show-product", "show-cooperative"}


@pytest.fixture
def everything(cast: Cast) -> dict[str, object]:
    """A published product of co-op A with all there can be, by the names of route arguments."""
    lot = LotFactory(variant__product=ProductFactory(cooperative=cast.coop_a))
    product = lot.product
    return {
        "cooperative_slug": cast.coop_a.slug,
        "product_slug": product.slug,
        "product_id": product.pk,
        "photo_id": ProductPhotoFactory(product=product).pk,
        "variant_id": lot.variant_id,
        "lot_id": lot.pk,
        "recognition_id": OcopRecognitionFactory(product=product, waiting=True).pk,
        "register_id": OcopRegisterFactory(province=cast.coop_a.commune.province).pk,
        "province_code": "15",
    }


def url_of(name: str, everything: dict[str, object]) -> str:
    pattern = next(p for p in urlpatterns if p.name == name)
    wanted = pattern.pattern.converters
    return reverse(name, kwargs={key: everything[key] for key in wanted})


NAMES = [pattern.name for pattern in urlpatterns]
GUARDED = [name for name in NAMES if name not in PUBLIC]


@pytest.mark.parametrize("name", GUARDED)
def test_nobody_but_the_own_manager_or_reviewer_gets_in(
    cast: Cast, everything: dict[str, object], name: str
):
    """Those it is for are let in by every route: tests/architecture/test_access_matrix.py."""
    url = url_of(name, everything)
    before = snapshot()
    for person in (cast.thao, cast.minh, cast.lan, cast.binh):
        client = client_of(person)
        assert client.get(url).status_code in {404, 405, 302}
        if "province" in url or name.startswith(("review", "list-registers")):
            assert client.get(url).status_code in {404, 302}
        answer = send(client, url, form="name", name="Của tôi", move="first", decision="verify")
        assert answer.status_code in {404, 405} or "/xac-minh/" in answer.get("Location", "")
    stranger = Client()
    assert "/dang-nhap/" in stranger.get(url).get("Location", "")
    assert "/dang-nhap/" in send(stranger, url).get("Location", "")
    assert snapshot() == before


def snapshot() -> list[object]:
    product = Product.objects.get()
    return [
        product.name,
        product.state,
        product.unfinished,
        list(product.photos.values_list("pk", "position")),
        list(product.variants.values_list("name", "is_active")),
        list(product.recognitions.values_list("state", flat=True)),
    ]
