"""The files a person asked for: how far they are, and to fetch."""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import access
from core.file_jobs import ask_for_file, may_fetch, path_of
from core.models import FileJob

SHOWN = 20


@access.signed_in
@require_safe
@never_cache
def list_files(request: HttpRequest) -> HttpResponse:
    """Asked for within a day, newest first."""
    jobs = FileJob.objects.filter(asked_by=request.user.pk).order_by("-pk")[:SHOWN]
    return render(request, "core/files.html", {"jobs": jobs})


@access.signed_in
@require_safe
@never_cache
def show_file_progress(request: HttpRequest) -> JsonResponse:
    """`{"state", "done", "quantity", "words"}` of the job `tep`; empty without one."""
    job = _job_of(request)
    if job is None:
        return JsonResponse({})
    words = str(job.get_state_display())
    shown = {"state": job.state, "done": job.rows_done, "quantity": job.row_count, "words": words}
    return JsonResponse(shown)


@access.signed_in
@require_safe
@never_cache
def download_file(request: HttpRequest) -> HttpResponseBase:
    """The file of the job `tep`, as long as its page would still offer it."""
    job = _job_of(request)
    if job is None:
        return redirect("list-files")
    path = path_of(job)
    if job.state != FileJob.State.READY or not may_fetch(request.user, job) or not path.exists():
        raise Http404
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=job.file_name,
        content_type=job.content_type,
    )


def lead_to_job(
    request: HttpRequest, kind: str, params: dict[str, Any], row_count: int
) -> HttpResponse:
    """Ask for a file of many rows and go where it will be."""
    ask_for_file(user=request.user, kind=kind, params=params, row_count=row_count)
    return redirect(reverse("list-files"))


def _job_of(request: HttpRequest) -> FileJob | None:
    """The person's own job named in the address; None when the address names none."""
    asked = request.GET.get("tep", "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 15):
        raise Http404
    job = FileJob.objects.filter(pk=int(asked), asked_by=request.user.pk).first()
    if job is None:
        raise Http404
    return job
