"""The page's small vocabulary: money, weights, phones, days, icons, chips, pictures, navigation.

Loaded in every template (settings, `builtins`). Components are described in docs/look.md.
"""

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeGuard

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.http import QueryDict
from django.template.context import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.timesince import timesince
from django.utils.translation import gettext as _, ngettext_lazy

from core.drafts import take_done
from core.models import PICTURE_FORMATS, PICTURE_SIZES, Picture
from core.money import format_vnd
from core.numbers import format_number, format_weight
from core.phones import format_phone, mask_phone

register = template.Library()

CHIP_ICONS = {
    "live": "live",
    "done": "check",
    "wait": "clock",
    "warn": "warning",
    "stop": "stop",
    "info": "info",
}
NOTICE_TONES = {"success": "done", "warning": "warn", "error": "stop", "info": "info"}
NOTICE_ICONS = {"done": "check", "wait": "clock", "warn": "warning", "stop": "stop", "info": "info"}
CROP_SIGNS = frozenset(
    "leaf grain crab honeycomb root fruit herb fish mushroom bottle".split()  # noqa: SIM905
)
DATE = "%d/%m/%Y"
SHORT_DATE = "%d/%m"
TIME = "%H:%M"
SPANS: dict[
    str, Any
] = {  # Django has these without Vietnamese; marked here, they come from our catalogue
    "year": ngettext_lazy("%(num)d year", "%(num)d years", "num"),
    "month": ngettext_lazy("%(num)d month", "%(num)d months", "num"),
    "week": ngettext_lazy("%(num)d week", "%(num)d weeks", "num"),
    "day": ngettext_lazy("%(num)d day", "%(num)d days", "num"),
    "hour": ngettext_lazy("%(num)d hour", "%(num)d hours", "num"),
    "minute": ngettext_lazy("%(num)d minute", "%(num)d minutes", "num"),
}


# Numbers. A variable that is missing reaches a filter as "", which renders as nothing, like None.


def has_value(value: Any) -> TypeGuard[int]:
    return value is not None and value != ""


@register.filter
def vnd(amount_vnd: int | None) -> str:
    """125000 as “125.000 ₫”; nothing stays nothing."""
    return format_vnd(int(amount_vnd)) if has_value(amount_vnd) else ""


@register.filter
def number(value: float | Decimal | None) -> str:
    """1234.5 as “1.234,5” in Vietnamese, “1,234.5” in English; at most two decimals."""
    return format_number(value) if has_value(value) else ""


@register.filter
def weight(grams: int | None) -> str:
    """500 as “500 g”, 1200 as “1,2 kg”."""
    return format_weight(int(grams)) if has_value(grams) else ""


@register.filter
def percent(part: float | None, whole: float | None) -> str:
    """`{{ part|percent:whole }}` as “12,5%”; a dash when there is no whole to take a part of."""
    if not whole or part is None:
        return "–"
    share = (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"))
    return f"{number(share)}%"


# People


@register.filter
def phone(e164: str | None) -> str:
    return format_phone(e164) if e164 else ""


@register.filter
def phone_masked(e164: str | None) -> str:
    return mask_phone(e164) if e164 else ""


# Days and hours, in Asia/Ho_Chi_Minh


@register.filter
def local_datetime(instant: datetime | None) -> str:
    return timezone.localtime(instant).strftime(f"{DATE} {TIME}") if instant else ""


@register.filter
def local_date(day: date | datetime | None) -> str:
    return _local(day).strftime(DATE) if day else ""


@register.filter
def local_time(instant: datetime | None) -> str:
    return timezone.localtime(instant).strftime(TIME) if instant else ""


@register.filter
def ago(instant: datetime | None) -> str:
    """“5 phút trước”; the largest unit only."""
    if not instant:
        return ""
    if timezone.now() - instant < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(instant, time_strings=SPANS, depth=1)}


