"""Base of the API views: permissions, validation, one effect for a repeated request.

A view says what it is in class attributes, by method: `says` (a line for readers), `takes` (the
serializer of its input), `gives` (that of its answer); `asks` reads the query of a GET. Page and
OpenAPI document are made of them, so neither can drift from the code.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import pghistory
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import permissions, serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from core.access import AccessRule, Audience
from core.errors import DomainError
from core.forms import FIRST_DAY, MAX_VND, last_day
from core.idempotency import FORM_TYPES, KeyMissing, record_of, run_once
from core.models import IdempotencyRecord, Picture
from core.numbers import parse_count
from core.openapi import HouseSchema
from core.phones import normalize_phone
from core.refusals import InputRefused
from core.text import clean_line, clean_text

MAX_INT = 2**31 - 1
Handler = Callable[..., Any]


class CleanJSONParser(JSONParser):
    """JSON that a page or database can hold: not nested without end, no lone surrogates."""

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            parsed = super().parse(stream, *args, **kwargs)
            json.dumps(parsed, ensure_ascii=False).encode()
        except (ParseError, RecursionError, UnicodeEncodeError) as error:
            raise ParseError(_("The body is not JSON that can be read.")) from error
        return parsed


# Permissions


class TokenOnlyReads(DomainError):
    status = 403
    code = "token_only_reads"
    message = _("This token may only read. Make one that may write as well.")


class HouseView(GenericAPIView):
    """Base of all API views; take one of its children, each of which sets the permissions."""

    schema = HouseSchema()
    metadata_class = None
    parser_classes = [CleanJSONParser]
    access_rule: ClassVar[AccessRule]
    says: ClassVar[Mapping[str, Any]] = {}
    takes: ClassVar[Mapping[str, Any]] = {}
    gives: ClassVar[Mapping[str, Any]] = {}
    asks: ClassVar[Any] = None
    makes_new: ClassVar[bool] = False  # a POST brings something into being: 201

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request._request.content_type in FORM_TYPES:
            # Computing the fingerprint reads the form, after which it would look empty
            raise UnsupportedMediaType(request._request.content_type)
        if request.method not in permissions.SAFE_METHODS and getattr(
            request.auth, "is_read_only", False
        ):
            raise TokenOnlyReads
        if request.user.is_authenticated:
            # The middleware that opened the history's context knew nobody by token
            pghistory.context(user=request.user.pk)

    def status_of(self, method: str) -> int:
        return 201 if method == "POST" and self.makes_new else 200

    def said(self, **context: Any) -> dict[str, Any]:
        """The body, checked by the serializer in `takes`; a PATCH may leave fields out."""
        method = str(self.request.method)
        kind = self.takes[method]
        return _checked(kind(data=self.request.data, partial=method == "PATCH", context=context))

    def refuse_stale(self, row: Any) -> None:
        """Raises ChangedMeanwhile when the If-Match of a PATCH names an older state of `row`."""
        wanted = self.request.headers.get("If-Match", "")
        if wanted and wanted.strip() not in {"*", self.version_of(row)}:
            raise ChangedMeanwhile

    def version_of(self, row: Any) -> str:
        """An ETag of what a PATCH may change in `row`."""
        names = sorted(name for name in self.takes["PATCH"]().fields if hasattr(row, name))
        values = [str(getattr(getattr(row, name), "pk", getattr(row, name))) for name in names]
        return f'"{hashlib.sha256(json.dumps(values).encode()).hexdigest()[:20]}"'

    def asked(self) -> dict[str, Any]:
        """The query, checked by the serializer in `asks`."""
        return _checked(self.asks(data=self.request.query_params.dict()))

    def answer(self, thing: Any, **context: Any) -> Response:
        """`thing`, serialized by the serializer in `gives`."""
        method = "GET" if self.request.method == "HEAD" else str(self.request.method)
        kind = self.gives[method]
        response = Response(kind(thing, context=context).data, self.status_of(method))
        if "PATCH" in self.takes and method in {"GET", "PATCH"}:
            response["ETag"] = self.version_of(thing)
        return response

    def page(self, rows: Any, **context: Any) -> Response:
        """The page of `rows` asked for, each serialized by the list serializer in `gives`."""
        kind = type(self.gives["GET"].child)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(kind(page, many=True, context=context).data)


class PublicView(HouseView):
    """For anyone; without authentication."""

    access_rule = AccessRule(Audience.PUBLIC)
    authentication_classes = []
    permission_classes = []


class SecretLinkView(PublicView):
    """For holders of the token in the address, which goes into no cache and no Referer."""

    access_rule = AccessRule(Audience.SECRET_LINK)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response


class PersonalView(HouseView):
    """For people with an account, by token or session; their answers are not cached."""

    access_rule = AccessRule(Audience.SIGNED_IN)

    @property
    def person(self) -> Any:
        """The authenticated user; never anonymous here."""
        return self.request.user

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        return response


class MemberView(PersonalView):
    """For members of a co-op; the objects come from `…_by(user)` and are missing for others."""

    access_rule = AccessRule(Audience.COOPERATIVE, ("manager", "host"))


class SessionOnly(SessionAuthentication):
    def authenticate_header(self, request: Request) -> str:
        return "Session"


class SecondFactorMissing(DomainError):
    status = 403
    code = "second_factor_missing"
    message = _("Please sign in with your second factor first.")


class ShowedSecondFactor(permissions.IsAuthenticated):
    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        if not request.user.is_verified():  # type: ignore[union-attr]
            raise SecondFactorMissing
        return True


class ProvinceView(PersonalView):
    """For staff of a province in a browser session with second factor; tokens do not count."""

    access_rule = AccessRule(Audience.PROVINCE, ("viewer", "reviewer"))
    authentication_classes = [SessionOnly]
    permission_classes = [ShowedSecondFactor]


class ChangedMeanwhile(DomainError):
    status = 412
    code = "changed_meanwhile"
    message = _("This was changed meanwhile. Read it again, then send what you want to change.")


def members(*roles: str) -> AccessRule:
    return AccessRule(Audience.COOPERATIVE, roles)


# One effect


def once(handler: Handler) -> Handler:
    """Make a POST or PATCH handler safe to repeat; see core.idempotency.

    Permissions are checked before, so a stored answer is not repeated to a user who lost access.
    """

    @functools.wraps(handler)
    def safe(view: HouseView, request: Request, *args: Any, **kwargs: Any) -> Any:
        def act() -> Any:
            try:
                response = handler(view, request, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 - DRF explains it or raises it again
                response = view.handle_exception(error)
            return view.finalize_response(request, response, *args, **kwargs)

        return run_once(record_for(request), act)

    return safe


def record_for(request: Request) -> IdempotencyRecord:
    """What the answer to `request` is kept under. Raises KeyMissing in words for programs."""
    try:
        return record_of(request._request)
    except KeyMissing as refusal:
        raise KeyMissing(
            _("Send a header Idempotency-Key of 16 to 64 characters, new for every new wish.")
        ) from refusal


# Clean input


class PlainText(serializers.CharField):
    """Text as it is stored: NFC, no invisible characters. With `has_lines` line breaks stay."""

    def __init__(self, *, has_lines: bool = False, **kwargs: Any) -> None:
        self.has_lines = has_lines
        if not kwargs.get("required", True):
            kwargs.setdefault("allow_blank", True)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        with refused_as_invalid():
            text = clean_text(data) if self.has_lines else clean_line(data)
        if not text and not self.allow_blank:
            self.fail("blank")
        return text


class PhoneField(serializers.CharField):
    """A Vietnamese phone number in any usual spelling; read as E.164, e.g. +84912345678."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": 24, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        with refused_as_invalid():
            return normalize_phone(super().to_internal_value(data))


