"""Messages to a phone, by eSMS.vn's JSON API (SendMultipleMessage_V4_post_json) or its like.

`RequestId` makes a message safe to send twice: the gateway answers 124 and sends nothing.
"""

import http.client
import json
import logging
import time
import urllib.error
import urllib.request
from uuid import UUID

from django.conf import settings

from core.phones import format_phone

log = logging.getLogger(__name__)

TAKEN = {"100", "124"}  # taken; taken before
NUMBER_REFUSED = {"99", "108"}  # blocked at the gateway; not a number it knows
CUSTOMER_CARE = "2"  # SmsType of one-time codes under a registered sender name
MAX_ANSWER = 20_000


class SmsUnavailable(Exception):
    """The gateway does not answer, or cannot send for us at present: worth another try later."""


class NumberRefused(Exception):
    """The gateway will never send to this number."""


def is_set_up() -> bool:
    return bool(settings.SMS_API_URL)


def send_sms(*, phone: str, text: str, request_id: UUID) -> None:
    """Hand one message over; `phone` is E.164, `text` ASCII so that it stays one message.

    Raises SmsUnavailable or NumberRefused. Takes SMS_TIMEOUT_S at most.
    """
    body = {
        "ApiKey": settings.SMS_API_KEY,
        "SecretKey": settings.SMS_API_SECRET,
        "Brandname": settings.SMS_BRAND_NAME,
        "SmsType": CUSTOMER_CARE,
        "IsUnicode": "0",
        "Sandbox": "0",
        "Phone": format_phone(phone).replace(" ", ""),
        "Content": text,
        "RequestId": str(request_id),
    }
    answer = _ask(json.dumps(body).encode())
    result = str(answer.get("CodeResult", ""))
    if result in TAKEN:
        return
    log.error("eSMS did not take a message: %s %s", result, str(answer.get("ErrorMessage"))[:200])
    if result in NUMBER_REFUSED:
        raise NumberRefused(result)
    raise SmsUnavailable(result)


def _ask(body: bytes) -> dict[str, object]:
    deadline = time.monotonic() + settings.SMS_TIMEOUT_S
    request = urllib.request.Request(  # noqa: S310 - the address is a setting, checked to be http
        settings.SMS_API_URL, body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=settings.SMS_TIMEOUT_S) as response:  # noqa: S310
            answer = json.loads(_read(response, deadline))
    except (OSError, http.client.HTTPException, ValueError) as error:
        log.warning("eSMS does not answer: %s", error)
        raise SmsUnavailable(str(error)) from error
    if not isinstance(answer, dict):
        raise SmsUnavailable("not an object")
    return answer


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The whole answer, unless it drips in slower than the deadline or never ends."""
    parts: list[bytes] = []
    while part := response.read1(4096):
        parts.append(part)
        if time.monotonic() > deadline or sum(map(len, parts)) > MAX_ANSWER:
            msg = "the answer took too long or was too long"
            raise TimeoutError(msg)
    return b"".join(parts)
