"""Banks that take VietQR transfers: facts published by NAPAS and vietqr.io, as of November 2026.

Names are proper names and are not translated. A bank that is no longer here stays valid in rows
that hold its BIN: look it up with `bank_name`, which then answers with the BIN itself.

Wallets are left out. MoMo (971025) has no account numbers of its own: its codes name an account at
a partner bank and carry the receiver in an object outside of the VietQR specification, which only
the wallet can issue. A plain code made of a phone number would lead to nobody's money.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.refusals import InputRefused
from core.text import ascii_fold
from core.typed import as_meant

# bin (6 digits), short name, registered name
BANKS: list[tuple[str, str, str]] = [
    ("970425", "AB Bank", "Ngân hàng TMCP An Bình"),
    ("970416", "ACB", "Ngân hàng TMCP Á Châu"),
    ("970405", "Agribank", "Ngân hàng Nông nghiệp và Phát triển Nông thôn Việt Nam"),
    ("970409", "BacA Bank", "Ngân hàng TMCP Bắc Á"),
    ("970438", "BaoViet Bank", "Ngân hàng TMCP Bảo Việt"),
    ("970418", "BIDV", "Ngân hàng TMCP Đầu tư và Phát triển Việt Nam"),
    ("970454", "BVBank", "Ngân hàng TMCP Bản Việt"),
    (
        "546034",
        "CAKE by VPBank",
        "Ngân hàng số CAKE by VPBank - Ngân hàng TMCP Việt Nam Thịnh Vượng",
    ),
    ("970446", "Co-op Bank", "Ngân hàng Hợp tác xã Việt Nam"),
    ("970431", "Eximbank", "Ngân hàng TMCP Xuất Nhập khẩu Việt Nam"),
    ("970437", "HDBank", "Ngân hàng TMCP Phát triển TP. Hồ Chí Minh"),
    ("668888", "Kasikornbank", "Ngân hàng Đại chúng TNHH KASIKORNBANK - CN TP. Hồ Chí Minh"),
    ("970452", "KienlongBank", "Ngân hàng TMCP Kiên Long"),
    ("963369", "Liobank", "Ngân hàng số Liobank - Ngân hàng TMCP Phương Đông"),
    ("970449", "LPBank", "Ngân hàng TMCP Lộc Phát Việt Nam"),
    ("970422", "MB Bank", "Ngân hàng TMCP Quân đội"),
    ("970414", "MBV", "Ngân hàng TNHH MTV Việt Nam Hiện Đại"),
    ("970426", "MSB", "Ngân hàng TMCP Hàng Hải"),
    ("970428", "Nam A Bank", "Ngân hàng TMCP Nam Á"),
    ("970419", "NCB Bank", "Ngân hàng TMCP Quốc Dân"),
    ("970448", "OCB Bank", "Ngân hàng TMCP Phương Đông"),
    ("970430", "PG Bank", "Ngân hàng TMCP Xăng dầu Petrolimex"),
    ("970412", "PVcomBank", "Ngân hàng TMCP Đại Chúng Việt Nam"),
    ("970403", "Sacombank", "Ngân hàng TMCP Sài Gòn Thương Tín"),
    ("970400", "SaigonBank", "Ngân hàng TMCP Sài Gòn Công Thương"),
    ("970429", "SCB", "Ngân hàng TMCP Sài Gòn"),
    ("970440", "SeABank", "Ngân hàng TMCP Đông Nam Á"),
    ("970443", "SHB", "Ngân hàng TMCP Sài Gòn - Hà Nội"),
    ("970424", "Shinhan Bank", "Ngân hàng TNHH MTV Shinhan Việt Nam"),
    ("970407", "Techcombank", "Ngân hàng TMCP Kỹ thương Việt Nam"),
    ("963388", "Timo", "Ngân hàng số Timo by Bản Việt Bank"),
    ("970423", "TPBank", "Ngân hàng TMCP Tiên Phong"),
    (
        "546035",
        "Ubank by VPBank",
        "Ngân hàng số Ubank by VPBank - Ngân hàng TMCP Việt Nam Thịnh Vượng",
    ),
    ("970441", "VIB", "Ngân hàng TMCP Quốc tế Việt Nam"),
    ("970427", "VietABank", "Ngân hàng TMCP Việt Á"),
    ("970433", "VietBank", "Ngân hàng TMCP Việt Nam Thương Tín"),
    ("970436", "Vietcombank", "Ngân hàng TMCP Ngoại Thương Việt Nam"),
    ("970415", "VietinBank", "Ngân hàng TMCP Công thương Việt Nam"),
    ("970406", "Vikki Bank", "Ngân hàng TNHH MTV Số Vikki"),
    ("970432", "VPBank", "Ngân hàng TMCP Việt Nam Thịnh Vượng"),
]

BANK_CHOICES = [(bank_bin, f"{short_name} – {name}") for bank_bin, short_name, name in BANKS]
_SHORT_NAMES = {bank_bin: short_name for bank_bin, short_name, _name in BANKS}


def bank_name(bank_bin: str) -> str:
    """The short name people know, e.g. “Agribank” for 970405."""
    return _SHORT_NAMES.get(bank_bin, bank_bin)


@dataclass(frozen=True)
class BankAccount:
    """An account by bank, number and holder; all empty is none."""

    bank_bin: str = ""
    number: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.number)

    def __str__(self) -> str:
        return f"{bank_name(self.bank_bin)} {self.number}, {self.name}" if self else ""

    @property
    def masked(self) -> str:
        """Enough to recognise it by: bank and the last four digits."""
        return f"{bank_name(self.bank_bin)} ••• {self.number[-4:]}" if self else ""


class InvalidAccount(InputRefused):
    """Not the number of a bank account."""

    messages: ClassVar[dict[str, Any]] = {"shape": _("An account number has 6 to 19 digits.")}


def normalize_account_number(typed: str) -> str:
    """An account number as banks keep it, "" for none. Raises InvalidAccount."""
    number = re.sub(r"[\s.\-]", "", as_meant(typed))
    if number and not re.fullmatch(r"[0-9A-Za-z]{6,19}", number):
        raise InvalidAccount("shape")
    return number.upper()


def normalize_account_name(typed: str) -> str:
    """The holder as banks write it: “Hợp tác xã A” is “HOP TAC XA A”."""
    return " ".join(ascii_fold(typed).upper().split())
