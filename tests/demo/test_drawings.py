import io

import pytest
from PIL import Image, ImageChops, ImageStat

from config.demo import content, drawings
from config.demo.drawings import things
from config.demo.drawings.canvas import Canvas
from config.demo.drawings.land import SCENES
from config.demo.drawings.pictures import GOODS

ONE_OF_EACH_KIND = {
    product.drawing["kind"]: (coop, product)
    for coop in content.cooperatives()
    for product in coop.products
}


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg))


def test_every_product_and_place_can_be_drawn() -> None:
    assert set(ONE_OF_EACH_KIND) == set(GOODS)
    assert {coop.scene for coop in content.cooperatives()} <= set(SCENES)


@pytest.mark.parametrize("kind", sorted(GOODS))
def test_a_product_picture_is_four_to_three_and_says_it_is_drawn(kind) -> None:
    coop, product = ONE_OF_EACH_KIND[kind]
    image = opened(drawings.draw_product(product.slug, scene=coop.scene, **product.drawing))
    assert image.format == "JPEG"
    assert image.size == (800, 600)
    assert not image.getexif()
    assert says_it_is_drawn(image)


def test_covers_are_sixteen_to_nine_and_say_they_are_drawn() -> None:
    for jpeg in (
        drawings.draw_cover("htx-thuy-moc", "river"),
        drawings.draw_session("live", "terraces", ["Chè Shan Tuyết", "Mật ong rừng"]),
    ):
        image = opened(jpeg)
        assert image.size == (800, 450)
        assert says_it_is_drawn(image)


def test_the_words_would_be_missed() -> None:
    bare = Canvas(1280, 960)
    assert not says_it_is_drawn(opened(bare.finish()))
    things.signature(bare)
    assert says_it_is_drawn(opened(bare.finish()))


def test_the_same_product_is_drawn_the_same_way_and_another_differently() -> None:
    draw = drawings.draw_product
    first = draw("che-a", "tea", "Chè", tone="green", scene="terraces")
    assert draw("che-a", "tea", "Chè", tone="green", scene="terraces") == first
    assert draw("che-b", "tea", "Chè", tone="green", scene="terraces") != first


def test_long_words_are_made_to_fit() -> None:
    narrow = Canvas(400, 100)
    narrow.text(200, 50, "Bánh phồng tôm đặc biệt thượng hạng", 60, "#000000", fit=300)
    dark = narrow.image.convert("L").point(lambda level: 255 * (level < 128))
    box = dark.getbbox()
    assert box
    assert (box[2] - box[0]) / narrow.image.width * 400 <= 304


def says_it_is_drawn(image: Image.Image) -> bool:
    """Whether the corner shows the sign with the words “Hình minh hoạ”, as it is drawn on a sheet."""
    sheet = Canvas(1280, 960 if image.height == 600 else 720)
    things.signature(sheet)
    difference = ImageChops.difference(sign_of(image), sign_of(opened(sheet.finish())))
    return ImageStat.Stat(difference.convert("L")).mean[0] < 6


def sign_of(image: Image.Image) -> Image.Image:
    """The inside of the sign: 16 units from the lower right corner, see things.signature."""
    right, bottom = image.width - 15, image.height - 14
    return image.convert("RGB").crop((right - 112, bottom - 16, right, bottom))
