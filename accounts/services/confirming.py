"""Re-authentication before sensitive actions."""

from accounts.models import User
from accounts.services import second_factor
from accounts.services.passwords import check_present_password


def confirm_identity(*, user: User, present: str, token: str, session_key: str) -> None:
    """Password, and second factor of a person who has one.

    Raises WrongPassword, TooManyTries, WrongCode or SecondFactorBusy; wrong tries count.
    """
    check_present_password(user=user, present=present, session_key=session_key)
    if user.has_second_factor:
        second_factor.check_second_factor(user=user, token=token)
