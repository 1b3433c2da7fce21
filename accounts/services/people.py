"""Accounts: made, renamed, given another password, signed out everywhere."""

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts import limits
from accounts.errors import PhoneTaken
from accounts.models import User
from accounts.services.passwords import check_present_password
from core.clock import Instant, db_now


def create_account(
    *,
    phone: str,
    display_name: str,
    password: str,
    is_verified: bool = True,
    is_staff: bool = False,
) -> User:
    """Make an account; `phone` is E.164. `is_verified`: the person showed that the phone is theirs.

    Raises PhoneTaken, writing nothing.
    """
    try:
        with transaction.atomic():
            return User.objects.create_user(
                phone,
                password,
                display_name=display_name,
                is_staff=is_staff,
                phone_verified_at=db_now() if is_verified else None,
            )
    except IntegrityError as error:
        raise PhoneTaken(field="phone") from error


@transaction.atomic
def reset_password(*, user: User, password: str) -> User:
    """Set a new password for a user whose phone has been verified.

    Ends all their sessions and revokes their API tokens: whoever had the old password may have
    made one.
    """
    user.set_password(password)
    user.phone_verified_at = user.phone_verified_at or db_now()
    user.save(update_fields=["password", "phone_verified_at"])
    user.api_tokens.filter(revoked_at=None).update(revoked_at=Now())
    limits.start_anew(user.phone)
    return user


def change_password(*, user: User, present: str, password: str, session_key: str = "") -> User:
    """The other sessions of the person and their tokens for programs end.

    Raises WrongPassword, or TooManyTries; wrong ones count, so not in a transaction of the caller's.
    """
    check_present_password(user=user, present=present, session_key=session_key)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        user.api_tokens.working().update(revoked_at=Instant())
    return user


@transaction.atomic
def rename(*, user: User, display_name: str) -> User:
    user.display_name = display_name
    user.save(update_fields=["display_name"])
    return user


def end_sessions(*, user: User) -> None:
    """Sign the person out everywhere, from the next request on (a role was given or taken)."""
    User.objects.filter(pk=user.pk).update(session_round=F("session_round") + 1)


@transaction.atomic
def deactivate(*, user: User) -> None:
    """Close an account: no session, no sign-in and no token works any more."""
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.api_tokens.working().update(revoked_at=db_now())
    end_sessions(user=user)
