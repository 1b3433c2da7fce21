"""How a program proves whose account it acts for."""

import hashlib

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; the same answer for unknown, revoked and disabled."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        token_hash = hashlib.sha256(words[-1]).hexdigest()
        tokens = ApiToken.objects.select_related("user")
        token = tokens.filter(token_hash=token_hash, revoked_at=None, user__is_active=True).first()
        if token is None:
            raise AuthenticationFailed(_("This token is not valid."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
