"""A search by a buyer's phone is counted and written down: often enough, it guesses a masked one."""

from typing import Any

from core import limits
from orders.models import PhoneSearch
from orders.querysets import digits_sought

OF_PERSON = limits.Limit("orders.phone-search.person", 120, 3600)
SAME = limits.Limit("orders.phone-search.same", 1, 600)  # its next page, its print, its file


def note_phone_search(*, words: str, user: Any) -> None:
    """Nothing, when `words` hold no digits of a phone. Raises TooManyTries."""
    digits = digits_sought(words)
    same = (SAME, f"{user.pk} {digits}")
    if not digits or limits.refusal_of(same):
        return
    if refusal := limits.refusal_of((OF_PERSON, str(user.pk))):
        limits.give_back(same)
        raise refusal
    PhoneSearch.objects.create(searched_by=user, digits=len(digits))
