"""VietQR: the text of a QR code that a Vietnamese bank app turns into a filled-in transfer.

NAPAS' specification 1.5.2, part IV, over EMVCo's merchant-presented mode: objects of a two-digit
id, a two-digit length and a value, closed by a CRC.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.refusals import InputRefused
from core.text import ascii_fold

MAX_ACCOUNT = 19
MAX_MEMO = 25
MAX_AMOUNT_DIGITS = 13

_NAPAS = "A000000727"
_TO_ACCOUNT, _TO_CARD = "QRIBFTTA", "QRIBFTTC"
_BIN = re.compile(r"[0-9]{6}")
_ACCOUNT = re.compile(rf"[0-9A-Za-z]{{1,{MAX_ACCOUNT}}}")
_AMOUNT = re.compile(rf"[1-9][0-9]{{0,{MAX_AMOUNT_DIGITS - 1}}}")
_MEMO = re.compile(r"[ -~]*")
_CRC = re.compile(r"6304([0-9A-F]{4})$")


class InvalidVietQr(InputRefused):
    """Values that a VietQR code cannot hold, or an incomplete code."""

    messages: ClassVar[dict[str, Any]] = {
        "bank": _("Choose a bank from the list."),
        "account": _("An account number has at most 19 letters and digits, without spaces."),
        "amount": _("The amount must be a whole number of đồng above zero."),
        "memo": _("The transfer message may hold plain letters, digits and signs only."),
        "memo_length": _("The transfer message may be at most 25 characters long."),
        "structure": _("This QR code is damaged. Please take it anew from the bank app."),
        "crc": _("This QR code is damaged. Please take it anew from the bank app."),
        "not_vietqr": _("This is not a VietQR code for a bank transfer."),
    }


@dataclass(frozen=True)
class VietQr:
    """What a payer's bank app reads. `amount_vnd` is None where the payer types it."""

    bank_bin: str
    account_number: str
    is_card: bool
    is_dynamic: bool
    amount_vnd: int | None
    memo: str
    bill_number: str
    reference: str
    terminal: str


def vietqr_payload(
    *,
    bank_bin: str,
    account_number: str,
    amount_vnd: int | None,
    memo: str | None,
    to_card: bool = False,
) -> str:
    """The text to put into the QR code for a transfer to a bank account, or to a card.

    The memo is folded to ASCII: apps disagree on how to read letters with marks. Without an amount
    the code is a standing one and the payer types the amount.

    Raises InvalidVietQr (code: bank, account, amount, memo, memo_length); nothing is cut.
    """
    if not _BIN.fullmatch(bank_bin):
        raise InvalidVietQr("bank")
    if not _ACCOUNT.fullmatch(account_number):
        raise InvalidVietQr("account")
    purpose = _purpose(memo or "")
    service = _TO_CARD if to_card else _TO_ACCOUNT
    receiver = _tlv("00", bank_bin) + _tlv("01", account_number)
    objects = [
        _tlv("00", "01"),
        _tlv("01", "11" if amount_vnd is None else "12"),
        _tlv("38", _tlv("00", _NAPAS) + _tlv("01", receiver) + _tlv("02", service)),
        _tlv("53", "704"),
    ]
    if amount_vnd is not None:
        objects.append(_tlv("54", _amount(amount_vnd)))
    objects.append(_tlv("58", "VN"))
    if purpose:
        objects.append(_tlv("62", _tlv("08", purpose)))
    unsigned = "".join([*objects, "6304"])
    return unsigned + crc16(unsigned)


def parse_vietqr(payload: str) -> VietQr:
    """Read a VietQR transfer code; structure and CRC must both be right.

    Objects with ids unknown here are allowed and left out. Raises InvalidVietQr (code: structure,
    crc, not_vietqr).
    """
    found = _CRC.search(payload)
    if not found:
        raise InvalidVietQr("structure")
    objects = _read(payload)
    tags = list(objects)
    if tags[0] != "00" or tags[-1] != "63":
        raise InvalidVietQr("structure")
    if found[1] != crc16(payload[:-4]):
        raise InvalidVietQr("crc")
    return _transfer(objects)


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE of the UTF-8 bytes, as four capital hex digits; "123456789" is 29B1."""
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte << 8
        for _bit in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
    return f"{crc:04X}"


def _purpose(memo: str) -> str:
    folded = " ".join(ascii_fold(memo).split())
    lost = any(not ascii_fold(c) and not _is_mark(c) for c in memo)
    if lost or not _MEMO.fullmatch(folded):
        raise InvalidVietQr("memo")
    if len(folded) > MAX_MEMO:
        raise InvalidVietQr("memo_length")
    return folded


def _is_mark(c: str) -> bool:
    return "\u0300" <= c <= "\u036f"


def _amount(amount_vnd: int) -> str:
    digits = str(amount_vnd)
    if isinstance(amount_vnd, bool) or not _AMOUNT.fullmatch(digits):
        raise InvalidVietQr("amount")
    return digits


def _tlv(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def _read(text: str) -> dict[str, str]:
    """The objects of `text` by id; each once, each with a value, nothing left over."""
    objects: dict[str, str] = {}
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if not (len(head) == 4 and head.isascii() and head.isdigit()):
            raise InvalidVietQr("structure")
        tag, length = head[:2], int(head[2:])
        value = text[at + 4 : at + 4 + length]
        if not length or len(value) < length or tag in objects:
            raise InvalidVietQr("structure")
        objects[tag] = value
        at += 4 + length
    return objects


def _transfer(objects: dict[str, str]) -> VietQr:
    if objects.get("00") != "01" or objects.get("01") not in {"11", "12"} or "38" not in objects:
        raise InvalidVietQr("not_vietqr")
    scheme = _read(objects["38"])
    if scheme.get("00") != _NAPAS or scheme.get("02") not in {_TO_ACCOUNT, _TO_CARD}:
        raise InvalidVietQr("not_vietqr")
    receiver = _read(scheme.get("01", ""))
    bank_bin, account = receiver.get("00", ""), receiver.get("01", "")
    if not (_BIN.fullmatch(bank_bin) and _ACCOUNT.fullmatch(account)):
        raise InvalidVietQr("structure")
    if objects.get("53") != "704" or objects.get("58") != "VN":
        raise InvalidVietQr("not_vietqr")
    amount = objects.get("54")
    if amount is not None and not _AMOUNT.fullmatch(amount):
        raise InvalidVietQr("structure")
    more = _read(objects.get("62", ""))
    return VietQr(
        bank_bin=bank_bin,
        account_number=account,
        is_card=scheme["02"] == _TO_CARD,
        is_dynamic=objects["01"] == "12",
        amount_vnd=int(amount) if amount else None,
        memo=more.get("08", ""),
        bill_number=more.get("01", ""),
        reference=more.get("05", ""),
        terminal=more.get("07", ""),
    )
