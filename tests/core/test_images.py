"""Pictures from outside: what is published is small, upright, plain; what is hostile does no harm."""

import io
import zlib

import pytest
from django.utils import translation
from PIL import Image, features

from core.images.intake import PictureRefused, ProcessedPicture, take_pages
from core.models import PICTURE_FILES
from tests.core.photographs import (
    BLUE,
    GREEN,
    HEIC,
    HEIC_SIDEWAYS,
    RED,
    SECRETS,
    YELLOW,
    code_of,
    encoded,
    pdf,
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


def test_a_photograph_comes_in_three_widths_and_two_formats_and_once_as_jpeg():
    picture = taken(encoded(quarters(4000, 3000), quality=80))
    assert (picture.width, picture.height) == (1280, 960)
    modern = {(s, f) for s in (320, 640, 1280) for f in ("avif", "webp")}
    assert set(picture.files) == modern | {(640, "jpg")} == set(PICTURE_FILES)
    for (size, fmt), content in picture.files.items():
        image = Image.open(io.BytesIO(content))
        assert (image.format, image.size) == (
            fmt.upper().replace("JPG", "JPEG"),
            (size, size * 3 // 4),
        )
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


@pytest.mark.parametrize("fmt", ["AVIF", "GIF"])
def test_what_the_platform_and_messengers_send_is_taken_as_well(fmt):
    assert stands_upright(shown(taken(encoded(quarters(), fmt))))


@pytest.mark.parametrize(("data", "size"), [(HEIC, (240, 180)), (HEIC_SIDEWAYS, (180, 240))])
def test_a_photo_as_phones_keep_it_is_taken_upright(data, size):
    picture = taken(data)
    assert (picture.width, picture.height) == size
    top_left = shown(picture).getpixel((picture.width // 4, picture.height // 4))
    assert looks_like(top_left, RED if size[0] == 240 else GREEN)


def chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + name + body + check


SPOILT_EXIF = b"Exif\0\0II*\0\x08\0\0\0" + b"".join(
    [
        b"\x03\0",
        b"\x0f\x01\x02\0\xff\xff\xff\x7f\xff\xff\xff\x7f",  # a maker's name of two gigabytes
        b"\x12\x01\x03\0\x01\0\0\0\x01\0\0\0",
        b"\x69\x87\x63\0\x01\0\0\0\xff\xff\xff\xff",  # a kind there is not, beyond the end
    ]
)


def behind_the_start(data: bytes, *segments: bytes) -> bytes:
    return data[:2] + b"".join(segments) + data[2:]


def spoilt_metadata() -> dict[str, bytes]:
    jpeg, png = encoded(quarters()), encoded(quarters(), "PNG")
    app1 = b"\xff\xe1" + (len(SPOILT_EXIF) + 2).to_bytes(2, "big") + SPOILT_EXIF
    mpf = b"\xff\xe2\x00\x20MPF\0" + b"\xee" * 26
    comment = b"\xff\xfe\xff\xff" + b"x" * 65533
    words = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3_000_000)))
    plain_words = chunk(b"tEXt", b"Comment\0" + b"x" * 1_500_000)
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(3_000_000)))
    spoilt = (chunk(b"iTXt", b"x") + chunk(b"eXIf", SPOILT_EXIF))[:-4] + b"\0\0\0\0"
    sound = Image.Exif()
    sound[0x010F] = "Canon"
    avif = encoded(quarters(), "AVIF", exif=sound)
    assert avif.count(b"MM\0*") + avif.count(b"II*\0") == 1
    return {
        "EXIF": behind_the_start(jpeg, app1),
        "more pictures": behind_the_start(jpeg, mpf),
        "comments": behind_the_start(jpeg, *[comment] * 30),
        "packed words": png[:33] + words + png[33:],
        "words": png[:33] + plain_words + png[33:],
        "colour profile": png[:33] + profile + png[33:],
        "wrong check": png[:33] + spoilt + png[33:],
        "WebP": encoded(quarters(), "WEBP", exif=SPOILT_EXIF),
        "AVIF": avif.replace(b"MM\0*", b"MM??").replace(b"II*\0", b"II??"),
        "HEIC": HEIC_SIDEWAYS.replace(b"Exif\0\0MM", b"Exif\0\0XX"),
    }