@register.simple_tag
def when(moment: date | datetime | None, style: str = "datetime") -> SafeString | str:
    """A <time>: style is “datetime”, “date”, “time”, “short” (22/11 20:15) or “long” (with the
    day of the week).
    """
    if not moment:
        return ""
    local = _local(moment)
    has_clock = isinstance(local, datetime)
    text = {
        "date": local.strftime(DATE),
        "time": local.strftime(TIME),
        "datetime": local.strftime(f"{DATE} {TIME}" if has_clock else DATE),
        "short": local.strftime(f"{SHORT_DATE} {TIME}" if has_clock else SHORT_DATE),
        "long": f"{WEEKDAYS[local.weekday()]}, {local.strftime(DATE)}"
        + (f" {local.strftime(TIME)}" if has_clock else ""),
    }[style]
    stamp = local.isoformat(timespec="seconds") if has_clock else local.isoformat()  # type: ignore[call-arg]
    return format_html('<time datetime="{}">{}</time>', stamp, text)


def _local(moment: date | datetime) -> date | datetime:
    if isinstance(moment, datetime) and timezone.is_aware(moment):
        return timezone.localtime(moment)
    return moment


# Drawings


@register.simple_tag
def asset(path: str) -> str:
    """Like `static`, but never fails: for the page that is shown when anything may be broken."""
    try:
        return static(path)
    except (ValueError, OSError):
        return f"{settings.STATIC_URL}{path}"


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """One sign of static/img/icons.svg. It is silent for screen readers: put a word beside it."""
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f"icon {extra}".strip(),
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def way_back(address: str, label: object) -> SafeString:
    """A small line that leads to the page above this one; its arrow is not underlined."""
    arrow = icon("arrow-left", "icon--small")
    return format_html('<p class="small">{} <a href="{}">{}</a></p>', arrow, address, label)


@register.simple_tag
def crop_sign(kind: str = "leaf", extra: str = "") -> SafeString:
    """The placeholder drawing until there is a photograph. Unknown kinds get the leaf."""
    return format_html(
        '<span class="{}" aria-hidden="true"><svg viewBox="0 0 64 64" focusable="false">'
        '<use href="{}#{}"></use></svg></span>',
        f"crop-sign {extra}".strip(),
        static("img/crops.svg"),
        kind if kind in CROP_SIGNS else "leaf",
    )


@register.simple_tag
def picture(
    photo: Picture | None,
    alt: str = "",
    *,
    sizes: str = "(min-width: 640px) 320px, 94vw",
    kind: str = "leaf",
    eager: bool = False,
    extra: str = "",
) -> SafeString:
    """A <picture> in AVIF and WebP, three widths, and a JPEG for Safari 13.

    The crop sign of `kind` while there is none. `sizes` is the width the layout gives it; `eager`
    for the one picture above the fold.
    """
    if photo is None:
        return crop_sign(kind, extra)
    sources = format_html_join(
        "",
        '<source type="image/{}" srcset="{}" sizes="{}">',
        ((fmt, _srcset(photo, fmt), sizes) for fmt in PICTURE_FORMATS),
    )
    width = min(640, photo.width)
    loading = 'fetchpriority="high"' if eager else 'loading="lazy"'
    return format_html(
        '<picture class="{}">{}<img src="{}" alt="{}" width="{}" height="{}" {} decoding="async">'
        "</picture>",
        f"picture {extra}".strip(),
        sources,
        photo.url(640, "jpg"),
        alt,
        width,
        max(1, round(photo.height * width / photo.width)),
        mark_safe(loading),  # noqa: S308 - one of two constants
    )


def _srcset(photo: Picture, fmt: str) -> str:
    """Each file with its true width; a small original is not listed twice at the same width."""
    widths = {min(size, photo.width): size for size in reversed(PICTURE_SIZES)}
    return ", ".join(f"{photo.url(size, fmt)} {w}w" for w, size in sorted(widths.items()))


