"""Decode one picture from a stranger, in a process that has little to lose.

Started by core.images.intake as a program of its own: bytes on standard input, a frame on standard
output. Imports Pillow alone, and sets its own limits before it reads a byte. The frame is a length
(four bytes, big endian), that many bytes of JSON, then the files one after the other:
{"width", "height", "files": [[size, format, bytes], ...]} or {"refused": code}.
"""

import io
import json
import os
import resource
import sys
import warnings
from typing import Any

from PIL import (
    AvifImagePlugin,  # noqa: F401 - loaded now: no file can be opened later
    Image,
    ImageCms,
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)
from PIL.ImageFile import ImageFile

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIDE = 8_000
MEMORY_BYTES = 700 * 1000 * 1000
CPU_S = 5

SIZES = (320, 640, 1280)  # widths; a picture is never made larger
FORMATS = ("avif", "webp")
TALLEST = 2  # a picture taller than twice its width is made narrower instead

READ = ("JPEG", "PNG", "WEBP")  # MPO, a JPEG with more behind it, comes from phones as JPEG
SRGB = ImageCms.createProfile("sRGB")
WHITE = (255, 255, 255)


class Refused(Exception):
    """The picture cannot be taken; args[0] is the code."""


def lock_down() -> None:
    """Little memory and time, no new file, no new process: for good."""
    Image.preinit()
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))


def prepare(data: bytes) -> tuple[int, int, list[tuple[int, str, bytes]]]:
    """Width and height of the largest file, and every file. Raises Refused."""
    if len(data) > MAX_BYTES:
        raise Refused("too_big")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "Image appears to be a malformed MPO")  # read as JPEG
        try:
            largest = on_white(shrunk(data))
        except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
            raise Refused("too_many_pixels") from None
        except Refused:
            raise
        except Exception:  # noqa: BLE001 - a decoder may fail in any way on purpose-made bytes
            raise Refused("broken") from None
    return largest.width, largest.height, files_of(largest)


def opened(data: bytes) -> ImageFile:
    """The picture, its header read and found acceptable; nothing is decoded yet."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        image = Image.open(io.BytesIO(data), formats=READ)
    except Image.UnidentifiedImageError:
        raise Refused("not_a_picture") from None
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise Refused("too_many_pixels")
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        raise Refused("animated")
    return image


def orientation(image: Image.Image) -> int:
    """How the camera was held (EXIF, 1 to 8); upright when that cannot be read."""
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001 - metadata is dropped anyway
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def fitted(width: int, height: int, size: int) -> tuple[int, int]:
    """The size of a file `size` wide: never larger than the picture, never very tall."""
    scale = min(1.0, size / width, size * TALLEST / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrunk(data: bytes) -> Image.Image:
    """The picture as large as the largest file, the right way up, RGB or RGBA in sRGB."""
    image: Image.Image = opened(data)
    turn, icc = orientation(image), image.info.get("icc_profile")
    is_sideways = turn >= 5
    target = fitted(*(image.size[::-1] if is_sideways else image.size), SIZES[-1])
    target = target[::-1] if is_sideways else target
    image.draft(None, target)  # a JPEG is decoded at a half, a quarter or an eighth
    image.load()
    image = plain(image)  # the decoder's own memory goes here
    small = image.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return turned(in_srgb(small, icc), turn)


def plain(image: Image.Image) -> Image.Image:
    """Decoded, in a mode that can be resized: L, RGB, RGBA or CMYK."""
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in {"L", "RGB", "CMYK"} else image.convert("RGB")


def in_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """RGB or RGBA in the web's colour space; a profile that makes no sense is left out."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if not icc:
        return image.convert(mode)
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        moved = ImageCms.profileToProfile(image, profile, SRGB, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image.convert(mode)
    return moved or image.convert(mode)


def turned(image: Image.Image, turn: int) -> Image.Image:
    ways = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return image.transpose(ways[turn]) if turn in ways else image


def on_white(image: Image.Image) -> Image.Image:
    """A fresh RGB picture: nothing comes along but colours."""
    paper = Image.new("RGB", image.size, WHITE)
    paper.paste(image, mask=image.getchannel("A") if image.mode == "RGBA" else None)
    return paper


def files_of(largest: Image.Image) -> list[tuple[int, str, bytes]]:
    """Each size in each format, made from the next larger one; a repeated size is made once."""
    files: list[tuple[int, str, bytes]] = []
    image, last = largest, None
    for size in reversed(SIZES):
        target = fitted(largest.width, largest.height, size)
        image = image if image.size == target else image.resize(target, Image.Resampling.LANCZOS)
        if last is None or last.size != target:
            encoded = {fmt: ENCODERS[fmt](image) for fmt in FORMATS}
        files += [(size, fmt, encoded[fmt]) for fmt in FORMATS]
        last = image
    return files


def avif(image: Image.Image) -> bytes:
    speed = 9 if image.width > 640 else 7  # measured: 9 costs a third of 8 and 5 % of size
    return saved(image, "AVIF", quality=50, speed=speed, subsampling="4:2:0", max_threads=1)


def webp(image: Image.Image) -> bytes:
    return saved(image, "WEBP", quality=75, method=4)


def saved(image: Image.Image, fmt: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


ENCODERS = {"avif": avif, "webp": webp}


def answer(data: bytes) -> bytes:
    """The frame for the parent."""
    try:
        width, height, files = prepare(data)
    except Refused as refused:
        head: dict[str, Any] = {"refused": refused.args[0]}
        files = []
    else:
        sizes = [(size, fmt, len(content)) for size, fmt, content in files]
        head = {"width": width, "height": height, "files": sizes}
    text = json.dumps(head).encode()
    return b"".join([len(text).to_bytes(4, "big"), text, *(content for _s, _f, content in files)])


def main() -> None:
    lock_down()
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(MAX_BYTES + 1)))
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing to tidy up: the process held nothing


if __name__ == "__main__":
    main()
