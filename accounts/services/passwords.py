"""The present password, asked for again before something that matters; wrong ones are counted."""

from accounts.errors import WrongPassword
from accounts.models import User
from core import limits

# Of one browser, and of the account from whatever browser: neither the owner nor a thief guesses on
PER_SESSION = limits.Limit("present-password-session", at_most=8, within_s=900)
PER_PERSON = limits.Limit("present-password-person", at_most=30, within_s=3600)


def check_present_password(*, user: User, present: str, session_key: str) -> None:
    """Raises WrongPassword, or TooManyTries. Call it outside a transaction that may roll back."""
    tries = [(PER_PERSON, str(user.pk)), (PER_SESSION, f"{user.pk}:{session_key}")]
    limits.check(*tries)
    if not user.check_password(present):
        raise WrongPassword(field="present")
    limits.give_back(*tries)
