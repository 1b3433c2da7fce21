"""Keys for programs that act for a person."""

import datetime as dt

from django.db import transaction

from accounts import seals
from accounts.errors import TooManyTokens
from accounts.models import ApiToken, User
from core.clock import Instant, db_now
from core.codes import secret_token

PREFIX = "cp_"  # so that a leaked token is recognised
MAX_TOKENS = 20
DAYS = 90
DAYS_TO_CHOOSE = (30, 90, 365)


@transaction.atomic
def create_api_token(
    *, user: User, name: str, scope: str = ApiToken.Scope.WRITE, days: int = DAYS
) -> tuple[ApiToken, str]:
    """A new token, good for so many days, and its text, which is kept nowhere.

    Raises TooManyTokens.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if user.api_tokens.working().count() >= MAX_TOKENS:
        raise TooManyTokens
    text = f"{PREFIX}{secret_token()}"
    token = ApiToken.objects.create(
        user=user,
        name=name,
        scope=scope,
        token_hash=seals.api_token_hash(text.encode()),
        expires_at=db_now() + dt.timedelta(days=days),
    )
    return token, text


def note_use(*, token: ApiToken) -> None:
    """Keep when the token was used last, at most once in some minutes."""
    ApiToken.objects.not_noted_lately().filter(pk=token.pk).update(last_used_at=Instant())


def revoke_api_token(*, token: ApiToken) -> bool:
    """False when it was revoked before."""
    working = ApiToken.objects.working().filter(pk=token.pk)
    return working.update(revoked_at=db_now()) == 1
