"""Word for js/draft.js: a form was accepted, so the copy of it on the device goes."""

from django.http import HttpRequest

DONE_IN_SESSION = "drafts_done"
MOST = 20  # not fetched by any page yet


def note_done(request: HttpRequest, key: str) -> None:
    """The form with `data-draft="key"` is in our tables; the next page of it says so, once."""
    kept = request.session.get(DONE_IN_SESSION, [])
    request.session[DONE_IN_SESSION] = [*kept, key][-MOST:]


def take_done(request: HttpRequest) -> list[str]:
    """The keys to send to the device now."""
    keys: list[str] = request.session.pop(DONE_IN_SESSION, [])
    return keys
