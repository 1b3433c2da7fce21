"""What anyone sees who scans a code."""

import re
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core import access
from core.codes import ALPHABET, in_groups
from core.paging import Pages
from products.models import OcopRecognition
from traceability.forms import FindOriginForm, read_code
from traceability.models import OriginCode, TraceEvent
from traceability.order_of_steps import doubtful
from traceability.services import scanning
from traceability.services.issuing import CODE_LENGTH

CODE = re.compile(rf"[{ALPHABET}]{{{CODE_LENGTH}}}")
STEPS_SHOWN = 40
STEPS_IN_SHORT = 12


@access.public
@require_safe
def show_origin(request: HttpRequest, code: str) -> HttpResponse:
    """Product, co-op, place, lot, harvest day and steps of one pack; openings by people are counted."""
    spelled = read_code(code)
    if spelled != code and CODE.fullmatch(spelled):
        return redirect("show-origin", code=spelled)
    origin = None
    if CODE.fullmatch(code):
        origin = OriginCode.objects.with_origin().filter(code=code).first()
    if origin is None:
        typed = in_groups(spelled[:40])
        context = {
            "typed_length": len(spelled),
            "code_length": CODE_LENGTH,
            "form": FindOriginForm({"ma": typed}),
        }
        return render(request, "traceability/origin_unknown.html", context, status=404)
    return render(request, "traceability/origin.html", _origin_context(request, origin))


@access.public
@require_safe
def lead_to_origin(request: HttpRequest, code: str) -> HttpResponse:
    """A code's address with a slash or a capital too many, as people and their phones write it."""
    return redirect("show-origin", code=read_code(code) or code)


@access.public
@require_safe
def find_origin(request: HttpRequest) -> HttpResponse:
    """Type the letters under the picture when the camera does not help."""
    form = FindOriginForm(request.GET or None)
    if form.is_bound and form.is_valid():
        return redirect("show-origin", code=form.cleaned_data["ma"])
    return render(request, "traceability/origin_find.html", {"form": form})


def _origin_context(request: HttpRequest, origin: OriginCode) -> dict[str, object]:
    scans = scanning.scans_of(origin)
    scanning.note(origin, request)
    lot = origin.lot
    standing = lot.trace_events.standing()
    told = standing.prefetch_related("photos__picture")
    days = list(standing.values_list("pk", "step", "happened_on"))
    unlikely = doubtful(days, lot.harvested_on)
    journey = [kind for kind, _same in groupby(kind for pk, kind, _ in days if pk not in unlikely)]
    return {
        "origin": origin,
        "lot": lot,
        "variant": lot.variant,
        "product": lot.variant.product,
        "cooperative": lot.variant.product.cooperative,
        "doubtful": unlikely,
        "steps": Pages(told, STEPS_SHOWN).get_page(request.GET.get("page")),
        "journey": [TraceEvent.Step(kind).label for kind in journey[:STEPS_IN_SHORT]],
        "code": in_groups(origin.code),
        "recognition": OcopRecognition.objects.valid().filter(product=lot.variant.product).first(),
        "scan_count": scans.count,
        "first_scan_at": scans.first_at,
        "is_scanned_often": scans.is_scanned_often,
    }
