"""Take a picture from outside: decoded in a limited process, encoded anew, stripped of metadata."""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, cast

from django.utils.translation import gettext_lazy as _

from core.images import child
from core.images.containers import kind_of
from core.refusals import InputRefused

NICENESS = 5  # orders go first
_START = (
    f"import os, sys; os.nice({NICENESS}); sys.path.insert(0, {str(Path(__file__).parents[2])!r});"
    " from core.images.child import main; main(*sys.argv[1:])"
)
COMMAND = (sys.executable, "-I", "-c", _START)
WALL_S = 30
AT_ONCE = 2  # children of one web process: 1.4 GB at most
WAIT_FOR_TURN_S = 20
MAX_FRAME_BYTES = 16 * 1024 * 1024

_turns = threading.BoundedSemaphore(AT_ONCE)
_STARTS = {"avif": (4, b"ftypavif"), "webp": (8, b"WEBP"), "jpg": (0, b"\xff\xd8\xff")}


class PictureRefused(InputRefused):
    """The picture cannot be used; everything else that was sent still can."""

    messages: ClassVar[dict[str, Any]] = {
        "empty": _("There is no picture in this file. Please choose another."),
        "too_big": _("This file is larger than 24 MB. Please send a smaller one."),
        "not_a_picture": _(
            "This file is not a picture that can be read here."
            " Please send a photo from your phone (JPEG, HEIC, PNG, WebP, AVIF or GIF)."
        ),
        "too_many_pixels": _(
            "This picture is too large to open (at most 64 megapixels)."
            " Take it with the camera's ordinary setting."
        ),
        "paper": _("This is a PDF, not a photo. Please send a photo here."),
        "too_many_pages": _(
            "This PDF has more than 10 pages. Please send the pages that matter, or photos of them."
        ),
        "locked": _("This PDF opens with a password only. Please send it without one, or photos."),
        "broken": _("This picture could not be opened. Please take or save it again."),
        "too_many": _(
            "You have sent very many pictures this minute. Please send this one again in a minute."
        ),
        "busy": _("The picture could not be prepared just now. Please send it again."),
    }


@dataclass(frozen=True)
class ProcessedPicture:
    """A picture ready to be published.

    `width` and `height` are pixels of the largest file. `files` has an entry for each of SIZES
    (320, 640, 1280 pixels wide at most) in each of FORMATS (avif, webp), and one for PLAIN (640,
    jpg); a small picture has the same bytes under several sizes.
    """

    width: int
    height: int
    files: dict[tuple[int, str], bytes]


def take_picture(file: BinaryIO) -> ProcessedPicture:
    """Read a photo of at most 24 MB and 64 megapixels, and encode it anew.

    JPEG (up to 110 megapixels), HEIC, PNG, WebP, AVIF, and of a GIF or another picture that moves
    the first frame. The picture is upright, in sRGB, on white where it was transparent,
    and carries no metadata. Raises PictureRefused and nothing else, whatever the bytes are.
    """
    data = _content_of(file)
    if kind_of(data) == "PDF":
        raise PictureRefused("paper")
    return _page(data, 0)[1]


def take_pages(file: BinaryIO) -> list[ProcessedPicture]:
    """Read a photo as take_picture does, or each page of a PDF of at most 10 pages."""
    data = _content_of(file)
    count, first = _page(data, 0)
    return [first, *(_page(data, number)[1] for number in range(1, count))]


def _content_of(file: BinaryIO) -> bytes:
    file.seek(0)
    data = file.read(child.MAX_BYTES + 1)
    if not data:
        raise PictureRefused("empty")
    if len(data) > child.MAX_BYTES:
        raise PictureRefused("too_big")
    return data


def _page(data: bytes, number: int) -> tuple[int, ProcessedPicture]:
    """How many pages `data` has (a photo: one), and one of them."""
    if not _turns.acquire(timeout=WAIT_FOR_TURN_S):
        raise PictureRefused("busy")
    try:
        frame = _decoded(data, number)
    finally:
        _turns.release()
    return _read(frame)


def _decoded(data: bytes, page: int) -> bytes:
    """What a child makes of `data`: its frame, or a refusal for how it ended."""
    try:
        process = subprocess.Popen(
            (*COMMAND, kind_of(data), str(page)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
    except OSError:
        raise PictureRefused("busy") from None
    watch = threading.Timer(WALL_S, process.kill)
    watch.start()
    try:
        frame = _exchange(process, data)
        is_late = watch.finished.is_set()
    finally:
        watch.cancel()
        process.kill()
        process.wait()
    if is_late:
        raise PictureRefused("busy")
    return frame


def _exchange(process: subprocess.Popen[bytes], data: bytes) -> bytes:
    to_child, from_child = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
    with from_child:
        with suppress(BrokenPipeError):  # it died while reading: no answer
            to_child.write(data)
        with suppress(BrokenPipeError):
            to_child.close()
        return from_child.read(MAX_FRAME_BYTES)


def _read(frame: bytes) -> tuple[int, ProcessedPicture]:
    """Pages and picture in a child's frame. The child may have been taken over: nothing is believed."""
    page, code = None, "broken"
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        head_bytes = int.from_bytes(frame[:4], "big")
        head = json.loads(frame[4 : 4 + head_bytes])
        code = str(head.get("refused", code))
        page = _checked(head, frame[4 + head_bytes :])
    if page is None:
        raise PictureRefused(code if code in PictureRefused.messages else "broken")
    return page


def _checked(head: dict[str, Any], content: bytes) -> tuple[int, ProcessedPicture]:
    files: dict[tuple[int, str], bytes] = {}
    at = 0
    for size, fmt, length in head["files"]:
        files[size, fmt] = content[at : at + length]
        at += length
    width, height, pages = int(head["width"]), int(head["height"]), int(head["pages"])
    expected = {(size, fmt) for size in child.SIZES for fmt in child.FORMATS} | {child.PLAIN}
    whole = files.keys() == expected and at == len(content)
    genuine = all(_begins_right(fmt, file) for (_size, fmt), file in files.items())
    tallest = child.SIZES[-1] * child.TALLEST
    fits = 0 < width <= child.SIZES[-1] and 0 < height <= tallest and 0 < pages <= child.MAX_PAGES
    if not (whole and genuine and fits):
        raise ValueError
    return pages, ProcessedPicture(width, height, files)


def _begins_right(fmt: str, content: bytes) -> bool:
    at, mark = _STARTS[fmt]
    return content.startswith(mark, at)
