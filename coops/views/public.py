"""What anyone may see: the list of co-ops, and the official list of communes."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from coops.forms import FindCooperativeForm
from coops.models import Commune, Cooperative, Province
from core import access
from core.paging import near_page
from core.search_limits import count_search
from core.text import nfc

PER_PAGE = 24
SUGGESTIONS = 8
MAX_TYPED = 120


@access.public
@gzip_page
@require_safe
def list_coops(request: HttpRequest) -> HttpResponse:
    seen = Cooperative.objects.public()
    provinces = Province.objects.filter(pk__in=seen.values("commune__province")).in_order()
    form = FindCooperativeForm(request.GET, provinces=provinces)
    form.is_valid()  # a filter that makes no sense is left out
    wanted = form.cleaned_data
    count_search(request, wanted.get("q"))
    found = seen.matching(wanted.get("q", "")) if wanted.get("q") else seen
    if province := wanted.get("province"):
        found = found.filter(commune__province=province)
    if wanted.get("women_led"):
        found = found.filter(is_women_led=True)
    found = found.in_order().select_related("commune__province").prefetch_related("photos__picture")
    if wanted.get("q"):
        found = found.likeliest(wanted["q"], "name", "commune__name", "commune__province__name")
    context = {
        "form": form,
        "page": near_page(request, found, PER_PAGE),
        "is_filtered": any(wanted.get(name) for name in ("q", "province", "women_led")),
    }
    return render(request, "coops/cooperative_list.html", context)


@access.public
@require_safe
@cache_control(public=True, max_age=3600)
def find_communes(request: HttpRequest) -> HttpResponse:
    """Communes meant by `q`, of the province `tinh` if given: `{"communes": [{code, text, was}]}`.

    `was` is a former name by which the commune was found, or "".
    """
    typed = nfc(request.GET.get("q", "")).replace("\0", "")[:MAX_TYPED]
    province = request.GET.get("tinh", "")[:2]
    found = Commune.objects.suggest(typed, SUGGESTIONS, province)
    return JsonResponse({"communes": [_suggestion(commune) for commune in found]})


def _suggestion(commune: Any) -> dict[str, Any]:
    was = str(commune.found_by or "")
    return {"code": commune.code, "text": commune.full_name, "was": was}
