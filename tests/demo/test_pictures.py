from pathlib import Path

import pytest
from django.conf import settings

from config.demo.loading import origin, pictures
from core.models import PICTURE_FORMATS, PICTURE_SIZES, Picture
from tests.factories.coops import CooperativeFactory
from tests.factories.livestreams import SessionFactory
from tests.factories.products import LotFactory, ProductFactory
from tests.factories.traceability import TraceEventFactory
from traceability.models import OriginCodeBatch

pytestmark = pytest.mark.django_db(transaction=True)  # two threads draw, each with its connection


def test_what_has_no_picture_gets_one_and_only_one() -> None:
    coop = CooperativeFactory(slug="htx-ba-khia-dam-doi")
    product = ProductFactory(cooperative=coop, slug="ba-khia-muoi-nguyen-con")
    harvest = TraceEventFactory(lot__variant__product=product)
    session = SessionFactory(
        cooperative=coop, title="Ba khía Đầm Dơi và bạn hàng rừng đước", is_simulated=True
    )

    assert pictures.load_pictures() == 3
    assert pictures.load_pictures() == 0

    session.refresh_from_db()
    photo = product.photos.get()
    assert photo.alt.startswith("Hình minh hoạ")
    assert harvest.photos.get().picture == coop.photos.get().picture
    for picture in (session.cover, photo.picture, coop.photos.get().picture):
        assert all(files_of(picture))


def test_goods_that_are_not_of_the_demonstration_are_left_alone() -> None:
    ProductFactory(slug="che-cua-ai-do")
    assert pictures.load_pictures() == 0
    assert not Picture.objects.exists()


def test_codes_are_asked_for_once_a_lot_has_something_to_tell() -> None:
    lot = bare_lot()
    assert origin.request_codes() == 0
    pictures.load_pictures()
    assert origin.request_codes() == 1
    assert origin.request_codes() == 0
    assert OriginCodeBatch.objects.get().lot == lot


def bare_lot():
    """A lot of the demonstration before its product has a picture."""
    from tests.factories.accounts import UserFactory

    UserFactory(phone="+84900000108")  # the manager of the co-op, who asks
    coop = CooperativeFactory(slug="htx-ba-khia-dam-doi")
    lot = LotFactory(
        code="BK-MUOI500-01",
        variant__product__cooperative=coop,
        variant__product__slug="ba-khia-muoi-nguyen-con",
    )
    TraceEventFactory(lot=lot)
    return lot


def files_of(picture: Picture) -> list[int]:
    """Sizes in bytes of all the picture's files."""
    folder = Path(settings.MEDIA_ROOT)
    return [
        (folder / picture.path(size, fmt)).stat().st_size
        for size in PICTURE_SIZES
        for fmt in PICTURE_FORMATS
    ]