@register.simple_tag
def stars(count: int | None) -> SafeString | str:
    """OCOP stars as icons, with the number in words for screen readers."""
    if not count:
        return ""
    drawn = format_html_join("", "{}", ((icon("star-full"),) for _n in range(int(count))))
    words = _("OCOP %(count)s stars") % {"count": count}
    return format_html('<span class="stars" role="img" aria-label="{}">{}</span>', words, drawn)


# States and notices


@register.simple_tag
def chip(tone: str, label: str, sign: str = "") -> SafeString:
    """A state: word, shape and colour. `tone`: live, done, wait, warn, stop, info or quiet."""
    name = sign or CHIP_ICONS.get(tone, "")
    drawn = icon(name) if name else ""
    return format_html('<span class="chip chip--{}">{}{}</span>', tone, drawn, capfirst(label))


@register.filter
def notice_tone(level_tag: str) -> str:
    """Tone of a notice for the level of a Django message."""
    return NOTICE_TONES.get(level_tag, "info")


@register.filter
def notice_icon(tone: str) -> str:
    return NOTICE_ICONS.get(tone, "info")


# Ways


@register.simple_tag(takes_context=True)
def nav_link(
    context: Context,
    name: str,
    label: str,
    sign: str = "",
    *args: Any,
    exact: bool = False,
    also: str = "",
) -> str:
    """A link to the page `name` with aria-current when we are there.

    Nothing when the page does not exist. We are there on the pages below it too, unless `exact`,
    and where the address begins with an entry of `also`: some related pages are elsewhere.
    """
    try:
        url = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    request = context.get("request")
    path = request.path if request else ""
    here = path == url or (not exact and url != "/" and path.startswith((url, *also.split())))
    current = mark_safe(' aria-current="page"') if here else ""
    drawn = icon(sign) if sign else ""
    return format_html('<a href="{}"{}>{}<span>{}</span></a>', url, current, drawn, label)


@register.inclusion_tag("_parts/pagination.html", takes_context=True)
def pagination(context: Context, page: Page, parameter: str = "page") -> dict[str, Any]:
    """Links to the pages of a list that keep every other part of the address."""
    paginator = page.paginator
    return {
        "request": context.get("request"),
        "page": page,
        "parameter": parameter,
        "gap": paginator.ELLIPSIS,
        "links": [
            (n, page_query(context, parameter, n), n in {page.number - 1, page.number + 1})
            for n in paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
        ],
        "previous": page_query(context, parameter, page.number - 1),
        "next": page_query(context, parameter, page.number + 1),
    }


@register.simple_tag(takes_context=True)
def draft_marks(context: Context) -> SafeString:
    """For js/draft.js: the forms that were accepted since the last page (core/drafts.py)."""
    request = context.get("request")
    keys = take_done(request) if request else []
    return format_html_join("", '<i data-draft-done="{}" hidden></i>', ((key,) for key in keys))


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The address' query with `changes`; None takes a parameter away. Starts with “?”."""
    request = context.get("request")
    params = request.GET.copy() if request else QueryDict(mutable=True)
    for key, value in changes.items():
        if value is None:
            params.pop(key, None)
        else:
            params[key] = value
    return f"?{params.urlencode()}" if params else "?"


def page_query(context: Context, parameter: str, number: int | str) -> str:
    return query(context, **{parameter: None if number == 1 else number})


# Forms without a form class: one button that does one thing


@register.simple_tag
def idempotency_key() -> SafeString:
    """The hidden key of a form that is only a button; pressing twice sends the same key twice."""
    return format_html('<input type="hidden" name="idempotency_key" value="{}">', uuid.uuid4())


@register.simple_tag(takes_context=True)
def version(context: Context) -> SafeString:
    """The hidden mark of what a decision's page shows (core.shown). Needs: version."""
    return format_html('<input type="hidden" name="version" value="{}">', context["version"])
