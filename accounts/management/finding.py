"""The person a command is about."""

from django.core.management.base import CommandError

from accounts.models import User
from core.phones import InvalidPhone, normalize_phone


def user_with(phone: str, otherwise: str = "There is no account with this phone number.") -> User:
    """The account of `phone` as typed; CommandError with the words `otherwise`."""
    try:
        return User.objects.get(phone=normalize_phone(phone))
    except (InvalidPhone, User.DoesNotExist) as error:
        raise CommandError(otherwise) from error
