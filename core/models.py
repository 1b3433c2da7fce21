"""Rows the whole house shares: the outbox, answers already given, limits, and pictures."""

from functools import reduce
from operator import or_
from typing import Self

from django.conf import settings
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import models
from django.db.models import Case, Q, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core import text
from core.search_terms import terms_of

PICTURE_SIZES = (320, 640, 1280)
PICTURE_FORMATS = ("avif", "webp")
PICTURE_FILES = [(size, fmt) for size in PICTURE_SIZES for fmt in PICTURE_FORMATS] + [(640, "jpg")]
ALIKE = 0.45  # of 1: trigrams in common with the likest run of words


class OutboxMessage(models.Model):
    """A message about a change, written in the transaction of the change.

    The relay gives messages of a feed their `feed_number` (order of reading, without gaps for the
    reader) and then hands the message on; `published_at` says that is done. Ids and times are no
    order: rows commit in another order than they are numbered.
    """

    topic = models.CharField(max_length=80)
    feed = models.CharField(max_length=60, blank=True)
    feed_number = models.BigIntegerField(null=True)
    payload = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # relay: what waits
            models.Index(fields=["id"], condition=Q(published_at=None), name="outbox_waiting"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["feed", "feed_number"], name="feed_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} #{self.pk}"


class FeedCounter(models.Model):
    """The last number the relay gave in a feed; outlives swept messages."""

    feed = models.CharField(max_length=60, primary_key=True)
    last_number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.feed}: {self.last_number}"


class IdempotencyRecord(models.Model):
    """The answer given to a request, kept 72 hours for those who ask again with the same key."""

    scope = models.CharField(max_length=80)
    key = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    location = models.TextField(blank=True)
    content_type = models.CharField(max_length=80, blank=True)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class Allowance(models.Model):
    """What one subject has used up of a limit (core/limits.py); `key` is a keyed hash.

    `free_at` is the instant at which nothing counts any more. Deliberately without an index: it
    changes at every try.
    """

    key = models.CharField(max_length=32, primary_key=True)
    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key[:6]}… until {self.free_at}"


class Picture(models.Model):
    """A photograph after intake: re-encoded, without metadata, in three widths and two formats, and
    as one JPEG for browsers that read neither.

    `width` and `height` are those of the largest file kept (pixels).
    """

    token = models.CharField(max_length=32, unique=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(width__gt=0) & Q(height__gt=0), name="picture_has_an_area"
            ),
        ]

    def __str__(self) -> str:
        return self.token

    def path(self, size: int, fmt: str) -> str:
        """Path below MEDIA_ROOT of the file at most `size` pixels wide."""
        return f"pictures/{self.token[:2]}/{self.token}-{size}.{fmt}"

    def url(self, size: int, fmt: str) -> str:
        return f"{settings.MEDIA_URL}{self.path(size, fmt)}"

    def width_at(self, size: int) -> int:
        return min(size, self.width)


class FileJob(models.Model):
    """A file too long for a page, written by a worker for the person who asked (core/file_jobs.py).

    `token` names the file on the disk, `params` is what it holds, `fingerprint` kind, params and
    language together.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        WORKING = "working", _("being written")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    OPEN = ("waiting", "working")

    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    params = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    language = models.CharField(max_length=2, default="vi")
    token = models.CharField(max_length=43, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    row_count = models.PositiveIntegerField()
    rows_done = models.PositiveIntegerField(default=0)
    file_name = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=100, blank=True)
    requested_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now(), db_index=True)
    ready_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asked_by", "fingerprint"],
                condition=Q(state__in=["waiting", "working"]),
                name="file_once_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class SearchableModel(models.Model):
    """A row found without accents and sorted in Vietnamese order."""

    search_text = models.TextField(blank=True, editable=False)
    sort_key = models.TextField(blank=True, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: object, **kwargs: object) -> None:
        self.search_text = text.fold(self.words_to_find())
        self.sort_key = text.sort_key(self.name_to_sort())
        fields = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, "search_text", "sort_key"}  # type: ignore[misc]
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    def words_to_find(self) -> str:
        raise NotImplementedError

    def name_to_sort(self) -> str:
        return str(self)


class SearchableQuerySet(models.QuerySet):
    def matching(self, typed: str) -> Self:
        """Rows that hold every word typed or another word for it, whatever its accents."""
        return self.holding(typed, "search_text")

    def holding(self, typed: str, *columns: str) -> Self:
        """Rows where each term of the query occurs in one of `columns` (folded text)."""
        found = self
        for term in terms_of(typed):
            places = [Q(**{f"{column}__contains": words}) for column in columns for words in term]
            found = found.filter(reduce(or_, places))
        return found

    def likeliest(self, typed: str, *names: str) -> Self:
        """Rows that hold the words as they were typed, marks and all, in one of `names` first; then
        those that begin with them, then those that contain them as a phrase.
        """
        phrase, words = text.nfc(typed).strip(), text.search_query(typed)
        as_typed = reduce(or_, [Q(**{f"{name}__icontains": phrase}) for name in names])
        rank = Case(
            When(as_typed, then=0),
            When(search_text__startswith=words, then=1),
            When(search_text__contains=f" {words}", then=2),
            default=3,
        )
        return self.alias(rank=rank).order_by("rank", *self.query.order_by)

    def resembling(self, typed: str) -> Self:
        """Rows with words much like those typed, the likest first: for a search with a slip."""
        likeness = TrigramWordSimilarity(text.search_query(typed), "search_text")
        return self.alias(likeness=likeness).filter(likeness__gte=ALIKE).order_by("-likeness", "pk")

    def in_order(self) -> Self:
        return self.order_by("sort_key", "pk")
