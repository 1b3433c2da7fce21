"""Where goods are in use, as reported by apps above: this one knows no sessions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Whereabouts:
    """Titles of the sessions that sell the goods now, and of those that will."""

    on_air: Sequence[str] = ()
    coming: Sequence[str] = ()


def whereabouts_of(kind: str, pk: int) -> Whereabouts:
    """Of the "product" or "variant" with this id; see GOODS_IN in the settings."""
    return Whereabouts(**import_string(settings.GOODS_IN[kind])(pk))


def in_quotes(titles: Sequence[str]) -> str:
    return ", ".join(f"“{title}”" for title in titles)
