"""The workspace: what a person can do, a co-op's own pages."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from coops.access import (
    ended_places,
    get_cooperative_of_member,
    get_cooperative_to_manage,
)
from coops.errors import CheckedByProvince, TaxCodeTaken
from coops.forms import CooperativeForm
from coops.models import Cooperative, Membership, Province
from coops.services.cooperatives import (
    hold,
    register_cooperative,
    resubmit_cooperative,
    update_cooperative,
)
from core import access
from core.drafts import note_done
from core.idempotency import idempotent


@access.signed_in
@require_safe
@never_cache
def show_workspace(request: HttpRequest) -> HttpResponse:
    """What this person can do; straight to the co-op when that is all (unless `?tat-ca`)."""
    user: Any = request.user
    memberships = user.memberships.select_related("cooperative__commune__province")
    roles: dict[Cooperative, list[str]] = {}
    for membership in memberships.order_by("cooperative__sort_key", "cooperative_id", "role"):
        roles.setdefault(membership.cooperative, []).append(str(membership.get_role_display()))
    staffed: dict[Province, set[str]] = {}
    for place in user.staff_roles.select_related("province").order_by("province__sort_key"):
        staffed.setdefault(place.province, set()).add(place.role)
    if len(roles) == 1 and not staffed and "tat-ca" not in request.GET:
        return redirect("show-cooperative-desk", next(iter(roles)).slug)
    context = {
        "coops": list(roles.items()),
        "provinces": list(staffed.items()),
        "ended": ended_places(user),
    }
    return render(request, "coops/workspace.html", context)


@access.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@idempotent
def register_coop(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    form = CooperativeForm(request.POST or None, initial={"phone": user.phone})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            cooperative = register_cooperative(creator=user, particulars=form.particulars)
        except TaxCodeTaken as refusal:
            form.add_error("tax_code", str(refusal.message))
            status = refusal.status
        else:
            note_done(request, f"coop-new-{user.pk}")
            messages.success(request, _("Your co-op is registered. Now add some pictures."))
            return redirect("edit-coop-photos", cooperative.slug)
    return render(request, "coops/register.html", {"form": form}, status=status)


@access.cooperative("manager", "host", "packer", "diarist")
@require_safe
@never_cache
def show_cooperative_desk(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """What happens next and when; what to do first."""
    cooperative = get_cooperative_of_member(request.user, cooperative_slug)
    user: Any = request.user
    mine = user.memberships.filter(cooperative=cooperative)
    roles = set(mine.values_list("role", flat=True))
    context = {
        "cooperative": cooperative,
        "is_manager": Membership.Role.MANAGER in roles,
        "handles_money": bool(roles & {Membership.Role.MANAGER, Membership.Role.HOST}),
        "roles": [str(Membership.Role(role).label) for role in sorted(roles)],
        "bank_change": cooperative.bank_changes.waiting().select_related("requested_by").first(),
        "steps": steps_of_review(cooperative),
        "photo_count": cooperative.photos.count(),
        "waiting_before": Cooperative.objects.waiting_before(cooperative).count(),
    }
    return render(request, "coops/cooperative_desk.html", context)


def steps_of_review(cooperative: Cooperative) -> list[dict[str, Any]]:
    """Registering as a line of steps, for _parts/steps.html."""
    state = cooperative.state
    decided = state in {Cooperative.State.APPROVED, Cooperative.State.SUSPENDED}
    is_back = state == Cooperative.State.RETURNED
    review = "stop" if is_back else "done" if decided else "now"
    return [
        {"label": _("Registered"), "state": "done", "at": cooperative.submitted_at},
        {
            "label": _("Returned for correction") if is_back else _("Checked by the province"),
            "state": review,
            "at": cooperative.reviewed_at if review != "now" else None,
        },
        {"label": _("Seen by buyers"), "state": "done" if cooperative.is_approved else "next"},
    ]


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@idempotent
def edit_cooperative(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
    if request.method == "POST":
        hold(cooperative)
    form = CooperativeForm(request.POST or None, cooperative=cooperative)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            update_cooperative(cooperative=cooperative, particulars=form.particulars)
        except (TaxCodeTaken, CheckedByProvince) as refusal:
            field = refusal.field if refusal.field in form.fields else None
            form.add_error(field, str(refusal.message))
            status = refusal.status
        else:
            return _saved(request, cooperative)
    context = {"form": form, "cooperative": cooperative}
    return render(request, "coops/cooperative_edit.html", context, status=status)


def _saved(request: HttpRequest, cooperative: Cooperative) -> HttpResponse:
    """A returned co-op is sent again with the same press, unless only saving was asked for."""
    note_done(request, f"coop-{cooperative.pk}")
    if cooperative.state == Cooperative.State.RETURNED and "only_save" not in request.POST:
        resubmit_cooperative(cooperative=cooperative, by=request.user)  # type: ignore[arg-type]
        messages.success(request, _("Sent to the province again. You will see the answer here."))
    elif cooperative.state == Cooperative.State.RETURNED:
        messages.success(request, _("Saved. Send it to the province when you are ready."))
    else:
        messages.success(request, _("Saved."))
    return redirect("show-cooperative-desk", cooperative.slug)


@access.cooperative("manager")
@require_POST
@idempotent
def resubmit_coop(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
    resubmit_cooperative(cooperative=cooperative, by=request.user)  # type: ignore[arg-type]
    messages.success(request, _("Sent to the province again. You will see the answer here."))
    return redirect("show-cooperative-desk", cooperative.slug)
