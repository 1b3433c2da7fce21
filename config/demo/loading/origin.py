"""A few origin codes, so that there is something to scan; a worker renders the labels."""

from config.demo import content
from config.demo.loading.people import manager_of
from products.models import Lot
from traceability.models import OriginCodeBatch
from traceability.services import issuing
from traceability.services.completeness import is_complete

LOTS = ("PH-SHAN100-01", "BL-KHOAI5-01", "BK-MUOI500-01", "NT-LA500-01")
CODES_EACH = 24


def request_codes() -> int:
    """Ask for codes of LOTS that have none yet and tell enough; returns for how many lots."""
    slugs = [coop.slug for coop in content.cooperatives()]
    bare = Lot.objects.filter(
        code__in=LOTS,
        variant__product__cooperative__slug__in=slugs,
        origin_code_batches=None,
    ).select_related("variant__product__cooperative")
    ready = [lot for lot in bare if is_complete(lot)]
    for lot in ready:
        issuing.request_origin_codes(
            lot=lot,
            quantity=CODES_EACH,
            sheet=OriginCodeBatch.Sheet.A4_24,
            requested_by=manager_of(lot.variant.product.cooperative.slug),
        )
    return len(ready)
