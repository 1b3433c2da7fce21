"""Sessions that showed a second factor end after twelve hours, or half an hour of rest."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts import sessions

Next = Callable[[HttpRequest], HttpResponse]


def staff_session_middleware(get_response: Next) -> Next:
    def middleware(request: HttpRequest) -> HttpResponse:
        # Without the cookie there is no session: pages that are the same for all stay so
        if settings.SESSION_COOKIE_NAME in request.COOKIES and sessions.is_over(request):
            logout(request)
            messages.info(
                request, _("You were signed out because this page had been left for a while.")
            )
        return get_response(request)

    return middleware
