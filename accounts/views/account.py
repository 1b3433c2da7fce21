"""One's own account: name, password, programs that act for one."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import get_token_to_revoke
from accounts.errors import TooManyTokens, WrongPassword
from accounts.forms import ApiTokenForm, ChangePasswordForm, RenameForm
from accounts.models import User
from accounts.services import people, recovery_codes, tokens
from core import access
from core.idempotency import idempotent
from core.limits import TooManyTries

NEW_TOKEN_IN_SESSION = "new_api_token"  # noqa: S105 - the name of a place


@access.signed_in
@require_http_methods(["GET", "HEAD"])
@never_cache
def show_account(request: HttpRequest) -> HttpResponse:
    user: User = request.user  # type: ignore[assignment]
    return _account_page(request, user, RenameForm(instance=user))


def _account_page(
    request: HttpRequest, user: User, form: RenameForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "has_second_factor": user.has_second_factor,
        "codes_left": recovery_codes.count_left(user),
        "token_count": user.api_tokens.working().count(),
    }
    return render(request, "accounts/account.html", context, status=status)


@access.signed_in
@require_POST
@idempotent
def rename_account(request: HttpRequest) -> HttpResponse:
    user = User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
    form = RenameForm(request.POST, instance=user)
    if not form.is_valid():
        return _account_page(request, user, form, status=422)
    people.rename(user=user, display_name=form.cleaned_data["display_name"])
    messages.success(request, _("Your name is changed."))
    return redirect("show-account")


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("present", "password")
@never_cache
def change_password(request: HttpRequest) -> HttpResponse:
    """Not wrapped by `idempotent`, which would keep a digest of the passwords."""
    form = ChangePasswordForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        user: User = request.user  # type: ignore[assignment]
        try:
            people.change_password(
                user=user, session_key=request.session.session_key or "", **form.cleaned_data
            )
        except (WrongPassword, TooManyTries) as refusal:
            form.add_error("present", str(refusal.message))
            status = refusal.status
        else:
            update_session_auth_hash(request, user)
            words = _(
                "Your password is changed. Other devices are signed out, and tokens for programs"
                " no longer work."
            )
            messages.success(request, words)
            return redirect("show-account")
    return render(request, "accounts/change_password.html", {"form": form}, status=status)


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@idempotent
def list_api_tokens(request: HttpRequest) -> HttpResponse:
    """Make a token with POST; it is shown on the next page and never again."""
    user: User = request.user  # type: ignore[assignment]
    form = ApiTokenForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            chosen = {name: form.cleaned_data[name] for name in ("name", "scope", "days")}
            _token, text = tokens.create_api_token(user=user, **chosen)
        except TooManyTokens as refusal:
            form.add_error(None, str(refusal.message))
            status = refusal.status
        else:
            request.session[NEW_TOKEN_IN_SESSION] = text
            return redirect("list-api-tokens")
    context = {
        "form": form,
        "new_token": request.session.pop(NEW_TOKEN_IN_SESSION, ""),
        "tokens": user.api_tokens.working().order_by("-pk"),
    }
    return render(request, "accounts/api_tokens.html", context, status=status)


@access.signed_in
@require_POST
@idempotent
def revoke_api_token(request: HttpRequest) -> HttpResponse:
    token = get_token_to_revoke(request.user, request.POST.get("token", ""))  # type: ignore[arg-type]
    tokens.revoke_api_token(token=token)
    messages.success(request, _("The token “%(name)s” no longer works.") % {"name": token.name})
    return redirect("list-api-tokens")
