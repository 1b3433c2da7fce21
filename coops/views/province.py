"""Provincial staff: which co-ops wait, one of them with all it says, who is on the staff."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.errors import CannotVouch
from coops.access import (
    get_cooperative_of_staff,
    get_cooperative_to_review,
    get_province_of_staff,
    get_province_to_review,
)
from coops.errors import NotWaiting, OwnMatter, SecondReviewerNeeded
from coops.forms import ReturnForm, SuspensionForm
from coops.history import history_of
from coops.models import BankAccountChange, Cooperative, Membership, Province
from coops.services.impartiality import why_not
from coops.services.province import (
    approve_cooperative,
    reinstate_cooperative,
    return_cooperative,
    shown_version,
    suspend_cooperative,
)
from coops.services.vouching import enrolling_among, vouch_for_colleague
from coops.views.members import say_vouched
from core import access
from core.idempotency import idempotent
from core.paging import near_page
from core.shown import VERSION, ChangedSinceShown, Version

PER_PAGE = 50
WITH_PLACE = "commune__province"


@access.province("reviewer")
@require_safe
@never_cache
def review_cooperatives(request: HttpRequest, province_code: str) -> HttpResponse:
    """Co-ops that wait, the longest first."""
    province = get_province_to_review(request.user, province_code)
    waiting = (
        Cooperative.objects.reviewable_by(request.user)
        .waiting()
        .filter(commune__province=province)
        .select_related(WITH_PLACE)
        .order_by("submitted_at", "pk")
    )
    page = near_page(request, waiting, PER_PAGE)
    return render(
        request,
        "coops/reviews.html",
        {
            "province": province,
            "page": page,
            "bank_changes": BankAccountChange.objects.waiting()
            .filter(cooperative__commune__province=province)
            .select_related("cooperative", "requested_by")
            .order_by("takes_effect_at")[:PER_PAGE],
            **_may(request, province),
        },
    )


@access.province("viewer", "reviewer")
@require_safe
@never_cache
def list_province_coops(request: HttpRequest, province_code: str) -> HttpResponse:
    """Every co-op of the province, whatever its state."""
    province = get_province_of_staff(request.user, province_code)
    coops = Cooperative.objects.of_staff(request.user).filter(commune__province=province)
    q = request.GET.get("q", "").replace("\0", "")[:120]
    state = request.GET.get("state", "")
    if state in Cooperative.State.values:
        coops = coops.filter(state=state)
    found = coops.matching(q).in_order().select_related(WITH_PLACE)
    context = {
        "province": province,
        "page": near_page(request, found, PER_PAGE),
        "q": q,
        "state": state,
        "states": Cooperative.State.choices,
        **_may(request, province),
    }
    return render(request, "coops/province_coops.html", context)


@access.province("viewer", "reviewer")
@require_safe
@never_cache
def review_cooperative(
    request: HttpRequest, province_code: str, cooperative_slug: str
) -> HttpResponse:
    cooperative = get_cooperative_of_staff(request.user, province_code, cooperative_slug)
    return _page(request, cooperative, _form_of(cooperative)())


@access.province("reviewer")
@require_POST
@idempotent
def approve_coop(request: HttpRequest, province_code: str, cooperative_slug: str) -> HttpResponse:
    cooperative = get_cooperative_to_review(request.user, province_code, cooperative_slug)
    try:
        approve_cooperative(
            cooperative=cooperative,
            reviewer=request.user,  # type: ignore[arg-type]
            version=_version(request),
        )
    except NotWaiting:
        return _decided_before(request, cooperative)
    except ChangedSinceShown as refusal:
        return _shown_again(request, cooperative, refusal)
    except (OwnMatter, SecondReviewerNeeded) as refusal:
        messages.error(request, str(refusal.message))
        return redirect("review-cooperative", province_code, cooperative.slug)
    if cooperative.is_approved:
        words = _("%(name)s is approved. Buyers can see it now.")
    else:
        words = _("Your approval of %(name)s is noted. A second reviewer has to approve as well.")
    messages.success(request, words % {"name": cooperative.name})
    return redirect("review-cooperatives", province_code)


@access.province("reviewer")
@require_POST
@idempotent
def return_coop(request: HttpRequest, province_code: str, cooperative_slug: str) -> HttpResponse:
    cooperative = get_cooperative_to_review(request.user, province_code, cooperative_slug)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _page(request, cooperative, form, status=422)
    try:
        return_cooperative(
            cooperative=cooperative,
            reviewer=request.user,  # type: ignore[arg-type]
            reason=form.cleaned_data["reason"],
            version=_version(request),
        )
    except NotWaiting:
        return _decided_before(request, cooperative)
    except ChangedSinceShown as refusal:
        return _shown_again(request, cooperative, refusal)
    words = _("%(name)s is returned. The co-op reads your reason and can send it again.")
    messages.success(request, words % {"name": cooperative.name})
    return redirect("review-cooperatives", province_code)


@access.province("reviewer")
@require_POST
@idempotent
def suspend_coop(request: HttpRequest, province_code: str, cooperative_slug: str) -> HttpResponse:
    words = _("%(name)s is suspended. Buyers no longer see it; its open orders go on.")
    return _switched(request, province_code, cooperative_slug, suspend_cooperative, words)


@access.province("reviewer")
@require_POST
@idempotent
def reinstate_coop(request: HttpRequest, province_code: str, cooperative_slug: str) -> HttpResponse:
    words = _("%(name)s may sell again. Buyers see it now.")
    return _switched(request, province_code, cooperative_slug, reinstate_cooperative, words)


def _switched(
    request: HttpRequest, province_code: str, slug: str, switch: Callable[..., Any], words: str
) -> HttpResponse:
    cooperative = get_cooperative_to_review(request.user, province_code, slug)
    form = SuspensionForm(request.POST)
    if not form.is_valid():
        return _page(request, cooperative, form, status=422)
    try:
        switch(
            cooperative=cooperative,
            reviewer=request.user,
            reason=form.cleaned_data["reason"],
            version=_version(request),
        )
    except NotWaiting:
        return _decided_before(request, cooperative)
    except ChangedSinceShown as refusal:
        return _shown_again(request, cooperative, refusal)
    except OwnMatter as refusal:
        messages.error(request, str(refusal.message))
        return redirect("review-cooperative", province_code, slug)
    messages.success(request, words % {"name": cooperative.name})
    return redirect("review-cooperative", province_code, slug)


@access.province("reviewer")
@require_POST
@idempotent
def vouch_for_manager(
    request: HttpRequest, province_code: str, cooperative_slug: str, membership_id: int
) -> HttpResponse:
    """The office vouches for a member of a co-op who wants to set up the second step."""
    cooperative = get_cooperative_to_review(request.user, province_code, cooperative_slug)
    places = cooperative.memberships.select_related("user")
    membership = get_object_or_404(places, pk=membership_id)
    try:
        is_done = vouch_for_colleague(membership=membership, by=request.user)  # type: ignore[arg-type]
    except CannotVouch as refusal:
        messages.error(request, str(refusal.message))
    else:
        say_vouched(request, membership.user, is_done=is_done)
    return redirect("review-cooperative", province_code, cooperative_slug)


@access.province("viewer", "reviewer")
@require_safe
@never_cache
def list_staff(request: HttpRequest, province_code: str) -> HttpResponse:
    province = get_province_of_staff(request.user, province_code)
    places = province.staff_roles.select_related("user")
    people: dict[Any, list[str]] = {}
    for place in places.order_by("user__display_name", "user_id", "role"):
        people.setdefault(place.user, []).append(str(place.get_role_display()))
    context = {"province": province, "people": list(people.items()), **_may(request, province)}
    return render(request, "coops/staff.html", context)


def _decided_before(request: HttpRequest, cooperative: Cooperative) -> HttpResponse:
    """Two reviewers, or a form submitted twice: show the decision that was made."""
    words = {
        Cooperative.State.APPROVED: _("%(name)s was already approved by %(who)s."),
        Cooperative.State.RETURNED: _("%(name)s was already returned by %(who)s."),
        Cooperative.State.SUSPENDED: _("%(name)s was already suspended by %(who)s."),
    }.get(Cooperative.State(cooperative.state), _("%(name)s no longer waits for review."))
    who = cooperative.reviewed_by or _("somebody else")
    messages.info(request, words % {"name": cooperative.name, "who": who})
    return redirect("review-cooperative", cooperative.commune.province_id, cooperative.slug)


def _version(request: HttpRequest) -> Version:
    return request.POST.get(VERSION, "")


def _form_of(cooperative: Cooperative) -> type[ReturnForm | SuspensionForm]:
    return ReturnForm if cooperative.state == Cooperative.State.WAITING else SuspensionForm


def _shown_again(
    request: HttpRequest, cooperative: Cooperative, refusal: ChangedSinceShown
) -> HttpResponse:
    """The page as things stand now, with the reason that was typed still in its field."""
    cooperative.refresh_from_db()
    typed = {"reason": request.POST.get("reason", "")}
    form = _form_of(cooperative)(initial=typed)
    return _page(request, cooperative, form, status=refusal.status, refusal=refusal)


def _page(
    request: HttpRequest,
    cooperative: Cooperative,
    form: Any,
    *,
    status: int = 200,
    refusal: ChangedSinceShown | None = None,
) -> HttpResponse:
    version = shown_version(cooperative)  # before anything that the page reads later
    province = cooperative.commune.province
    places = list(cooperative.memberships.select_related("user").order_by("pk"))
    people = {place.user: place for place in reversed(places)}
    may = _may(request, province)
    enrolling = enrolling_among(people) if may["can_review"] else set()
    context = {
        "cooperative": cooperative,
        "province": province,
        "form": form,
        "version": version,
        "refusal": refusal,
        "photos": cooperative.photos.select_related("picture"),
        "managers": [place.user for place in places if place.role == Membership.Role.MANAGER],
        "enrolling": [people[user] for user in people if user.pk in enrolling],
        "changes": history_of(cooperative),
        "why_not": why_not(request.user, cooperative, first=cooperative.first_approved_by_id),
        "bank_change": cooperative.bank_changes.waiting().select_related("requested_by").first(),
        **may,
    }
    return render(request, "coops/review.html", context, status=status)


def _may(request: HttpRequest, province: Province) -> dict[str, bool]:
    mine = request.user.staff_roles.reviewing()  # type: ignore[union-attr]
    return {"can_review": mine.filter(province=province).exists()}
