"""An address that only takes what is sent, opened to be read: back to the page that holds its form.

A refused form leaves one there, and so do a reload, a bookmark and the language button.
"""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

View = Callable[..., HttpResponse]
READING = {"GET", "HEAD"}
NOT_ALLOWED = 405


def lead_back(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Instead of an empty 405 for a reader: the nearest page above in the address."""
    is_reader = request.method in READING and not request.path.startswith("/api/")
    if response.status_code != NOT_ALLOWED or not is_reader:
        return response
    return HttpResponseRedirect(page_above(request.path))


def page_above(path: str) -> str:
    """The nearest address above `path` that is one of ours; forms are below their page."""
    while path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0] + "/"
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return "/"


def form_on(page: str) -> Callable[[View], View]:
    """For a POST-only view whose form is on a page that is not above it in the URL tree."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def sent(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            return view(request, *args, **kwargs) if request.method == "POST" else redirect(page)

        return sent

    return decorate