class WholeField(serializers.IntegerField):
    """A JSON number without fraction; 2.0 is 2. Not text: “125.000” would be read as 125."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": MAX_INT, **kwargs})

    def to_internal_value(self, data: Any) -> int:
        if type(data) is float and data.is_integer() and abs(data) <= MAX_INT:
            data = int(data)
        if type(data) is not int:
            self.fail("invalid")
        return data


class CountField(WholeField):
    """How many: a number, or text as pages take it (core.numbers.parse_count)."""

    def to_internal_value(self, data: Any) -> int:
        count = parse_count(data) if isinstance(data, str) else None
        return super().to_internal_value(data if count is None else count)


class DayField(serializers.DateField):
    """A local day within the bounds of core.forms."""

    default_error_messages = {"bounds": _("This day cannot be meant. Look at the year.")}

    def to_internal_value(self, data: Any) -> Any:
        day = super().to_internal_value(data)
        if not FIRST_DAY <= day <= last_day():
            self.fail("bounds")
        return day


class VndField(WholeField):
    """Whole đồng."""

    def __init__(self, *, min_vnd: int = 0, max_vnd: int = MAX_VND, **kwargs: Any) -> None:
        super().__init__(**{"min_value": min_vnd, "max_value": max_vnd, **kwargs})


class InstantField(serializers.DateTimeField):
    """An instant with its hour; a day alone would be taken for its midnight."""

    default_error_messages = {
        "hour_missing": _("Give the hour too, for example 2026-12-10T20:15:00+07:00.")
    }

    def to_internal_value(self, value: Any) -> Any:
        if isinstance(value, str) and value.strip() and ":" not in value:
            self.fail("hour_missing")
        return super().to_internal_value(value)


@contextmanager
def refused_as_invalid() -> Iterator[None]:
    """What a reader of core refuses becomes the field's error, in the same words."""
    try:
        yield
    except InputRefused as refusal:
        raise serializers.ValidationError(refusal.message, code=refusal.code) from refusal


def _checked(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def checked(serializer: serializers.Serializer, data: Any) -> dict[str, Any]:
    """`data` as a serializer that is made once and has no context reads it.

    Raises the ValidationError that says what is wrong.
    """
    return dict(serializer.run_validation(data))


# Serializers of several apps


class PictureSerializer(serializers.ModelSerializer):
    small_url = serializers.SerializerMethodField(help_text="WebP, at most 320 pixels wide.")
    url = serializers.SerializerMethodField(help_text="WebP, at most 640 pixels wide.")
    large_url = serializers.SerializerMethodField(help_text="WebP, at most 1280 pixels wide.")

    class Meta:
        model = Picture
        fields = ["width", "height", "small_url", "url", "large_url"]

    def get_small_url(self, picture: Picture) -> str:
        return absolute(picture.url(320, "webp"))

    def get_url(self, picture: Picture) -> str:
        return absolute(picture.url(640, "webp"))

    def get_large_url(self, picture: Picture) -> str:
        return absolute(picture.url(1280, "webp"))


def absolute(path: str) -> str:
    """`path` of this installation as a whole address."""
    return f"{settings.SITE_URL}{path}"
