"""Pages of plain prose, one file for each language: templates/pages/<language>/."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from core.access import public


@public
@require_safe
def show_about(request: HttpRequest) -> HttpResponse:
    return _page(request, "about")


@public
@require_safe
def show_help(request: HttpRequest) -> HttpResponse:
    return _page(request, "help")


@public
@require_safe
def show_rules(request: HttpRequest) -> HttpResponse:
    """Rules of sessions, delivery, returns and complaints (Law 122/2025/QH15, Decree 248/2026)."""
    return _page(request, "rules")


@public
@require_safe
def show_privacy(request: HttpRequest) -> HttpResponse:
    """What is kept of a person, why, and for how long (Law 91/2025/QH15)."""
    return _page(request, "privacy")


def _page(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, f"pages/{get_language()}/{name}.html")
