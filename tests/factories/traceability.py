"""Steps in the life of lots, and the codes printed for them."""

import factory
from factory.django import DjangoModelFactory

from core.codes import random_code
from tests.factories.products import LotFactory
from traceability.models import OriginCode, OriginCodeBatch, TraceEvent
from traceability.services.issuing import CODE_LENGTH


class TraceEventFactory(DjangoModelFactory[TraceEvent]):
    """The harvest of the lot, on its harvest day."""

    class Meta:
        model = TraceEvent

    lot = factory.SubFactory(LotFactory)
    step = TraceEvent.Step.HARVEST
    title = "Hái chè lúc sương chưa tan"
    happened_on = factory.SelfAttribute("lot.harvested_on")
    place = "Nương Tà Chơ"


class OriginCodeBatchFactory(DjangoModelFactory[OriginCodeBatch]):
    """Three codes asked for, none issued yet."""

    class Meta:
        model = OriginCodeBatch

    lot = factory.SubFactory(LotFactory)
    quantity = 3


class OriginCodeFactory(DjangoModelFactory[OriginCode]):
    class Meta:
        model = OriginCode

    batch = factory.SubFactory(OriginCodeBatchFactory)
    lot = factory.SelfAttribute("batch.lot")
    code = factory.LazyFunction(lambda: random_code(CODE_LENGTH))
    serial = factory.LazyAttribute(lambda origin: origin.batch.codes.count() + 1)
