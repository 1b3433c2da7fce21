"""Nothing personal and no key in logs."""

import logging
import re

from core.phones import mask_phones_in_text
from core.secret_paths import hide_secrets_in_text

_QUOTED_ROW = re.compile(r"(Failing row contains \().*")


class PrivateFormatter(logging.Formatter):
    """Masks phone numbers and secret links in the whole record, also in its traceback, where the
    database quotes the row that broke a constraint.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = _QUOTED_ROW.sub(r"\1…)", super().format(record))
        return mask_phones_in_text(hide_secrets_in_text(text))
