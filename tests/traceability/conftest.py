import pytest

from products.models import Lot
from tests.cast import Cast, make_cast
from tests.factories.products import LotFactory, ProductPhotoFactory, VariantFactory
from tests.factories.traceability import TraceEventFactory


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def lot(cast: Cast) -> Lot:
    """A lot that tells enough to be printed."""
    lot = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))
    ProductPhotoFactory(product=lot.variant.product)
    TraceEventFactory(lot=lot)
    return lot
