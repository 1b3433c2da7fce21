"""Pictures of a co-op: several at once, captioned, moved, removed."""

import io
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from coops.errors import TooManyPhotos
from coops.models import CooperativePhoto
from coops.services.photos import MAX_PHOTOS, add_photo, move_photo
from tests.cast import Cast, client_of, make_cast
from tests.factories.coops import CooperativeFactory, CooperativePhotoFactory
from tests.factories.core import PictureFactory, photo_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def send(cast: Cast, *files: io.BytesIO) -> Any:
    data = {"pictures": list(files), "idempotency_key": str(uuid.uuid4())}
    return client_of(cast.mai).post(f"/lam-viec/{cast.coop_a.slug}/anh/", data)


def broken_file() -> io.BytesIO:
    file = io.BytesIO(b"%PDF-1.4 not a picture")
    file.name = "giay-phep.jpg"
    return file


def test_pictures_are_kept_in_the_order_sent(cast: Cast) -> None:
    assert send(cast, photo_file("a.jpg", (640, 480)), photo_file("b.jpg")).status_code == 302
    photos = list(cast.coop_a.photos.select_related("picture"))
    assert [photo.position for photo in photos] == [0, 1]
    assert [photo.picture.width for photo in photos] == [640, 800]
    for photo in photos:
        assert (Path(settings.MEDIA_ROOT) / photo.picture.path(320, "webp")).exists()


def test_the_good_ones_stay_when_one_cannot_be_used(cast: Cast) -> None:
    answer = send(cast, photo_file(), broken_file())
    assert answer.status_code == 302
    page = client_of(cast.mai).get(answer["Location"])
    assert cast.coop_a.photos.count() == 1
    assert page.status_code == 200


def test_a_file_that_is_no_picture_is_named_and_explained(cast: Cast) -> None:
    answer = send(cast, broken_file())
    assert answer.status_code == 422
    assert "giay-phep.jpg" in answer.context["form"].errors["pictures"][0]
    assert not cast.coop_a.photos.exists()


def test_no_file_is_explained(cast: Cast) -> None:
    assert send(cast).status_code == 422
    assert not cast.coop_a.photos.exists()


def test_a_page_holds_twelve() -> None:
    cooperative = CooperativeFactory()
    for _ in range(MAX_PHOTOS):
        add_photo(cooperative=cooperative, picture=PictureFactory())
    with pytest.raises(TooManyPhotos):
        add_photo(cooperative=cooperative, picture=PictureFactory())


def test_moving_changes_places_with_the_neighbour() -> None:
    cooperative = CooperativeFactory()
    a, b, c = [
        CooperativePhotoFactory(cooperative=cooperative, position=0, caption=name) for name in "abc"
    ]

    def order() -> str:
        return "".join(CooperativePhoto.objects.values_list("caption", flat=True))

    assert move_photo(photo=c, towards="front")
    assert order() == "acb"
    assert not move_photo(photo=a, towards="front")
    assert move_photo(photo=a, towards="back")
    assert order() == "cab"
    b.delete()
    assert not move_photo(photo=b, towards="back")


def test_captions_and_removal_belong_to_the_manager_of_the_co_op(cast: Cast) -> None:
    photo = CooperativePhotoFactory(cooperative=cast.coop_a, caption="")
    address = f"/lam-viec/{cast.coop_a.slug}/anh/{photo.pk}/"
    data = {"caption": "Chị em hái chè <b>", "idempotency_key": str(uuid.uuid4())}
    stranger = client_of(cast.thao)
    for act in ("chu-thich/", "chuyen/", "bo/"):
        assert stranger.post(f"{address}{act}", data).status_code == 404
        other = f"/lam-viec/{cast.coop_b.slug}/anh/{photo.pk}/{act}"
        assert stranger.post(other, data).status_code == 404
    mine = client_of(cast.mai)
    assert mine.post(f"{address}chu-thich/", data).status_code == 302
    photo.refresh_from_db()
    assert photo.caption == "Chị em hái chè <b>"
    assert "hái chè &lt;b&gt;" in mine.get(f"/lam-viec/{cast.coop_a.slug}/anh/").content.decode()
    data["idempotency_key"] = str(uuid.uuid4())
    assert mine.post(f"{address}bo/", data).status_code == 302
    assert not cast.coop_a.photos.exists()


def test_a_caption_too_long_is_explained_and_stays_typed(cast: Cast) -> None:
    photo = CooperativePhotoFactory(cooperative=cast.coop_a, caption="Cũ")
    data = {"caption": "dài " * 60, "idempotency_key": str(uuid.uuid4())}
    address = f"/lam-viec/{cast.coop_a.slug}/anh/{photo.pk}/chu-thich/"
    answer = client_of(cast.mai).post(address, data)
    assert answer.status_code == 422
    assert "dài dài dài" in answer.content.decode()
    photo.refresh_from_db()
    assert photo.caption == "Cũ"
