"""What anyone sees who scans a code."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from core import access
from core.codes import ALPHABET
from products.models import OcopRecognition
from traceability.forms import FindOriginForm
from traceability.models import OriginCode, Scan
from traceability.services.issuing import CODE_LENGTH

CODE = re.compile(rf"[{ALPHABET}]{{{CODE_LENGTH}}}")
MANY_SCANS = 10  # from here on the page warns of copies


@access.public
@require_safe
def show_origin(request: HttpRequest, code: str) -> HttpResponse:
    """Product, co-op, place, lot, harvest day and steps of one pack; each opening is counted."""
    origin = None
    if CODE.fullmatch(code):
        origin = OriginCode.objects.with_origin().filter(code=code).first()
    if origin is None:
        context = {"code": code[:40], "form": FindOriginForm({"ma": code[:40]})}
        return render(request, "traceability/origin_unknown.html", context, status=404)
    return render(request, "traceability/origin.html", _origin_context(request, origin))


@access.public
@require_safe
def find_origin(request: HttpRequest) -> HttpResponse:
    """Type the letters under the picture when the camera does not help."""
    form = FindOriginForm(request.GET or None)
    if form.is_bound and form.is_valid():
        code = re.sub(r"[^0-9A-Z]", "", form.cleaned_data["ma"].upper())
        if code:
            return redirect("show-origin", code=code)
    return render(request, "traceability/origin_find.html", {"form": form})


def _origin_context(request: HttpRequest, origin: OriginCode) -> dict[str, object]:
    earlier = list(origin.scans.order_by("scanned_at").values_list("scanned_at", flat=True)[:1])
    scan_count = origin.scans.count()
    if request.method == "GET":
        Scan.objects.create(origin_code=origin)
    lot = origin.lot
    steps = lot.trace_events.standing().select_related("commune__province")
    return {
        "origin": origin,
        "lot": lot,
        "variant": lot.variant,
        "product": lot.variant.product,
        "cooperative": lot.variant.product.cooperative,
        "steps": steps.prefetch_related("photos__picture"),
        "recognition": OcopRecognition.objects.valid().filter(product=lot.variant.product).first(),
        "scan_count": scan_count,
        "first_scan_at": earlier[0] if earlier else None,
        "is_scanned_often": scan_count >= MANY_SCANS,
    }
