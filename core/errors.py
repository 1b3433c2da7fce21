"""What the platform refuses, in words for the reader."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refusal by a rule of the house.

    `message` is shown to the person who asked, in their language; `status` is the HTTP status of
    the answer; `code` names the rule for programs; `field` the input at fault, when there is one;
    `details` holds plain values a page or program may need to offer a way on.
    """

    status = 409
    code = "refused"
    retry_after_s = 0  # the same request may succeed after so long
    message: Any = _("This cannot be done now.")

    def __init__(self, message: Any = None, *, field: str | None = None, **details: Any) -> None:
        if message is not None:
            self.message = message
        self.field = field
        self.details = details
        super().__init__(str(self.message))

    def as_dict(self) -> dict[str, Any]:
        """`{"code", "message", "field", "details"}` as programs read a refusal."""
        return {
            "code": self.code,
            "message": str(self.message),
            "field": self.field,
            "details": plain(self.details),
        }


def plain(value: Any) -> Any:
    """`value` as what JSON can hold: rows of ours as objects, words of translation as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


class NotAllowed(DomainError):
    """The state of things does not allow this step (any more)."""

    code = "not_allowed"


class Busy(DomainError):
    """The database is busy; the same request with the same key may be sent again."""

    status = 503
    code = "busy"
    retry_after_s = 2
    message = _("Very many people are ordering. Nothing was lost; please press again.")
