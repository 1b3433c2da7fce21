"""Parts of a page that apps above the page's own fill in; settings map slots to functions."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def parts_of(page: str, thing: Any) -> list[str]:
    """What the functions listed for `page` in PAGE_PARTS give for `thing`, empty ones left out."""
    found = [import_string(dotted)(thing) for dotted in settings.PAGE_PARTS.get(page, [])]
    return [part for part in found if part]
