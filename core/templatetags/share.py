"""What a link of ours looks like where it is sent on: Open Graph, and the page's one address."""

import re
from typing import Any

from django import template
from django.conf import settings
from django.template import Context, NodeList
from django.template.base import Parser, Token
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from core.access import Audience, rule_of
from core.models import Picture

register = template.Library()

POSTER, POSTER_SIZE = "img/share.png", (1200, 630)
LARGE = 1280
SUBJECTS = ("session", "product", "cooperative")  # whose picture is the page's preview
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_DESCRIPTION = re.compile(r'<meta name="description" content="(.*?)">', re.DOTALL)


@register.tag
def share_card(parser: Parser, token: Token) -> template.Node:
    """Wraps title and description; a public page gets them again for messengers and networks."""
    nodes = parser.parse(("endshare_card",))
    parser.delete_first_token()
    return ShareCard(nodes)


class ShareCard(template.Node):
    def __init__(self, nodes: NodeList) -> None:
        self.nodelist = nodes

    def render(self, context: Context) -> SafeString:
        head = self.nodelist.render(context)
        request = context.get("request")
        match = getattr(request, "resolver_match", None)
        rule = rule_of(match.func) if match else None
        if request is None or rule is None or rule.audience != Audience.PUBLIC:
            return head
        return mark_safe(head + _card(head, settings.SITE_URL + request.path, context))  # noqa: S308 - both are HTML


def _card(head: str, address: str, context: Context) -> SafeString:
    image, (width, height) = _image(context)
    facts = [
        ("site_name", "Chợ Phiên"),
        ("type", "website"),
        ("title", _found(_TITLE, head)),
        ("description", _found(_DESCRIPTION, head)),
        ("url", address),
        ("image", image),
        ("image:width", width),
        ("image:height", height),
    ]
    tags = format_html_join("\n  ", '<meta property="og:{}" content="{}">', facts)
    return format_html('\n  <link rel="canonical" href="{}">\n  {}', address, tags)


def _found(pattern: re.Pattern[str], head: str) -> Any:
    """The text as in the page, where it is escaped already."""
    found = pattern.search(head)
    return mark_safe(" ".join(found[1].split()) if found else "")  # noqa: S308


def _image(context: Context) -> tuple[str, tuple[int, int]]:
    picture = _picture_of(context)
    if picture is None:
        return settings.SITE_URL + static(POSTER), POSTER_SIZE
    return settings.SITE_URL + picture.url(LARGE, "webp"), (picture.width, picture.height)


def _picture_of(context: Context) -> Picture | None:
    """The picture of what the page is about; without one, or in a list, there is none."""
    for name in SUBJECTS:
        picture = getattr(context.get(name), "cover", None)
        if picture is not None:
            return picture if isinstance(picture, Picture) else None
    return None
