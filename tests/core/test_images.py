"""Pictures from outside: what is published is small, upright, plain; what is hostile does no harm."""

import io

import pytest
from django.utils import translation
from PIL import Image, features

from core.images.intake import PictureRefused, ProcessedPicture
from tests.core.photographs import (
    BLUE,
    GREEN,
    RED,
    SECRETS,
    YELLOW,
    code_of,
    encoded,
    quarters,
    taken,
)


def shown(picture: ProcessedPicture, size: int = 1280, fmt: str = "webp") -> Image.Image:
    return Image.open(io.BytesIO(picture.files[size, fmt])).convert("RGB")


def looks_like(colour: tuple[int, ...], expected: tuple[int, ...], within: int = 12) -> bool:
    return all(abs(a - b) <= within for a, b in zip(colour, expected, strict=True))


def stands_upright(image: Image.Image) -> bool:
    x, y = image.width // 4, image.height // 4
    corners = [(x, y), (3 * x, y), (x, 3 * y), (3 * x, 3 * y)]
    pairs = zip(corners, (RED, GREEN, BLUE, YELLOW), strict=True)
    return all(looks_like(image.getpixel(at), colour) for at, colour in pairs)


# What is published


def test_a_photograph_comes_in_three_widths_and_two_formats():
    picture = taken(encoded(quarters(4000, 3000), quality=80))
    assert (picture.width, picture.height) == (1280, 960)
    assert set(picture.files) == {(s, f) for s in (320, 640, 1280) for f in ("avif", "webp")}
    for (size, fmt), content in picture.files.items():
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.size) == (fmt.upper(), (size, size * 3 // 4))
        assert stands_upright(image.convert("RGB"))


@pytest.mark.parametrize(
    ("size", "largest", "smallest"),
    [
        ((500, 400), (500, 400), (320, 256)),
        ((100, 80), (100, 80), (100, 80)),
        ((1, 1), (1, 1), (1, 1)),
        ((900, 8000), (288, 2560), (72, 640)),
        ((8000, 10), (1280, 2), (320, 1)),
    ],
)
def test_a_small_picture_is_not_blown_up_and_a_tall_one_is_made_narrower(size, largest, smallest):
    picture = taken(encoded(Image.new("RGB", size, RED), "PNG"))
    assert (picture.width, picture.height) == largest == shown(picture, fmt="avif").size
    assert shown(picture, 320).size == smallest


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_picture_stands_upright_however_the_phone_was_held(turn):
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    upright = quarters(240, 180)
    held = upright.transpose(Image.Transpose(back[turn])) if turn > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = turn
    for fmt in ("JPEG", "PNG", "WEBP"):
        picture = taken(encoded(held, fmt, exif=exif))
        assert (picture.width, picture.height) == (240, 180), fmt
        assert stands_upright(shown(picture)), fmt


@pytest.mark.parametrize("turn", [0, 9, 65535])
def test_nonsense_about_the_phone_is_not_believed(turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    assert stands_upright(shown(taken(encoded(quarters(), exif=exif))))


def test_nothing_but_colours_is_published():
    exif = Image.Exif()
    exif[0x010F] = "Canon"
    exif.get_ifd(0x8825)[2] = (22.0, 33.0, 44.0)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><script>GPS 22.33</script></x:xmpmeta>'
    dirty = encoded(quarters(), exif=exif, xmp=xmp, comment=b"<script>alert(1)</script>")
    dirty += b"PK\x03\x04 a zip behind the picture"
    assert any(secret in dirty for secret in SECRETS)
    for content in taken(dirty).files.values():
        assert not any(secret in content for secret in SECRETS)
        image = Image.open(io.BytesIO(content))
        assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
        assert not image.getexif()


@pytest.mark.parametrize("mode", ["L", "CMYK", "1", "P", "LA", "RGBA", "I;16"])
def test_pictures_of_every_kind_keep_their_look(mode):
    grey = Image.linear_gradient("L").resize((256, 256))
    if mode == "I;16":
        image = grey.convert("I").point(lambda level: level * 256).convert("I;16")
    else:
        image = Image.merge("RGB", (grey, grey, grey))
        image = image.quantize(64) if mode == "P" else image.convert(mode)
    picture = shown(taken(encoded(image, "JPEG" if mode == "CMYK" else "PNG")))
    assert looks_like(picture.getpixel((128, 20)), (20, 20, 20), 30)
    assert looks_like(picture.getpixel((128, 235)), (235, 235, 235), 30)


def test_what_is_see_through_lies_on_white():
    image = quarters().convert("RGBA")
    image.putalpha(0)
    for fmt, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True})):
        picture = shown(taken(encoded(image, fmt, **options)))
        assert looks_like(picture.getpixel((9, 9)), (255, 255, 255))
    palette = Image.new("P", (64, 64), 0)
    palette.putpalette([*RED, *GREEN])
    picture = shown(taken(encoded(palette, "PNG", transparency=0)))
    assert looks_like(picture.getpixel((9, 9)), (255, 255, 255))