def test_what_is_wrong_about_a_picture_is_not_wrong_with_it():
    for name, data in spoilt_metadata().items():
        picture = taken(data)
        assert name == "HEIC" or stands_upright(shown(picture)), name


def test_control_the_decoder_itself_trips_over_words_and_profiles():
    for name in ("packed words", "colour profile", "wrong check"):
        with pytest.raises((ValueError, SyntaxError, OSError)):
            Image.open(io.BytesIO(spoilt_metadata()[name]), formats=["PNG"]).load()


# Papers


def pages_of(data: bytes) -> list[ProcessedPicture]:
    return take_pages(io.BytesIO(data))


def test_each_page_of_a_paper_becomes_a_picture():
    pages = pages_of(pdf((595, 842), (842, 595), (100, 100)))
    assert [(page.width, page.height) for page in pages] == [
        (1280, 1811),
        (1280, 905),
        (1280, 1280),
    ]
    for page in pages:
        darkest, lightest = shown(page).convert("L").getextrema()
        assert darkest < 60
        assert lightest > 240


def test_a_photo_is_a_paper_of_one_page():
    assert [page.width for page in pages_of(encoded(quarters()))] == [240]


def test_papers_that_are_refused():
    with pytest.raises(PictureRefused) as too_long:
        pages_of(pdf(*[(100, 100)] * 11))
    with pytest.raises(PictureRefused) as spoilt:
        pages_of(pdf((100, 100))[:200])
    assert (too_long.value.code, spoilt.value.code) == ("too_many_pages", "broken")
    assert code_of(pdf((100, 100))) == "paper"


# What is refused


@pytest.mark.parametrize("fmt", ["TIFF", "BMP", "ICO", "PPM", "TGA", "JPEG2000"])
def test_what_phones_do_not_make_is_not_read(fmt):
    assert code_of(encoded(quarters(64, 48), fmt)) == "not_a_picture"


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x18ftypavif\0\0\0\0mif1avif",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
    ],
)
def test_what_is_no_picture(data):
    assert code_of(data) in {"not_a_picture", "broken"}


def test_nothing_and_too_much():
    assert code_of(b"") == "empty"
    assert code_of(encoded(quarters()) + bytes(24 * 1024 * 1024)) == "too_big"


def test_the_limit_of_24_megabytes_is_itself_allowed():
    data = encoded(quarters())
    picture = taken(data + bytes(24 * 1024 * 1024 - len(data)))
    assert picture.width == 240


@pytest.mark.parametrize("size", [(17_001, 10), (10, 17_001), (9_000, 7_500)])
def test_too_many_pixels_are_refused_before_they_are_decoded(size):
    assert code_of(encoded(Image.new("L", size), "PNG")) == "too_many_pixels"


@pytest.mark.parametrize(
    ("fmt", "size"), [("PNG", (9248, 6944)), ("JPEG", (9248, 6944)), ("JPEG", (12_000, 9_000))]
)
def test_the_largest_photos_of_phones_are_taken(fmt, size):
    assert taken(encoded(Image.new("L", size), fmt)).width == 1280


@pytest.mark.parametrize("fmt", ["PNG", "WEBP", "GIF", "AVIF"])
def test_of_a_picture_that_moves_the_first_frame_is_taken(fmt):
    next_one = Image.new("RGB", (240, 180))
    data = encoded(quarters(), fmt, save_all=True, append_images=[next_one], duration=100)
    assert stands_upright(shown(taken(data)))


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "AVIF"])
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
