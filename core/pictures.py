"""Store an uploaded photograph: intake, files on disk, one row."""

import datetime as dt
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse

from core import limits
from core.clock import db_now
from core.codes import secret_token
from core.images.intake import (
    PictureRefused,
    ProcessedPicture,
    take_pages,
    take_picture,
)
from core.models import Picture

HOLD_SALT = "core.pictures"
HELD_S = 24 * 60 * 60
PREPARED = "prepared_picture"  # on an uploaded file: what became of it
SEND_AGAIN_S = 5  # a picture whose turn did not come
OF_ONE_PERSON = limits.Limit("pictures", at_most=20, within_s=60)
UNUSED_KEPT_DAYS = 7
SWEPT_AT_ONCE = 1000
LATER = {"busy", "too_many"}
MOST_AT_ONCE = 20  # no form takes more; the rest is read where it is used, or refused unread

View = Callable[..., HttpResponse]


def pictures_first(view: View) -> View:
    """Read the pictures of a POST before `view` runs; keep_picture then only writes them.

    Goes above `idempotent`: decoding takes seconds, in which no transaction should be open. Goes
    below the access rule: strangers' pictures are not read. A picture whose turn did not come, or
    one too many of this person in a minute, is sent again by the page's script.
    """
    return _read_first(view, lambda file: [take_picture(file)])


def papers_first(view: View) -> View:
    """As pictures_first, for a view that also takes PDFs."""
    return _read_first(view, take_pages)


def _read_first(view: View, take: Callable[[BinaryIO], list[ProcessedPicture]]) -> View:
    @functools.wraps(view)
    def prepared(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        files = [file for _name, sent in request.FILES.lists() for file in sent]
        person = f"user:{getattr(request.user, 'pk', None)}"
        for file in files[:MOST_AT_ONCE]:
            try:
                setattr(file, PREPARED, _taken_for(person, file, take))
            except PictureRefused as refusal:
                if refusal.code in LATER and sent_by_script(request):
                    return _send_again(refusal)
                setattr(file, PREPARED, refusal)
        return view(request, *args, **kwargs)

    return prepared


def _taken_for(
    person: str, file: Any, take: Callable[[BinaryIO], list[ProcessedPicture]]
) -> list[ProcessedPicture]:
    if not limits.allow(OF_ONE_PERSON, person):
        raise PictureRefused("too_many")
    pages = take(cast("BinaryIO", file))
    for _further_page in pages[1:]:
        limits.allow(OF_ONE_PERSON, person)  # what follows a long paper waits longer
    return pages


def _send_again(refusal: PictureRefused) -> HttpResponse:
    answer = JsonResponse({"refused": [str(refusal.message)]}, status=503)
    answer["Retry-After"] = str(SEND_AGAIN_S)
    return answer


def sent_by_script(request: HttpRequest) -> bool:
    """Whether js/send_photos.js sent the pictures: it gets the result as JSON.

    The answer is `{"kept": 1, "refused": ["sentence", …]}`, or 422 with `refused` alone; 503 when
    the script is to send the same again a little later.
    """
    return request.headers.get("Accept", "") == "application/json"


def keep_picture(file: BinaryIO) -> Picture:
    """Re-encode `file` and store it. Raises PictureRefused with words for the sender."""
    return _stored(_taken(file, lambda file: [take_picture(file)])[0])


def keep_pages(file: BinaryIO) -> list[Picture]:
    """As keep_picture, and each page of a PDF."""
    return [_stored(page) for page in _taken(file, take_pages)]


def _stored(processed: ProcessedPicture) -> Picture:
    """Files are written before the row, so a row never points at nothing; files of a transaction
    that rolled back are unreachable (their token is nowhere).
    """
    picture = Picture(token=secret_token(), width=processed.width, height=processed.height)
    for (size, fmt), content in processed.files.items():
        _write(Path(settings.MEDIA_ROOT) / picture.path(size, fmt), content)
    picture.save()
    return picture


def _taken(
    file: BinaryIO, take: Callable[[BinaryIO], list[ProcessedPicture]]
) -> list[ProcessedPicture]:
    prepared = getattr(file, PREPARED, None)
    if isinstance(prepared, PictureRefused):
        raise prepared
    return prepared or take(file)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def hold_word(picture: Picture) -> str:
    """A signed word that brings `picture` back although its row was rolled back with a form."""
    return signing.dumps([picture.token, picture.width, picture.height], salt=HOLD_SALT)


def held_picture(word: str) -> Picture | None:
    """The picture of a token from `hold_word` (a day old at most), with its row; else None."""
    try:
        token, width, height = signing.loads(word, salt=HOLD_SALT, max_age=HELD_S)
    except signing.BadSignature:
        return None
    return Picture.objects.get_or_create(token=token, defaults={"width": width, "height": height})[
        0
    ]


def sweep_pictures() -> int:
    """Delete pictures that nothing shows any more, and files without a row; returns how many rows.

    A picture is held for a day before its form is sent and may be put back for some days after it
    was taken away, so only what is a week old goes.
    """
    week_ago = db_now() - dt.timedelta(days=UNUSED_KEPT_DAYS)
    unused = Picture.objects.filter(created_at__lt=week_ago)
    for field in Picture._meta.get_fields(include_hidden=True):
        model = getattr(field, "related_model", None)
        if field.auto_created and not field.concrete and model and not _is_history(model):
            used = model.objects.exclude(**{field.field.name: None})  # type: ignore[union-attr]
            unused = unused.exclude(pk__in=used.values(field.field.name))  # type: ignore[union-attr]
    gone = 0
    for picture in unused.order_by("pk")[:SWEPT_AT_ONCE]:
        picture.delete()  # a form that took it meanwhile is in the way: the next night then
        _delete_files(picture.token)
        gone += 1
    _delete_strays(week_ago.timestamp())
    return gone


def _is_history(model: Any) -> bool:
    return hasattr(model, "pgh_obj")


def _delete_files(token: str) -> None:
    for path in (Path(settings.MEDIA_ROOT) / "pictures" / token[:2]).glob(f"{token}-*"):
        path.unlink(missing_ok=True)


def _delete_strays(before: float) -> None:
    """Files whose transaction rolled back: no row names them."""
    for folder in (Path(settings.MEDIA_ROOT) / "pictures").glob("??"):
        old = {path for path in folder.iterdir() if path.stat().st_mtime < before}
        tokens = {path.name.rpartition("-")[0] for path in old}
        known = set(Picture.objects.filter(token__in=tokens).values_list("token", flat=True))
        for path in old:
            if path.name.rpartition("-")[0] not in known:
                path.unlink(missing_ok=True)
