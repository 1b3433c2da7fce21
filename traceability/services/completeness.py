"""Does a lot say enough to print a code for it? A code that opens to nothing destroys trust."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from products.models import Lot, Product
from traceability.models import TraceEvent


@dataclass(frozen=True)
class Need:
    """One item of the minimum data behind a printed code (Circular 02/2024/TT-BKHCN)."""

    words: Any
    is_met: bool


def needs_of(lot: Lot) -> list[Need]:
    """The minimum data of `lot`, each with whether it is there, in fixed order."""
    product, cooperative = lot.variant.product, lot.variant.product.cooperative
    steps = lot.trace_events.standing()
    has_picture = product.photos.exists() or steps.filter(photos__isnull=False).exists()
    return [
        Need(_("the co-op is approved by the province"), cooperative.is_approved),
        Need(
            _("the product is published, with its name and story"),
            product.state == Product.State.PUBLISHED and bool(product.story),
        ),
        Need(
            _("a harvest step with its day"),
            steps.filter(step=TraceEvent.Step.HARVEST).exists(),
        ),
        Need(_("where it grew"), bool(lot.plot) or steps.exclude(place="").exists()),
        Need(_("at least one picture"), has_picture),
    ]


def is_complete(lot: Lot) -> bool:
    return all(need.is_met for need in needs_of(lot))
