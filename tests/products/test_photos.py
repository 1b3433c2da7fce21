"""Photos of a product: good ones stay, bad ones are named, nothing is lost by removing."""

import io
import re

import pytest
from django.test import Client
from django.urls import reverse

from products.models import Product
from products.services.photos import MAX_PHOTOS
from tests.cast import Cast
from tests.core.shared_data import content
from tests.factories.core import photo_file
from tests.factories.products import ProductFactory, ProductPhotoFactory
from tests.products.conftest import send, text_of


@pytest.fixture
def product(cast: Cast) -> Product:
    return ProductFactory(draft=True, cooperative=cast.coop_a)


def add(product: Product) -> str:
    return reverse("add-photos", args=[product.pk])


def editor(product: Product) -> str:
    return reverse("edit-product", args=[product.pk]) + "?step=photos"


def in_line(product: Product) -> list[int]:
    return list(product.photos.order_by("position").values_list("pk", flat=True))


def test_several_photos_come_in_one_go_and_the_first_is_the_cover(mai: Client, product: Product):
    response = send(mai, add(product), photos=[photo_file("mot.jpg"), photo_file("hai.jpg")])
    assert response["Location"].endswith("?step=photos#step-photos")
    assert [photo.position for photo in product.photos.all()] == [0, 1]
    picture = product.cover
    assert picture is not None
    assert picture.url(320, "webp") in text_of(mai.get(editor(product)))


def test_pressing_twice_keeps_one_photo(mai: Client, product: Product):
    for _ in range(2):
        assert send(mai, add(product), key="k" * 20, photos=photo_file()).status_code == 302
    assert product.photos.count() == 1


def test_the_good_photo_stays_and_the_bad_one_is_named(mai: Client, product: Product):
    bad = io.BytesIO(b"<script>alert(1)</script>")
    bad.name = "xau<b>.jpg"
    response = mai.post(
        add(product),
        {"idempotency_key": "k" * 20, "photos": [bad, photo_file("tot.jpg")]},
        follow=True,
    )
    assert product.photos.count() == 1
    assert "xau&lt;b&gt;.jpg" in text_of(response)


@pytest.mark.parametrize("as_script", [False, True])
def test_no_photo_at_all_is_said_at_the_field(mai: Client, product: Product, as_script: bool):
    headers = {"Accept": "application/json"} if as_script else {}
    data = {"idempotency_key": "k" * 20}
    response = mai.post(add(product), data, headers=headers)
    assert response.status_code == 422
    if as_script:
        assert response.json() == {"refused": ["Hãy chọn hoặc chụp ít nhất một ảnh."]}
    else:
        assert "Hãy chọn hoặc chụp ít nhất một ảnh." in text_of(response)


HOSTILE = [
    "empty.jpg",
    "svg_script.svg",
    "zero_width.png",
    "bomb_20000x20000_1bit.png",
    "lie_60000x60000_header_10rows.png",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_gets_a_clear_sentence_at_the_field(
    mai: Client, product: Product, name: str
):
    file = io.BytesIO(content(f"hostile/own_images/{name}"))
    file.name = name
    response = send(mai, add(product), photos=file)
    errors = response.context["forms"]["photos"].errors["photos"]
    assert response.status_code == 422
    assert len(errors[0]) > 20
    assert 'id="photos_photos_error"' in text_of(response)
    assert product.photos.count() == 0


def test_of_a_moving_picture_the_first_frame_is_kept(mai: Client, product: Product):
    file = io.BytesIO(content("hostile/own_images/gif_1500_frames.gif"))
    file.name = "gif_1500_frames.gif"
    response = send(mai, add(product), photos=file)
    assert response.status_code == 302, text_of(response)
    assert product.photos.count() == 1


def test_a_photo_keeps_nothing_of_where_it_was_taken(mai: Client, product: Product):
    from pathlib import Path

    from django.conf import settings
    from PIL import Image

    file = io.BytesIO(content("hostile/own_images/gps_orientation6.jpg"))
    file.name = "gps.jpg"
    assert send(mai, add(product), photos=file).status_code == 302
    picture = product.cover
    assert picture is not None
    with Image.open(Path(settings.MEDIA_ROOT) / picture.path(640, "webp")) as kept:
        assert not kept.getexif()


def test_more_photos_than_fit_are_refused_with_the_number(mai: Client, product: Product):
    for _ in range(MAX_PHOTOS):
        ProductPhotoFactory(product=product)
    response = send(mai, add(product), photos=photo_file())
    assert response.status_code == 422
    assert product.photos.count() == MAX_PHOTOS
    too_many = [photo_file(f"{n}.jpg") for n in range(MAX_PHOTOS + 1)]
    assert send(mai, add(product), photos=too_many).status_code == 422


def test_photos_move_and_get_words(mai: Client, product: Product):
    first, second, third = (ProductPhotoFactory(product=product) for _ in range(3))

    def move(photo, where: str) -> int:
        return send(mai, reverse("edit-photo", args=[photo.pk]), move=where).status_code

    assert move(third, "earlier") == 302
    assert in_line(product) == [first.pk, third.pk, second.pk]
    move(first, "earlier")  # already first
    move(third, "first")
    assert in_line(product) == [third.pk, first.pk, second.pk]
    assert move(first, "sideways") == 404
    send(mai, reverse("edit-photo", args=[first.pk]), alt="  Nương  chè ")
    first.refresh_from_db()
    assert first.alt == "Nương chè"
    long = send(mai, reverse("edit-photo", args=[first.pk]), alt="x" * 161)
    assert long.status_code == 422
    assert "x" * 161 in text_of(long)


def test_a_removed_photo_can_be_put_back_where_it_was(mai: Client, product: Product):
    first, second, third = (ProductPhotoFactory(product=product) for _ in range(3))
    removed = send(mai, reverse("remove-photo", args=[second.pk]))
    assert in_line(product) == [first.pk, third.pk]
    page = text_of(mai.get(removed["Location"]))
    undo = re.search(r'name="undo" value="([^"]+)"', page)
    assert undo
    back = reverse("restore-photo", args=[product.pk])
    assert send(mai, back, undo=undo[1]).status_code == 302
    assert send(mai, back, undo=undo[1]).status_code == 302  # twice is once
    pictures = list(product.photos.order_by("position").values_list("picture", flat=True))
    assert pictures == [first.picture_id, second.picture_id, third.picture_id]


def test_an_undo_word_of_another_product_or_made_up_puts_nothing_back(
    mai: Client, cast: Cast, product: Product
):
    other = ProductFactory(draft=True, cooperative=cast.coop_a)
    photo = ProductPhotoFactory(product=other)
    removed = send(mai, reverse("remove-photo", args=[photo.pk]))
    undo = re.search(r"undo=([^#]+)", removed["Location"])
    assert undo
    for word in (undo[1], "made-up", ""):
        response = send(mai, reverse("restore-photo", args=[product.pk]), undo=word)
        assert response.status_code == 409
    assert product.photos.count() == 0
