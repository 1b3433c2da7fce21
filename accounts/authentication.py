"""How a program proves whose account it acts for."""

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import seals
from accounts.models import ApiToken, User
from accounts.services.tokens import note_use


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; the same answer for unknown, stopped, too old, disabled."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        tokens = ApiToken.objects.working().select_related("user")
        token_hash = seals.api_token_hash(words[-1])
        token = tokens.filter(token_hash=token_hash, user__is_active=True).first()
        if token is None:
            raise AuthenticationFailed(_("This token is not valid."))
        note_use(token=token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
