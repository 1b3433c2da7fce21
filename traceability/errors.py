import datetime as dt

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError


class OriginTooThin(DomainError):
    """A code that would open to next to nothing is not printed."""

    code = "origin_too_thin"
    message = _("This lot does not say enough yet. Please add what is missing, then ask again.")


class RecalledAlready(DomainError):
    code = "recalled_already"
    message = _("This code was called back before.")


class NotRecalled(DomainError):
    code = "not_recalled"
    message = _("This code is not called back: it holds.")


class StepAlreadyCorrected(DomainError):
    code = "step_already_corrected"
    message = _("This step was corrected meanwhile. Please look at the newest version.")


class StepsOutOfOrder(DomainError):
    """A day before a step that must come first; asked about once."""

    code = "steps_out_of_order"

    def __init__(self, earliest: dt.date) -> None:
        super().__init__(
            _("This day is before %(day)s, when the step that comes first was done. Is it right?")
            % {"day": f"{earliest:%d/%m/%Y}"},
            field="happened_on",
        )
