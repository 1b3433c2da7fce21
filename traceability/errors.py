from django.utils.translation import gettext_lazy as _

from core.errors import DomainError


class OriginTooThin(DomainError):
    """A code that would open to next to nothing is not printed."""

    code = "origin_too_thin"
    message = _("This lot does not say enough yet. Please add what is missing, then ask again.")


class StepAlreadyCorrected(DomainError):
    code = "step_already_corrected"
    message = _("This step was corrected meanwhile. Please look at the newest version.")
