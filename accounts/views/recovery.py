"""The codes on paper: shown once, counted afterwards, a new set on request."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import sessions
from accounts.errors import WrongPassword
from accounts.forms import RenewCodesForm
from accounts.models import User
from accounts.services import recovery_codes
from core import access
from core.limits import TooManyTries


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("present")
@never_cache
def show_recovery_codes(request: HttpRequest) -> HttpResponse:
    """POST with the password makes a new set; the page after it shows the codes, once."""
    user: User = request.user  # type: ignore[assignment]
    if not user.has_second_factor:
        return redirect("set-up-second-factor")
    form = RenewCodesForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            codes = recovery_codes.renew_recovery_codes(
                user=user, session_key=request.session.session_key or "", **form.cleaned_data
            )
        except (WrongPassword, TooManyTries) as refusal:
            form.add_error("present", str(refusal.message))
            status = refusal.status
        else:
            sessions.note_recovery_codes(request, codes)
            return redirect("show-recovery-codes")
    shown = [] if form.is_bound else sessions.take_recovery_codes(request)
    context = {
        "form": form,
        "codes": [recovery_codes.as_written(code) for code in shown],
        "left": recovery_codes.count_left(user),
        "next": sessions.way_on(request),
    }
    return render(request, "accounts/recovery_codes.html", context, status=status)
