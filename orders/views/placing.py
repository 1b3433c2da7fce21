"""Placing an order on its page: one press, one order, in the shortest way there is."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.access import public
from core.addresses import client_address
from core.busy import wants_json
from core.errors import DomainError
from core.idempotency import record_of
from orders.access import get_session_to_order
from orders.errors import CodeNeeded, FormNotRight
from orders.forms import plain_buyer, plain_lines, seen_in
from orders.services.placing import Buyer, merge_lines, place
from orders.views.order_page import draw, draw_errors, is_asking_back, order_form, tapped
from orders.views.proving import ask_for_code, prove_if_shown
from orders.views.refusing import draw_refusal, tell_refusal


@public
@cache_control(private=True, no_cache=True)  # not no-store: a form left for a moment comes back
# No token against forgery: an order needs no session, so a forged form could do nothing that its
# author could not do from his own browser. Pressing twice is the idempotency key's matter.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def order_offers(request: HttpRequest, session_id: int) -> HttpResponse:
    if request.method != "POST":
        session = get_session_to_order(session_id)
        return draw(request, session, order_form(session, None, tapped(request.GET)))
    try:
        answer = None if is_asking_back(request) else press(request, session_id)
    except DomainError as refusal:
        if is_from_script(request):
            return tell_refusal(session_id, refusal)
        return draw_refusal(request, get_session_to_order(session_id), refusal)
    if answer is None and is_from_script(request):
        refusal = FormNotRight()
        return JsonResponse(refusal.as_dict(), status=refusal.status)
    return answer or draw_errors(request, get_session_to_order(session_id))


def press(request: HttpRequest, session_id: int) -> HttpResponse | None:
    """Place the order if the form is plainly right; None when a field needs a word about it.

    The short way from a tap to an order: nothing is read but what was sent, and the database is
    asked once.
    """
    kept = record_of(request)
    typed = request.POST
    given, lines = plain_buyer(typed), plain_lines(typed.items())
    if not given or not lines:
        return None
    buyer = Buyer(
        buyer_name=given["buyer_name"],
        buyer_phone=given["buyer_phone"],
        commune_id=given["commune"].pk,
        address_line=given["address_line"],
        note=given["note"],
        payment_method=given["payment_method"],
        language=str(request.LANGUAGE_CODE),
    )
    seen = seen_in(typed, lines)
    prove_if_shown(request, typed, buyer.buyer_phone)
    client_ip = client_address(request)
    try:
        answer = place(
            session_id=session_id,
            lines=lines,
            buyer=buyer,
            seen=seen,
            kept=kept,
            client_ip=client_ip,
        )
    except CodeNeeded as refusal:
        if is_from_script(request):  # which lets the browser send the form, for the page to come
            raise
        wanted = merge_lines(lines)
        raise (
            ask_for_code(
                request,
                buyer.buyer_phone,
                session_id=session_id,
                buyer=buyer,
                lines=wanted,
                seen=seen,
            )
            or refusal
        ) from None
    address = reverse("show-order", args=[answer["token"]])
    if is_from_script(request):
        return JsonResponse({"page": address, "code": answer["code"]}, status=201)
    return HttpResponseRedirect(address, status=303)


def is_from_script(request: HttpRequest) -> bool:
    """Whether the page's script asks, which goes to the order's page itself."""
    return wants_json(request.path, request.headers.get("Accept", ""))
