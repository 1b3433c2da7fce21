"""Tables of more parcels than a page writes, for core/file_jobs.py."""

from typing import Any

from django.http import QueryDict

from coops.models import Cooperative
from core.file_jobs import FileContent, Tell
from core.models import FileJob
from orders.views.packing import Choice
from orders.views.packing_papers import parcel_file, rows_of

AT_ONCE = 500  # parcels


def may_export(user: Any, params: dict[str, Any]) -> bool:
    return Cooperative.objects.packed_by(user).filter(pk=params["cooperative"]).exists()


def write_parcels(job: FileJob, tell: Tell) -> FileContent:
    """As the page would write them for this person now, phones as far as they were revealed."""
    coop = Cooperative.objects.packed_by(job.asked_by).get(pk=job.params["cooperative"])
    choice = Choice(QueryDict(job.params["query"]), job.asked_by, coop)
    rows: list[list[Any]] = []
    for number, parcel in enumerate(choice.parcels().iterator(chunk_size=AT_ONCE), start=1):
        rows += rows_of(parcel)
        if number % AT_ONCE == 0:
            tell(len(rows))
    tell(len(rows))
    return parcel_file(coop, rows, job.params["format"])
