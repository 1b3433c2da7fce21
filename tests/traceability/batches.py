from tests.factories.traceability import OriginCodeBatchFactory
from traceability.models import OriginCodeBatch
from traceability.services import issuing


def ready_batch(lot, **fields: object) -> OriginCodeBatch:
    """A batch of origin codes whose label files are rendered."""
    batch = OriginCodeBatchFactory(lot=lot, **fields)
    assert issuing.issue_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    return batch
