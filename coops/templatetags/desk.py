"""Links and buttons of a co-op's desk. A user sees only those whose view they may open."""

from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString

from coops.access import may_open
from core.templatetags.chophien import nav_link

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: Context, name: str, cooperative: Any) -> bool:
    """Whether the reader may open the page or press the button `name` of this co-op."""
    request = context.get("request")
    return request is not None and may_open(request, name, cooperative)


@register.simple_tag(takes_context=True)
def desk_link(
    context: Context, name: str, label: str, sign: str, cooperative: Any, **more: Any
) -> SafeString | str:
    """A nav_link to a page of this co-op; empty where the page does not admit the user."""
    if not may(context, name, cooperative):
        return ""
    return nav_link(context, name, label, sign, cooperative.slug, **more)