def linear_profile() -> bytes:
    """An ICC profile of the sRGB primaries with light counted linearly."""

    def fixed(*values: float) -> bytes:
        return b"".join(round(v * 65536).to_bytes(4, "big", signed=True) for v in values)

    curve = b"curv" + bytes(8)
    white = (0.9642, 1.0, 0.8249)
    tags = {
        b"wtpt": b"XYZ " + bytes(4) + fixed(*white),
        b"rXYZ": b"XYZ " + bytes(4) + fixed(0.4361, 0.2225, 0.0139),
        b"gXYZ": b"XYZ " + bytes(4) + fixed(0.3851, 0.7169, 0.0971),
        b"bXYZ": b"XYZ " + bytes(4) + fixed(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    at, table, body = 132 + 12 * len(tags), len(tags).to_bytes(4, "big"), b""
    for name, content in tags.items():
        table += name + (at + len(body)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        body += content
    head = bytearray(128)
    head[0:4] = (at + len(body)).to_bytes(4, "big")
    head[8:12], head[12:24], head[36:40] = b"\x02\x40\0\0", b"mntrRGB XYZ ", b"acsp"
    head[68:80] = fixed(*white)
    return bytes(head) + table + body


def test_colours_of_another_space_are_moved_to_srgb():
    grey = Image.new("RGB", (64, 64), (55, 55, 55))
    plain = shown(taken(encoded(grey, quality=95))).getpixel((30, 30))
    moved = shown(taken(encoded(grey, quality=95, icc_profile=linear_profile()))).getpixel((30, 30))
    assert looks_like(plain, (55, 55, 55), 4)
    assert looks_like(moved, (128, 128, 128), 4)


def test_a_profile_that_makes_no_sense_is_left_out():
    data = encoded(quarters(), icc_profile=b"not a profile" * 20)
    assert stands_upright(shown(taken(data)))


def test_a_phone_picture_with_more_pictures_behind_it_is_one_picture():
    data = encoded(quarters(), "MPO", save_all=True, append_images=[quarters(64, 48)])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    picture = taken(data)
    assert (picture.width, picture.height) == (240, 180)
    assert stands_upright(shown(picture))


# What is refused


@pytest.mark.parametrize(
    "fmt", ["GIF", "TIFF", "BMP", "ICO", "PPM", "TGA", "PDF", "AVIF", "JPEG2000"]
)
def test_only_jpeg_png_and_webp_are_read(fmt):
    assert code_of(encoded(quarters(64, 48), fmt)) == "not_a_picture"


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_picture(data):
    assert code_of(data) in {"not_a_picture", "broken"}


def test_nothing_and_too_much():
    assert code_of(b"") == "empty"
    assert code_of(encoded(quarters()) + bytes(8 * 1024 * 1024)) == "too_big"


def test_the_limit_of_eight_megabytes_is_itself_allowed():
    data = encoded(quarters())
    picture = taken(data + bytes(8 * 1024 * 1024 - len(data)))
    assert picture.width == 240


@pytest.mark.parametrize("size", [(8001, 10), (10, 8001), (5001, 5000)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size):
    assert code_of(encoded(Image.new("L", size), "PNG")) == "too_many_pixels"


def test_the_largest_picture_allowed_is_taken():
    assert taken(encoded(Image.new("L", (5000, 5000)), "PNG")).width == 1280


@pytest.mark.parametrize("fmt", ["PNG", "WEBP"])
def test_a_picture_that_moves_is_refused(fmt):
    data = encoded(quarters(), fmt, save_all=True, append_images=[Image.new("RGB", (240, 180))])
    assert code_of(data) == "animated"


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP"])
def test_half_a_picture_is_broken(fmt):
    data = encoded(Image.effect_noise((400, 300), 60).convert("RGB"), fmt)
    assert code_of(data[: len(data) // 2]) == "broken"


def test_every_refusal_is_a_sentence_in_both_languages():
    for code in PictureRefused.messages:
        for language in ("vi", "en"):
            with translation.override(language):
                assert PictureRefused(code).message.endswith(".")


def test_the_formats_we_publish_can_be_written_here():
    assert features.check("avif")
    assert features.check("webp")
