"""Nothing personal in logs."""

import logging

from core.phones import mask_phones_in_text


class MaskPhones(logging.Filter):
    """Masks Vietnamese phone numbers in every message on its way out."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = mask_phones_in_text(record.getMessage())
        record.args = ()
        return True
