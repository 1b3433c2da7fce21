"""How often visitors may search the market, by page or by program.

A thousand people who share one address of a carrier may each search three times at once, and then
every 200 seconds; one machine that searches without a pause may not.
"""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core import limits
from core.addresses import client_address, client_network, one_client
from core.errors import DomainError

OF_NETWORK = limits.Limit("core.search.network", 6_000, 600)
OF_CLIENT = limits.Limit("core.search.client", 3_000, 600)


class TooManySearches(DomainError):
    status = 429
    code = "too_many_searches"
    message = _(
        "Very many searches come from your connection just now. Please wait a moment, then press"
        " Search again."
    )

    def __init__(self, *, wait_s: int) -> None:
        super().__init__(wait_s=wait_s)
        self.retry_after_s = wait_s


def count_search(request: HttpRequest, words: str | None) -> None:
    """Count one search; nothing typed counts for none. Raises TooManySearches."""
    if not words:
        return
    client_ip = client_address(request)
    refusal = limits.refusal_of(
        (OF_NETWORK, client_network(client_ip)), (OF_CLIENT, one_client(client_ip))
    )
    if refusal:
        raise TooManySearches(wait_s=refusal.retry_after_s)
