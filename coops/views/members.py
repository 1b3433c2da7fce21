"""Who works in a co-op."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.errors import CannotVouch
from accounts.models import User
from coops.access import (
    get_cooperative_of_member,
    get_cooperative_to_manage,
    get_membership_to_manage,
)
from coops.errors import (
    LastManager,
    MemberAlready,
    NoSuchAccount,
    NotApprovedYet,
    NoWordWithoutSecondFactor,
)
from coops.forms import AddMemberForm
from coops.models import Cooperative, Membership
from coops.services.members import add_member, remove_member
from coops.services.vouching import enrolling_among, vouch_for_colleague
from core import access
from core.idempotency import idempotent


@access.cooperative("manager", "host", "packer", "diarist")
@require_safe
@never_cache
def list_members(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Everyone in the co-op; with the form to add a member for its managers."""
    cooperative = get_cooperative_of_member(request.user, cooperative_slug)
    is_manager = Cooperative.objects.managed_by(request.user).filter(pk=cooperative.pk).exists()
    return _page(request, cooperative, AddMemberForm() if is_manager else None)


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def add_membership(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
    if request.method != "POST":  # the address of a refused form, opened again
        return redirect("list-members", cooperative.slug)
    form = AddMemberForm(request.POST)
    if not form.is_valid():
        return _page(request, cooperative, form, status=422)
    phone, role = form.cleaned_data["phone"], form.cleaned_data["role"]
    try:
        membership = add_member(cooperative=cooperative, phone=phone, role=role)
    except (NoSuchAccount, MemberAlready, NotApprovedYet) as refusal:
        form.add_error(refusal.field, str(refusal.message))
        return _page(request, cooperative, form, status=refusal.status)
    words = _("%(name)s can now work in the co-op. They see it after signing in.")
    messages.success(request, words % {"name": membership.user.display_name})
    return redirect("list-members", cooperative.slug)


@access.cooperative("manager")
@require_POST
@idempotent
def vouch_for_member(
    request: HttpRequest, cooperative_slug: str, membership_id: int
) -> HttpResponse:
    """A manager confirms a colleague who wants to set up the second step."""
    membership = get_membership_to_manage(request.user, cooperative_slug, membership_id)
    get_cooperative_to_manage(request.user, cooperative_slug)
    try:
        is_done = vouch_for_colleague(membership=membership, by=request.user)  # type: ignore[arg-type]
    except (CannotVouch, NoWordWithoutSecondFactor) as refusal:
        messages.error(request, str(refusal.message))
    else:
        say_vouched(request, membership.user, is_done=is_done)
    return redirect("list-members", cooperative_slug)


def say_vouched(request: HttpRequest, person: User, *, is_done: bool) -> None:
    if is_done:
        words = _("%(name)s is confirmed and can set up the second step within a day.")
    else:
        words = _("%(name)s does not wait for a confirmation (any more).")
    messages.info(request, words % {"name": person.display_name})


@access.cooperative("manager", "host", "packer", "diarist")
@require_POST
@idempotent
def remove_membership(
    request: HttpRequest, cooperative_slug: str, membership_id: int
) -> HttpResponse:
    """Managers take anyone's role away; everyone else only their own."""
    membership = get_membership_to_manage(request.user, cooperative_slug, membership_id)
    is_own = membership.user_id == request.user.pk
    try:
        remove_member(membership=membership)
    except LastManager as refusal:
        messages.error(request, str(refusal.message))
        return redirect("list-members", cooperative_slug)
    messages.success(request, _("The role is taken away."))
    still_in = request.user.memberships.filter(cooperative=membership.cooperative).exists()  # type: ignore[union-attr]
    if is_own and not still_in:
        return redirect("show-workspace")
    return redirect("list-members", cooperative_slug)


def _page(
    request: HttpRequest, cooperative: Cooperative, form: AddMemberForm | None, *, status: int = 200
) -> HttpResponse:
    places = cooperative.memberships.select_related("user")
    people: dict[Any, list[Membership]] = {}
    for place in places.order_by("user__display_name", "user_id", "role"):
        people.setdefault(place.user, []).append(place)
    may_vouch = form is not None and request.user.is_verified()  # type: ignore[union-attr]
    context = {
        "cooperative": cooperative,
        "people": list(people.items()),
        "form": form,
        "enrolling": enrolling_among(people) - {request.user.pk} if may_vouch else set(),
    }
    return render(request, "coops/members.html", context, status=status)
