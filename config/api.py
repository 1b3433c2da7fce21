"""What all API routes share: pages of lists, and refusals as JSON."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import Busy, DomainError
from core.middleware import is_busy
from core.paging import Pages


class Pagination(PageNumberPagination):
    django_paginator_class = Pages
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_page_number(self, request: Any, paginator: Any) -> int:
        """The first or the last page for one that is not there."""
        asked = super().get_page_number(request, paginator)
        return int(paginator.get_page(asked).number)


class NotThere(exceptions.NotFound):
    """The same answer for objects that do not exist and objects of other users."""

    default_detail = _("There is nothing here, or it is not yours to see.")


class TooBig(exceptions.APIException):
    status_code = 413
    default_code = "too_big"
    default_detail = _("This is more than one request may hold.")


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionOnlyScheme(OpenApiAuthenticationExtension):
    target_class = "core.rest.SessionOnly"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


def explain(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Turn any refusal into `{"code", "message", "field", "details"}` with its status."""
    if isinstance(exception, OperationalError) and is_busy(exception):
        exception = Busy()
    if isinstance(exception, DomainError):
        return _explain_domain(exception)
    if isinstance(exception, RequestDataTooBig):
        exception = TooBig()
    if isinstance(exception, Http404 | exceptions.NotFound):
        exception = NotThere()
    response = exception_handler(exception, context)
    if response is not None and isinstance(exception, exceptions.ValidationError):
        response.data = _invalid(exception)
    elif response is not None and isinstance(exception, exceptions.APIException):
        response.data = _refusal(exception.get_codes(), exception.detail)
    return response


def _explain_domain(refusal: DomainError) -> Response:
    response = Response(refusal.as_dict(), status=refusal.status)
    if wait_s := refusal.retry_after_s or refusal.details.get("wait_s"):
        response["Retry-After"] = str(wait_s)
    return response


def _refusal(code: Any, message: Any, field: str | None = None, **details: Any) -> dict[str, Any]:
    return {"code": str(code), "message": str(message), "field": field, "details": details}


def _invalid(exception: exceptions.ValidationError) -> dict[str, Any]:
    """The first thing wrong in front, all of it in `details["errors"]`."""
    errors = list(_flat(exception.get_full_details()))
    first = errors[0]
    return _refusal("invalid", first["message"], first["field"], errors=errors)


def _flat(details: Any, where: str = "") -> Iterator[dict[str, Any]]:
    """`{"field": "lines.0.quantity", "code", "message"}` for each error."""
    if isinstance(details, dict) and set(details) == {"message", "code"}:
        field = where.removesuffix(".non_field_errors").removesuffix("non_field_errors")
        yield {
            "field": field or None,
            "code": details["code"],
            "message": str(details["message"]),
        }
        return
    rows = details.items() if isinstance(details, dict) else enumerate(details)
    for key, value in rows:
        is_message = isinstance(value, dict) and set(value) == {"message", "code"}
        skip = not isinstance(details, dict) and is_message
        yield from _flat(value, where if skip else f"{where}.{key}".lstrip("."))
