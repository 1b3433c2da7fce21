"""The step before an order of a stranger: a code sent to the phone, or the co-op's call."""

from typing import Any

from django.http import HttpRequest, QueryDict

from accounts.errors import CodesNotSetUp, TooManyCodes
from accounts.services.codes import demonstration_code
from core.addresses import client_address
from core.errors import DomainError
from orders.errors import CodeNeeded, ToBeCalled
from orders.services import calling, weighing
from orders.services.placing import Buyer, Seen

CODE_FIELD = "one_time_code"


def prove_if_shown(request: HttpRequest, typed: QueryDict, phone: str) -> None:
    """Accept the code that came with the form. Raises WrongCode or CodeSpent."""
    if code := typed.get(CODE_FIELD, "").strip():
        weighing.prove(phone=phone, code=code, client_ip=client_address(request))


def ask_for_code(
    request: HttpRequest,
    phone: str,
    *,
    session_id: int,
    buyer: Buyer,
    lines: dict[int, int],
    seen: Seen,
) -> DomainError | None:
    """Send the code; or, where none can be sent, put the buyer on the list of those to be called.

    Returns the refusal to be shown instead of "enter the code", when there is one.
    """
    client_ip = client_address(request)
    try:
        weighing.send_code(phone=phone, client_ip=client_ip)
    except CodesNotSetUp:
        calling.note(
            session_id=session_id, buyer=buyer, lines=lines, client_ip=client_ip, seen=seen
        )
        return ToBeCalled()
    except TooManyCodes as refusal:
        return refusal
    return None


def code_context(refusal: DomainError, phone: str) -> dict[str, Any]:
    """What the page needs to let the code be entered."""
    from accounts.models import OneTimeCode

    if not isinstance(refusal, CodeNeeded) and refusal.code not in {"wrong_code", "code_spent"}:
        return {}
    code = OneTimeCode.objects.for_phone(phone, weighing.PURPOSE).order_by("pk").last()
    return {"needs_code": True, "demonstration_code": demonstration_code(code)}
