"""What all API routes share: pages of lists, and refusals as JSON."""

from typing import Any

from django.db import OperationalError
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.errors import Busy, DomainError
from core.middleware import is_busy


class Pagination(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


def explain(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Turn a DomainError into `{"code", "message", "field", "details"}` with its status."""
    if isinstance(exception, OperationalError) and is_busy(exception):
        exception = Busy()
    if not isinstance(exception, DomainError):
        return exception_handler(exception, context)
    response = Response(exception.as_dict(), status=exception.status)
    if exception.status == Busy.status:
        response["Retry-After"] = "2"
    return response
