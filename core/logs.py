"""Nothing personal and no key in logs."""

import logging
import re

from core.phones import mask_phones_in_text
from core.secret_paths import hide_secrets_in_text

LONGEST_LINE = 1_000
_QUOTED_ROW = re.compile(r"(Failing row contains \().*")


class PrivateFormatter(logging.Formatter):
    """Masks phone numbers and secret links in the whole record, also in its traceback, where the
    database quotes the row that broke a constraint.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = _QUOTED_ROW.sub(r"\1…)", super().format(record))
        text = "\n".join(_cut(line) for line in text.split("\n"))
        return mask_phones_in_text(hide_secrets_in_text(text))


def _cut(line: str) -> str:
    """Strangers choose addresses and headers: a line of them is no longer than one can read."""
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}… ({len(line)} characters)"
