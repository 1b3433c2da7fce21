from django.http import Http404

from accounts.models import ApiToken, User


def get_token_to_revoke(user: User, token_id: str) -> ApiToken:
    """One of the person's own tokens; else 404."""
    if not token_id.isdecimal() or len(token_id) > 18:
        raise Http404
    token = ApiToken.objects.owned_by(user).filter(pk=int(token_id)).first()
    if token is None:
        raise Http404
    return token
