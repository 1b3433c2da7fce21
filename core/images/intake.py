"""Take a picture from outside: decoded in a limited process, encoded anew, stripped of metadata."""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, cast

from django.utils.translation import gettext_lazy as _

from core.images import child
from core.refusals import InputRefused

COMMAND = (sys.executable, "-I", child.__file__)
WALL_S = 15
AT_ONCE = 2  # children of one web process: 1.4 GB at most
WAIT_FOR_TURN_S = 20
MAX_FRAME_BYTES = 16 * 1024 * 1024

_turns = threading.BoundedSemaphore(AT_ONCE)
_STARTS = {"avif": (4, b"ftypavif"), "webp": (8, b"WEBP")}


class PictureRefused(InputRefused):
    """The picture cannot be used; everything else that was sent still can."""

    messages: ClassVar[dict[str, Any]] = {
        "empty": _("There is no picture in this file. Please choose another."),
        "too_big": _("This picture is larger than 8 MB. Please send a smaller one."),
        "not_a_picture": _("This file is not a picture. Please send a JPEG, PNG or WebP."),
        "too_many_pixels": _(
            "This picture is too large to open (at most 25 megapixels, 8000 pixels a side)."
            " Take it with the camera's ordinary setting."
        ),
        "animated": _("This picture moves. Please send one that stands still."),
        "broken": _("This picture could not be opened. Please take or save it again."),
        "busy": _("The picture could not be prepared just now. Please send it again."),
    }


@dataclass(frozen=True)
class ProcessedPicture:
    """A picture ready to be published.

    `width` and `height` are pixels of the largest file. `files` has an entry for each of SIZES
    (320, 640, 1280 pixels wide at most) in each of FORMATS (avif, webp); a small picture has the
    same bytes under several sizes.
    """

    width: int
    height: int
    files: dict[tuple[int, str], bytes]


def take_picture(file: BinaryIO) -> ProcessedPicture:
    """Read a JPEG, PNG or WebP of at most 8 MB and 25 megapixels and encode it anew.

    The picture stands upright, is in sRGB, lies on white where it was see-through, and carries no
    metadata. Raises PictureRefused (code: empty, too_big, not_a_picture, too_many_pixels,
    animated, broken, busy) and nothing else, whatever the bytes are.
    """
    file.seek(0)
    data = file.read(child.MAX_BYTES + 1)
    if not data:
        raise PictureRefused("empty")
    if len(data) > child.MAX_BYTES:
        raise PictureRefused("too_big")
    if not _turns.acquire(timeout=WAIT_FOR_TURN_S):
        raise PictureRefused("busy")
    try:
        frame = _decoded(data)
    finally:
        _turns.release()
    return _read(frame)


def _decoded(data: bytes) -> bytes:
    """What a child makes of `data`: its frame, or a refusal for how it ended."""
    try:
        process = subprocess.Popen(
            COMMAND,
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
        with suppress(BrokenPipeError):  # it died reading; its silence tells
            to_child.write(data)
        with suppress(BrokenPipeError):
            to_child.close()
        return from_child.read(MAX_FRAME_BYTES)


def _read(frame: bytes) -> ProcessedPicture:
    """The picture in a child's frame. The child may have been taken over: nothing is believed."""
    picture, code = None, "broken"
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        head_bytes = int.from_bytes(frame[:4], "big")
        head = json.loads(frame[4 : 4 + head_bytes])
        code = str(head.get("refused", code))
        picture = _checked(head, frame[4 + head_bytes :])
    if picture is None:
        raise PictureRefused(code if code in PictureRefused.messages else "broken")
    return picture


def _checked(head: dict[str, Any], content: bytes) -> ProcessedPicture:
    files: dict[tuple[int, str], bytes] = {}
    at = 0
    for size, fmt, length in head["files"]:
        files[size, fmt] = content[at : at + length]
        at += length
    width, height = int(head["width"]), int(head["height"])
    expected = {(size, fmt) for size in child.SIZES for fmt in child.FORMATS}
    whole = files.keys() == expected and at == len(content)
    genuine = all(_begins_right(fmt, file) for (_size, fmt), file in files.items())
    tallest = child.SIZES[-1] * child.TALLEST
    if not (whole and genuine and 0 < width <= child.SIZES[-1] and 0 < height <= tallest):
        raise ValueError
    return ProcessedPicture(width, height, files)


def _begins_right(fmt: str, content: bytes) -> bool:
    at, mark = _STARTS[fmt]
    return content.startswith(mark, at)
