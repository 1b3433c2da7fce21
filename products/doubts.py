"""What makes a decision about OCOP stars doubtful to the eye, one sentence each.

Decision 26/2026/QĐ-TTg: five stars are given by the Ministry of Agriculture and Environment, three
and four by a province's People's Committee; until 5 July 2025 districts could give three. Communes
only review.
"""

import datetime as dt
import re
from typing import Any

from django.utils.translation import gettext as _

from core.text import fold

LAST_DAY_OF_DISTRICTS = dt.date(2025, 7, 5)
NUMBER = re.compile(r"\d+[a-z]?/(\d{4}/)?q[dđ]-\S+", re.IGNORECASE)


def doubts_about(recognition: Any) -> list[str]:
    """Sentences for the reviewer; empty when nothing strikes the eye."""
    issuer = f" {fold(recognition.issuer)} "
    found = []
    if not recognition.pages.exists():
        found.append(_("No picture of the decision was sent."))
    if not NUMBER.search(recognition.number):
        found.append(_("The number does not look like that of a decision (3981/QĐ-UBND)."))
    if recognition.stars == 5 and " bo " not in issuer:
        found.append(_("Five stars are given by the Ministry of Agriculture and Environment."))
    if recognition.stars < 5 and not _may_give_fewer(issuer, recognition.issued_on):
        found.append(_("Three and four stars are given by the province's People's Committee."))
    return found


def _may_give_fewer(issuer: str, issued_on: dt.date) -> bool:
    if any(word in issuer for word in (" tinh ", " thanh pho ", " tp ")):
        return " huien " not in issuer and " xa " not in issuer and " phuong " not in issuer
    return issued_on <= LAST_DAY_OF_DISTRICTS and any(
        word in issuer for word in (" huien ", " thi xa ", " quan ")
    )
