"""Decode one picture from a stranger, in a process that has little to lose.

Started by core.images.intake as a program of its own, with the kind of file and the number of a
page as arguments: bytes on standard input, a frame on standard output. Imports Pillow and the
decoder of that kind alone, and sets its own limits before it reads a byte. The frame is a length
(four bytes, big endian), that many bytes of JSON, then the files one after the other:
{"width", "height", "pages", "files": [[size, format, bytes], ...]} or {"refused": code}.
"""

import copy  # noqa: F401 - the decoder of moving pictures would look for it later
import io
import json
import os
import sys
import warnings
from typing import Any

from PIL import (
    AvifImagePlugin,  # loaded now: no file can be opened later
    GifImagePlugin,  # noqa: F401
    Image,
    ImageCms,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)
from PIL.ImageFile import ImageFile

from core.images.confinement import lock_down
from core.images.containers import bare, kind_of, orientation_of

MAX_BYTES = 24 * 1024 * 1024
MAX_PIXELS = 66_000_000  # a phone's 64 megapixels
MAX_JPEG_PIXELS = 110_000_000  # decoded at a fraction of its size
MAX_SIDE = 17_000

SIZES = (320, 640, 1280)  # widths; a picture is never made larger
FORMATS = ("avif", "webp")
PLAIN = (640, "jpg")  # for browsers that read neither (Safari 13)
TALLEST = 2  # a picture taller than twice its width is made narrower instead

READ = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF")
MAX_PAGES = 10  # of a paper
SRGB = ImageCms.createProfile("sRGB")
WHITE = (255, 255, 255)


class Refused(Exception):
    """The picture cannot be taken; args[0] is the code."""


def load_decoder(kind: str) -> None:
    """What Pillow does not bring along; threads would be one for each processor."""
    Image.preinit()
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    if kind == "HEIF":
        from pi_heif import register_heif_opener

        register_heif_opener(
            decode_threads=0, thumbnails=False, depth_images=False, aux_images=False
        )
    if kind == "PDF":
        import pypdfium2  # noqa: F401


def prepare(data: bytes, page: int = 0) -> tuple[int, Image.Image]:
    """How many pages there are, and page `page` as large as the largest file. Raises Refused."""
    if len(data) > MAX_BYTES:
        raise Refused("too_big")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            if kind_of(data) == "PDF":
                pages, image = drawn_page(data, page)
            else:
                pages, image = 1, shrunk(data)
            return pages, on_white(image)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError, MemoryError):
            raise Refused("too_many_pixels") from None
        except Refused:
            raise
        except Exception:  # noqa: BLE001 - a decoder may fail in any way on purpose-made bytes
            raise Refused("broken") from None


def opened(data: bytes, kind: str) -> ImageFile:
    """The picture, its header read and found acceptable; nothing is decoded yet."""
    Image.MAX_IMAGE_PIXELS = most_pixels = MAX_JPEG_PIXELS if kind == "JPEG" else MAX_PIXELS
    try:
        image = Image.open(io.BytesIO(data), formats=[kind])
    except Image.UnidentifiedImageError:
        raise Refused("broken") from None
    width, height = image.size
    if width * height > most_pixels or max(width, height) > MAX_SIDE:
        raise Refused("too_many_pixels")
    return image


def drawn_page(data: bytes, number: int) -> tuple[int, Image.Image]:
    """How many pages a paper has, and one of them as a picture."""
    import pypdfium2

    try:
        paper = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        is_locked = error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD
        raise Refused("locked" if is_locked else "broken") from None
    if len(paper) > MAX_PAGES:
        raise Refused("too_many_pages")
    page = paper[number]
    width, height = page.get_size()
    target = fitted(round(width * 100), round(height * 100), SIZES[-1])
    return len(paper), page.render(scale=target[0] / width).to_pil().convert("RGB").resize(target)


def fitted(width: int, height: int, size: int) -> tuple[int, int]:
    """The size of a file `size` wide: never larger than the picture, never very tall."""
    scale = min(1.0, size / width, size * TALLEST / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def shrunk(data: bytes) -> Image.Image:
    """The picture as large as the largest file, the right way up, RGB or RGBA in sRGB."""
    kind = kind_of(data)
    if kind not in READ:
        raise Refused("not_a_picture")
    plain_data, exif = bare(data, kind)
    image: Image.Image = opened(plain_data, kind)
    turn = orientation_of(exif or image.info.get("exif") or b"")
    icc = image.info.get("icc_profile")
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
    if image.mode.startswith("I"):
        return in_256_greys(image)
    if image.has_transparency_data and image.mode != "RGBA":
        return image.convert("RGBA")
    return image if image.mode in {"L", "RGB", "RGBA", "CMYK"} else image.convert("RGB")


def in_256_greys(image: Image.Image) -> Image.Image:
    """A picture of 65,536 greys, band by band: as a whole it would take four times its memory."""
    paper = Image.new("L", image.size)
    for top in range(0, image.height, 256):
        band = image.crop((0, top, image.width, min(top + 256, image.height)))
        paper.paste(band.convert("I").point(lambda level: level * (1 / 256)).convert("L"), (0, top))
    return paper


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
    """Each size in each format, made from the next larger one, and the plain one.

    A repeated size is encoded once.
    """
    files: list[tuple[int, str, bytes]] = []
    image, last = largest, None
    for size in reversed(SIZES):
        target = fitted(largest.width, largest.height, size)
        image = image if image.size == target else image.resize(target, Image.Resampling.LANCZOS)
        if last is None or last.size != target:
            encoded = {fmt: ENCODERS[fmt](image) for fmt in FORMATS}
        files += [(size, fmt, encoded[fmt]) for fmt in FORMATS]
        if size == PLAIN[0]:
            files.append((*PLAIN, jpeg(image)))
        last = image
    return files


def avif(image: Image.Image) -> bytes:
    speed = 9 if image.width > 640 else 7  # measured: 9 costs a third of 8 and 5 % of size
    return saved(image, "AVIF", quality=50, speed=speed, subsampling="4:2:0", max_threads=1)


def webp(image: Image.Image) -> bytes:
    return saved(image, "WEBP", quality=75, method=4)


def jpeg(image: Image.Image) -> bytes:
    return saved(image, "JPEG", quality=78, optimize=True)


def saved(image: Image.Image, fmt: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


ENCODERS = {"avif": avif, "webp": webp}


def answer(data: bytes, page: int = 0) -> bytes:
    """The frame for the parent."""
    try:
        pages, largest = prepare(data, page)
    except Refused as refused:
        head: dict[str, Any] = {"refused": refused.args[0]}
        files = []
    else:
        files = files_of(largest)
        sizes = [(size, fmt, len(content)) for size, fmt, content in files]
        head = {
            "width": largest.width, "height": largest.height, "pages": pages, "files": sizes
        }  # fmt: skip
    text = json.dumps(head).encode()
    return b"".join([len(text).to_bytes(4, "big"), text, *(content for _s, _f, content in files)])


def main(kind: str = "", page: str = "0") -> None:
    load_decoder(kind)
    lock_down(with_threads=kind == "HEIF")
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read(MAX_BYTES + 1), int(page)))
    sys.stdout.buffer.flush()
    os._exit(0)  # nothing to tidy up: the process held nothing
