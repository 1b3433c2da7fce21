"""What a picture file carries besides its picture: read for one number, then left out.

Cameras and programs write metadata that decoders trip over: a wrong EXIF tag, a comment of
megabytes, a colour profile too many. Nothing of it is published, so it never reaches a decoder.
A file that cannot be followed is handed on as it came, for the decoder to judge.
"""

import io
import re
import zlib
from collections.abc import Iterator

ORIENTATION = 0x0112
MAX_PROFILE_BYTES = 4 * 1024 * 1024  # a printer's profile has one to two
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}  # without acTL, the first frame alone
_EXIF, _ICC = b"Exif\0\0", b"ICC_PROFILE\0"
_EXIF_ITEM = re.compile(rb"(infe[\x02\x03].{7}(?:..)?)Exif", re.DOTALL)
_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"miaf"}


def kind_of(data: bytes) -> str:
    """JPEG, PNG, WEBP, GIF, AVIF, HEIF or PDF by its first bytes; else nothing."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(_PNG):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return "GIF"
    if b"%PDF-" in data[:1024]:
        return "PDF"
    return _kind_of_boxes(data)


def _kind_of_boxes(data: bytes) -> str:
    """Of a file of the ISO base media format, by all the brands it claims."""
    if data[4:8] != b"ftyp":
        return ""
    end = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & _BRANDS else ""


def bare(data: bytes, kind: str) -> tuple[bytes, bytes]:
    """The file without its metadata, and its EXIF (empty: none, or the decoder gives it)."""
    try:
        match kind:
            case "JPEG":
                return _bare_jpeg(data)
            case "PNG":
                return _bare_png(data)
            case "AVIF" | "HEIF":
                return _without_exif_item(data), b""
    except (IndexError, ValueError):
        pass
    return data, b""


def _bare_jpeg(data: bytes) -> tuple[bytes, bytes]:
    kept, exif, profile_bytes = [b"\xff\xd8"], b"", 0
    for marker, segment in _segments(data):
        body = segment[4:]
        if marker == 0xE1 and body.startswith(_EXIF):
            exif = exif or body[len(_EXIF) :]
        elif marker == 0xE2 and body.startswith(_ICC):
            profile_bytes += len(segment)
            kept += [segment] if profile_bytes <= MAX_PROFILE_BYTES else []
        elif marker == 0xEE or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(segment)  # Adobe's segment says how the colours are counted
    return b"".join(kept), exif


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment before the picture, and then all that is left."""
    at = 2
    while True:
        start = at
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        if data[at] != 0xFF:
            raise ValueError
        marker = data[at + 1]
        if marker == 0xDA:
            yield marker, data[start:]
            return
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if size < 2:
            raise ValueError
        yield marker, data[at : at + 2 + size]
        at += 2 + size


def _bare_png(data: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [_PNG], b"", len(_PNG)
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        chunk = data[at : at + 12 + size]
        if name == b"eXIf":
            exif = exif or chunk[8:-4]
        elif name in _PNG_KEPT or (name == b"iCCP" and _is_sane_profile(chunk[8:-4])):
            kept.append(chunk)
        if name == b"IEND":
            break
        at += 12 + size
    return b"".join(kept), exif


def _is_sane_profile(body: bytes) -> bool:
    """Whether the profile unpacks to what the decoder takes (it refuses more than 1 MB)."""
    _name, _nul, packed = body.partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        unpacker.decompress(packed[1:], 1024 * 1024 - 1)
    except zlib.error:
        return False
    return unpacker.eof


def _without_exif_item(data: bytes) -> bytes:
    """The orientation of such a picture is in its own boxes: its EXIF is renamed, and so ignored."""
    head = 256 * 1024
    return _EXIF_ITEM.sub(rb"\1skip", data[:head]) + data[head:]


def orientation_of(exif: bytes) -> int:
    """How the camera was held (1 to 8); upright when that cannot be read.

    Only the one tag is looked for: whatever is wrong with the others does not matter.
    """
    exif = exif.removeprefix(_EXIF)
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(exif[:4])
    if order is None:
        return 1
    number = io.BytesIO(exif)

    def read(size: int) -> int:
        return int.from_bytes(number.read(size), order)  # type: ignore[arg-type]

    number.seek(4)
    number.seek(read(4))
    for _entry in range(min(read(2), 512)):
        tag, kind, count = read(2), read(2), read(4)
        value = number.read(4)
        if tag == ORIENTATION and count == 1 and kind in {3, 4}:
            turn = int.from_bytes(value[: 2 if kind == 3 else 4], order)  # type: ignore[arg-type]
            return turn if 1 <= turn <= 8 else 1
    return 1
