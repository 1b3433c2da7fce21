"""Files too long for a page: requested on a page, written by a worker, fetched by the same user.

`settings.FILE_JOBS` maps a kind to two functions of an upper app: `may(user, params)`, the
predicate of the page that offers the file, asked again before it is handed out; and
`write(job, tell)`, which returns a FileContent and reports progress (rows) by calling `tell`.
"""

import contextlib
import datetime as dt
import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from core import outbox
from core.clock import Instant
from core.errors import DomainError
from core.models import FileJob

logger = logging.getLogger(__name__)
DIRECTLY = 1000  # rows that a page still writes itself
FOLDER = "files"
KEPT = dt.timedelta(hours=24)
FRESH = dt.timedelta(minutes=10)  # a file this young is given again instead of written again
STALE = dt.timedelta(seconds=60)
MOST_OPEN = 5  # of one person
FILE_JOB_LOCK = 7_305_007  # with the job's number
State = FileJob.State
Tell = Callable[[int], object]


@dataclass(frozen=True)
class FileContent:
    name: str
    content_type: str
    body: bytes


class TooManyFiles(DomainError):
    status = 429
    code = "too_many_files"
    message = _("Several files are being written for you already. Please wait until one is ready.")


@transaction.atomic
def ask_for_file(*, user: Any, kind: str, params: dict[str, Any], row_count: int) -> FileJob:
    """The job that writes this file for `user`: one under way, one just done, or a new one."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    print_of = hashlib.sha256(json.dumps([kind, params, language], sort_keys=True).encode())
    mine = FileJob.objects.filter(asked_by=user)
    same = mine.filter(fingerprint=print_of.hexdigest())
    fresh = Q(state=State.READY, ready_at__gt=Instant() - FRESH)
    usable = same.filter(Q(state__in=FileJob.OPEN) | fresh).order_by("-pk")
    if job := usable.first():
        return job
    if mine.filter(state__in=FileJob.OPEN).count() >= MOST_OPEN:
        raise TooManyFiles
    try:
        with transaction.atomic():
            job = FileJob.objects.create(
                asked_by=user,
                kind=kind,
                params=params,
                fingerprint=print_of.hexdigest(),
                language=language,
                row_count=row_count,
                token=secrets.token_urlsafe(24),
            )
    except IntegrityError:  # asked for twice at once
        return usable.get()
    outbox.add("core.file.requested", job_id=job.pk)
    return job


def may_fetch(user: Any, job: FileJob) -> bool:
    """Whether the page that offered the file would offer it still."""
    return bool(_functions(job.kind)[0](user, job.params))


def path_of(job: FileJob) -> Path:
    return Path(settings.MEDIA_ROOT) / FOLDER / job.token


def write_file(*, job_id: int) -> bool:
    """Write the file of a job. May run twice, at once and late: then returns False."""
    with _held(job_id) as is_mine:
        job = FileJob.objects.filter(pk=job_id, state__in=FileJob.OPEN).first()
        if not is_mine or job is None:
            return False
        mark = FileJob.objects.filter(pk=job_id)
        mark.update(state=State.WORKING, changed_at=Instant())
        try:
            with translation.override(job.language):
                content = _functions(job.kind)[1](
                    job, lambda done: mark.update(rows_done=done, changed_at=Instant())
                )
            _put(path_of(job), content.body)
        except OperationalError:
            raise  # the database is away: the job waits for it
        except Exception:
            logger.exception("file job %s failed", job_id)
            mark.update(state=State.FAILED, changed_at=Instant())
            return False
        mark.update(
            state=State.READY,
            file_name=content.name,
            content_type=content.content_type,
            changed_at=Instant(),
            ready_at=Instant(),
        )
        return True


def continue_files() -> int:
    """Write what was lost on the way or left by a worker that died; returns how many."""
    stale = FileJob.objects.filter(state__in=FileJob.OPEN, changed_at__lt=Instant() - STALE)
    jobs = list(stale.order_by("pk").values_list("pk", flat=True)[:MOST_OPEN])
    return sum(write_file(job_id=pk) for pk in jobs)


def sweep_files() -> int:
    """Delete expired files and their jobs; returns how many jobs."""
    old = FileJob.objects.filter(changed_at__lt=Instant() - KEPT)
    for job in old:
        path_of(job).unlink(missing_ok=True)
    count, _by_model = old.delete()
    return count


def _functions(kind: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    may, write = settings.FILE_JOBS[kind]
    return import_string(may), import_string(write)


def _put(path: Path, body: bytes) -> None:
    """The file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{secrets.token_hex(4)}")
    beside.write_bytes(body)
    beside.replace(path)


@contextlib.contextmanager
def _held(job_id: int) -> Iterator[bool]:
    """Hold the job for this worker; the lock goes with the connection if the worker dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [FILE_JOB_LOCK, job_id])
        is_mine = cursor.fetchone()[0]
        try:
            yield is_mine
        finally:
            if is_mine:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [FILE_JOB_LOCK, job_id])
