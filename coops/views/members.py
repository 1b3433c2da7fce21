"""Who works in a co-op."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from coops.access import (
    get_cooperative_of_member,
    get_cooperative_to_manage,
    get_membership_to_manage,
)
from coops.errors import LastManager, MemberAlready, NoSuchAccount, NotApprovedYet
from coops.forms import AddMemberForm
from coops.models import Cooperative, Membership
from coops.services.members import add_member, remove_member
from core import access
from core.idempotency import idempotent


@access.cooperative("manager", "host", "packer", "diarist")
@require_safe
@never_cache
def list_members(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Everyone in the co-op; with the form to add somebody for its managers."""
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
    context = {"cooperative": cooperative, "people": list(people.items()), "form": form}
    return render(request, "coops/members.html", context, status=status)
