import time
from pathlib import Path

import pytest
from django.conf import settings

from config.demo.loading import origin, pictures
from config.tasks import draw_pictures
from coops.models import CooperativePhoto
from core.models import PICTURE_FILES, OutboxMessage, Picture
from tests.factories.coops import CooperativeFactory
from tests.factories.livestreams import SessionFactory
from tests.factories.products import LotFactory, ProductFactory
from tests.factories.traceability import TraceEventFactory
from tests.threads import all_at_once
from traceability.models import OriginCodeBatch

pytestmark = pytest.mark.django_db(transaction=True)  # two threads draw, each with its connection


def test_what_has_no_picture_gets_one_and_only_one() -> None:
    coop = CooperativeFactory(slug="htx-ba-khia-dam-doi")
    product = ProductFactory(cooperative=coop, slug="ba-khia-muoi-nguyen-con")
    harvest = TraceEventFactory(lot__variant__product=product)
    session = SessionFactory(
        cooperative=coop, title="Ba khía Đầm Dơi và bạn hàng rừng đước", is_simulated=True
    )

    assert pictures.load_pictures(within_s=60) == pictures.Hung(drawn=3, left=0)
    assert pictures.load_pictures(within_s=60) == pictures.Hung(drawn=0, left=0)
    assert not OutboxMessage.objects.filter(topic="config.pictures.wanted").exists()

    session.refresh_from_db()
    photo = product.photos.get()
    assert photo.alt.startswith("Hình minh hoạ")
    assert harvest.photos.get().picture == coop.photos.get().picture
    for picture in (session.cover, photo.picture, coop.photos.get().picture):
        assert all(files_of(picture))


def test_goods_that_are_not_of_the_demonstration_are_left_alone() -> None:
    ProductFactory(slug="che-cua-ai-do")
    assert pictures.load_pictures(within_s=60) == pictures.Hung(drawn=0, left=0)
    assert not Picture.objects.exists()


def test_codes_are_asked_for_once_a_lot_has_something_to_tell() -> None:
    lot = bare_lot()
    assert origin.request_codes() == 0
    pictures.load_pictures(within_s=60)
    assert origin.request_codes() == 1
    assert origin.request_codes() == 0
    assert OriginCodeBatch.objects.get().lot == lot


def test_what_the_start_has_no_time_for_is_drawn_by_the_worker(settings) -> None:
    settings.DEMO = True
    lot = bare_lot()
    assert pictures.load_pictures(within_s=0) == pictures.Hung(drawn=0, left=2)
    word = OutboxMessage.objects.get(topic="config.pictures.wanted")
    [(task, keys)] = settings.OUTBOX_TASKS[word.topic]
    assert (task, keys) == (draw_pictures.name, ())

    draw_pictures()
    draw_pictures()

    assert lot.product.photos.count() == 1
    assert OriginCodeBatch.objects.count() == 1


def test_two_who_draw_at_once_draw_each_picture_once() -> None:
    CooperativeFactory(slug="htx-ba-khia-dam-doi")
    all_at_once([lambda: pictures.load_pictures(within_s=60)] * 2)
    assert CooperativePhoto.objects.count() == 1


def test_without_the_lock_a_picture_would_be_drawn_twice() -> None:
    CooperativeFactory(slug="htx-ba-khia-dam-doi")
    all_at_once([lambda: pictures._draw(time.monotonic() + 60)] * 2)
    assert CooperativePhoto.objects.count() == 2


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
    return [(folder / picture.path(size, fmt)).stat().st_size for size, fmt in PICTURE_FILES]
