"""Codes on paper for the day the phone with the authenticator is lost."""

import secrets

from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts.models import RecoveryCode, User
from accounts.services.passwords import check_present_password
from core.clock import db_now

CODE_COUNT = 10
# Digits alone: a Vietnamese keyboard turns letters into others. 40 bits are enough behind the limit
# on wrong tries.
PAPER_DIGITS = 12
_SALT = "accounts.recovery_codes"


@transaction.atomic
def make_recovery_codes(*, user: User) -> list[str]:
    """Ten new codes in place of all that were; shown once and kept as keyed hashes only."""
    User.objects.select_for_update().get(pk=user.pk)
    RecoveryCode.objects.filter(user=user).delete()
    codes: set[str] = set()
    while len(codes) < CODE_COUNT:
        codes.add(f"{secrets.randbelow(10**PAPER_DIGITS):0{PAPER_DIGITS}d}")
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, code_hash=_hash(user, code)) for code in codes
    )
    return sorted(codes)


def renew_recovery_codes(*, user: User, present: str, session_key: str = "") -> list[str]:
    """A new set, after the password has been entered again. Raises WrongPassword, TooManyTries."""
    check_present_password(user=user, present=present, session_key=session_key)
    return make_recovery_codes(user=user)


def use_recovery_code(*, user: User, code: str) -> bool:
    """Spend one code; False when it is not one of the person's or was used before."""
    unused = RecoveryCode.objects.unused().filter(user=user, code_hash=_hash(user, code))
    return unused.update(used_at=db_now()) == 1


def count_left(user: User) -> int:
    return RecoveryCode.objects.unused().filter(user=user).count()


def as_written(code: str) -> str:
    """In groups of four, as people read them aloud."""
    return " ".join(code[i : i + 4] for i in range(0, len(code), 4))


def _hash(user: User, code: str) -> str:
    return salted_hmac(_SALT, f"{user.pk}:{code}", algorithm="sha256").hexdigest()
