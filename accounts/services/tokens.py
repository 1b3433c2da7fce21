"""Keys for programs that act for a person."""

import hashlib

from django.db import transaction

from accounts.errors import TooManyTokens
from accounts.models import ApiToken, User
from core.clock import db_now
from core.codes import secret_token

PREFIX = "cp_"  # so that a leaked token is recognised
MAX_TOKENS = 20


@transaction.atomic
def create_api_token(*, user: User, name: str) -> tuple[ApiToken, str]:
    """A new token and its text, which is kept nowhere. Raises TooManyTokens."""
    User.objects.select_for_update().get(pk=user.pk)
    if user.api_tokens.working().count() >= MAX_TOKENS:
        raise TooManyTokens
    text = f"{PREFIX}{secret_token()}"
    token_hash = hashlib.sha256(text.encode()).hexdigest()
    return ApiToken.objects.create(user=user, name=name, token_hash=token_hash), text


def revoke_api_token(*, token: ApiToken) -> bool:
    """False when it was revoked before."""
    working = ApiToken.objects.working().filter(pk=token.pk)
    return working.update(revoked_at=db_now()) == 1
