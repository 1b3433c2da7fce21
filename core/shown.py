"""Decisions about what a page showed: when the thing has changed since, they are not taken.

A decision has no fields to compare (see core.row_forms): its form carries one mark of everything
its page showed, and the service compares it under the row's lock.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError

VERSION = "version"  # the hidden field
Version = str


class ChangedSinceShown(DomainError):
    """What a decision is about is no longer what its page showed. Nothing was decided."""

    code = "changed_since_shown"
    message = _(
        "This was changed after the page was shown to you, so nothing was decided. Here is how it"
        " stands now; please look again."
    )


def version_of(values: Iterable[Any]) -> Version:
    """A short mark that is equal for equal values."""
    text = json.dumps([str(value) for value in values])
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def refuse_changed(shown: Version, now: Version) -> None:
    """Raises ChangedSinceShown; a post that names no version decides about whatever stands."""
    if shown and shown != now:
        raise ChangedSinceShown
