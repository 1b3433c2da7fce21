"""Pictures from outside: what is published is small, upright, plain; what is hostile does no harm."""

import io
import json
import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image, features

from core.images import child, intake
from core.images.intake import PictureRefused, ProcessedPicture, take_picture
from tests.core import shared_data

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 30), (30, 30, 200), (220, 220, 30)
HARMLESS_MB, MEMORY_MB = 512, 700


def quarters(width: int = 240, height: int = 180) -> Image.Image:
    """Red and green above, blue and yellow below: one sees at once how it stands."""
    image = Image.new("RGB", (width, height))
    for column, row, colour in ((0, 0, RED), (1, 0, GREEN), (0, 1, BLUE), (1, 1, YELLOW)):
        image.paste(
            colour, (column * width // 2, row * height // 2, (column + 1) * width // 2, height)
        )
    return image


def encoded(image: Image.Image, fmt: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def taken(data: bytes) -> ProcessedPicture:
    return take_picture(io.BytesIO(data))


def code_of(data: bytes) -> str:
    with pytest.raises(PictureRefused) as refused:
        taken(data)
    assert refused.value.message
    return refused.value.code


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


SECRETS = [b"GPS", b"Canon", b"22.33", b"adobe:ns", b"<script", b"PK\x03\x04", b"Exif", b"ICCP"]


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


# What is hostile


def hostile_files() -> list[Path]:
    folders = ("own_images", "pillow_images")
    return [
        path
        for folder in folders
        for path in sorted((shared_data.FOLDER / "hostile" / folder).glob("*"))
    ]


# A small process between: the kernel counts a child's memory from what its parent held.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, file=sys.stderr)
"""


def cost_of(command: tuple[str, ...], data: bytes) -> tuple[bytes, float, float]:
    """What a program answers to `data`, its greatest memory in MB and its CPU seconds."""
    measured = [sys.executable, "-I", "-c", MEASURE, *command]
    done = subprocess.run(measured, input=data, capture_output=True, env={}, check=True)
    peak_mb, cpu_s = map(float, done.stderr.split()[-2:])
    return done.stdout, peak_mb, cpu_s


def test_no_hostile_picture_does_harm():
    shared_data.load("hostile/own_vn/cases.json")  # skips where the folder is absent
    files = hostile_files()
    assert len(files) > 50
    for path in files:
        data = path.read_bytes()
        said, peak_mb, cpu_s = cost_of(intake.COMMAND, data)
        assert peak_mb <= HARMLESS_MB, path.name
        assert cpu_s <= child.CPU_S, path.name
        picture, refused = shared_data.tried(intake._read, said)
        assert picture or refused.message
        for content in picture.files.values() if picture else ():
            assert Image.open(io.BytesIO(content)).format in {"AVIF", "WEBP"}
            assert not any(secret in content for secret in SECRETS), path.name


def test_the_heaviest_pictures_allowed_stay_within_memory_and_time():
    patches = Image.effect_noise((50, 50), 80).resize((5000, 5000), Image.Resampling.NEAREST)
    colours = Image.merge("RGBA", [patches] * 4)
    heavy = {
        "see-through WebP": encoded(colours, "WEBP", quality=30, method=0),
        "see-through PNG": encoded(colours, "PNG", compress_level=1),
        "progressive CMYK": encoded(patches.convert("CMYK"), progressive=True, quality=30),
    }
    for name, data in heavy.items():
        out, peak_mb, cpu_s = cost_of(intake.COMMAND, data)
        assert b'"width": 1280' in out[:200], name
        assert peak_mb <= HARMLESS_MB, name
        assert cpu_s <= child.CPU_S, name


def bomb(side: int = 13_300) -> bytes:
    """A PNG of a few kilobytes that becomes `side` × `side` pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
        )

    head = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes((1 + (side + 7) // 8) * side), 9)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def without(*guards: str) -> tuple[str, ...]:
    """The child with some of its guards off."""
    off = {
        "pixels": "child.MAX_PIXELS = child.MAX_SIDE = 10**10",
        "memory": "child.MEMORY_BYTES = 4 * 10**9",
    }
    folder = str(Path(child.__file__).parent)
    start = f"import sys; sys.path.insert(0, {folder!r}); import child"
    steps = [start, *(off[guard] for guard in guards), "child.main()"]
    return (sys.executable, "-I", "-c", "; ".join(steps))


def test_control_without_its_guards_the_child_takes_more_than_it_may():
    data = bomb()
    assert len(data) < 100_000
    out, peak_mb, _cpu = cost_of(without("pixels", "memory"), data)
    assert b'"width": 1280' in out[:200]
    assert peak_mb > MEMORY_MB


def test_the_limit_of_memory_holds_by_itself():
    out, peak_mb, _cpu = cost_of(without("pixels"), bomb())
    assert json.loads(out[4:]) == {"refused": "too_many_pixels"}
    assert peak_mb <= MEMORY_MB


def test_the_limit_of_pixels_holds_by_itself():
    out, peak_mb, _cpu = cost_of(without("memory"), bomb())
    assert json.loads(out[4:]) == {"refused": "too_many_pixels"}
    assert peak_mb <= 150


def test_a_child_that_counts_for_ever_is_ended(tmp_path, monkeypatch):
    endless = locked_down("import itertools; [None for _ in itertools.count() if False]")
    monkeypatch.setattr(intake, "COMMAND", endless)
    monkeypatch.setattr(intake, "WALL_S", 30)
    assert code_of(encoded(quarters())) == "broken"


def locked_down(then: str, cpu_s: int = 1) -> tuple[str, ...]:
    folder = str(Path(child.__file__).parent)
    steps = f"import sys; sys.path.insert(0, {folder!r}); import child; child.CPU_S = {cpu_s}"
    return (sys.executable, "-I", "-c", f"{steps}; child.lock_down(); {then}")


@pytest.mark.parametrize(
    "deed",
    [
        "open('/etc/passwd')",
        "open('{tmp}/new', 'w')",
        "import socket; socket.socket()",
        "import os; os.pipe()",
        "bytearray(800_000_000)",
    ],
)
def test_a_child_that_was_taken_over_can_do_little(deed, tmp_path):
    done = subprocess.run(
        locked_down(deed.replace("{tmp}", str(tmp_path))), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"Error" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_child_needs_pillow_alone():
    folder = str(Path(child.__file__).parent)
    steps = f"import sys; sys.path.insert(0, {folder!r}); import child; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", steps], capture_output=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.decode().split()}
    assert "PIL" in loaded
    assert not {"django", "core", "config", "numpy"} & loaded


def saying(frame: bytes) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", f"import os; os.write(1, bytes.fromhex('{frame.hex()}'))")


def frame(head: object, content: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return len(text).to_bytes(4, "big") + text + content


SIX = [[size, fmt, 16] for size in (1280, 640, 320) for fmt in ("avif", "webp")]
AVIF, WEBP = b"\0\0\0\x18ftypavif\0\0\0\0", b"RIFF\0\0\0\0WEBPVP8 "


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff{}",
        frame([]),
        frame({"refused": "a code we do not know"}),
        frame({"width": 1, "height": 1, "files": []}),
        frame({"width": 1, "height": 1, "files": SIX}, b"<script>alert(1)" * 6),
        frame({"width": 9999, "height": 1, "files": SIX}, (AVIF + WEBP) * 3),
        frame({"width": "x", "height": 1, "files": SIX}, (AVIF + WEBP) * 3),
        frame({"width": 1, "height": 1, "files": SIX}, (AVIF + WEBP) * 3 + b"more"),
        frame({"width": 1, "height": 1, "files": [["../../etc", "avif", 16]]}, AVIF),
    ],
)
def test_a_child_that_lies_is_not_believed(said, monkeypatch):
    monkeypatch.setattr(intake, "COMMAND", saying(said))
    assert code_of(encoded(quarters(64, 48))) == "broken"


def test_the_same_frame_told_truly_is_believed(monkeypatch):
    truth = frame({"width": 8, "height": 6, "files": SIX}, (AVIF + WEBP) * 3)
    monkeypatch.setattr(intake, "COMMAND", saying(truth))
    assert taken(b"x").files[640, "webp"] == WEBP


def test_a_child_that_hangs_is_ended_and_the_sender_may_try_again(monkeypatch, tmp_path):
    note = tmp_path / "pid"
    steps = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    monkeypatch.setattr(intake, "COMMAND", (sys.executable, "-c", steps))
    monkeypatch.setattr(intake, "WALL_S", 1.5)
    assert code_of(encoded(quarters())) == "busy"
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_without_a_child_the_sender_may_try_again(monkeypatch):
    monkeypatch.setattr(intake, "COMMAND", ("/nowhere/python",))
    assert code_of(encoded(quarters())) == "busy"


def test_only_so_many_at_once(monkeypatch):
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(intake, "_turns", turns)
    monkeypatch.setattr(intake, "WAIT_FOR_TURN_S", 0.05)
    with turns:
        assert code_of(encoded(quarters())) == "busy"
    assert taken(encoded(quarters())).width == 240


SEEDS = {fmt: encoded(quarters(64, 48), fmt) for fmt in ("JPEG", "PNG", "WEBP")}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_spoilt_pictures_are_taken_or_refused(fmt, data):
    seed = bytearray(SEEDS[fmt])
    for _ in range(data.draw(st.integers(0, 6))):
        seed[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(seed)))
    spoilt = bytes(seed[:cut]) + data.draw(st.binary(max_size=20))
    picture, refused = shared_data.tried(taken, spoilt)
    expected = {"not_a_picture", "broken", "too_many_pixels", "animated"}
    assert refused.code in expected if refused else picture.width <= 1280


def test_the_formats_we_publish_can_be_written_here():
    assert features.check("avif")
    assert features.check("webp")
