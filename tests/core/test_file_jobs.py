"""A table of many rows is a job: asked for once, written by a worker, fetched by who asked."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import file_jobs
from core.clock import db_now
from core.models import FileJob, OutboxMessage
from core.tasks import sweep
from dashboards import views as figures_views
from dashboards.services.rolling_up import roll_up_all
from livestreams.models import LivestreamSession
from orders.views import packing_papers
from tests.cast import Cast, client_of, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory
from tests.factories.orders import OrderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> Cast:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(packing_papers, "DIRECTLY", 2)
    monkeypatch.setattr(figures_views, "DIRECTLY", 0)
    cast = make_cast()
    offer = OfferFactory(session=SessionFactory(cooperative=cast.coop_a), cooperative=cast.coop_a)
    OrderFactory.create_batch(3, offer=offer)
    return cast


def ask(client: Client, cast: Cast, **query: str) -> FileJob:
    where = reverse("export-parcels", args=[cast.coop_a.slug])
    answer = client.get(where, {"ke": "tat-ca", "dang": "csv", **query})
    assert (answer.status_code, answer["Location"]) == (302, reverse("list-files"))
    return FileJob.objects.latest("pk")


def fetch(client: Client, job: FileJob) -> Any:
    return client.get(reverse("download-file"), {"tep": job.pk})


def test_a_long_list_is_written_by_a_worker_and_fetched(cast: Cast) -> None:
    mai = client_of(cast.mai)
    job = ask(mai, cast)
    assert OutboxMessage.objects.filter(topic="core.file.requested").count() == 1
    assert "data-progress" in mai.get(reverse("list-files")).text
    assert fetch(mai, job).status_code == 404  # not yet

    assert file_jobs.write_file(job_id=job.pk)

    progress = mai.get(reverse("show-file-progress"), {"tep": job.pk}).json()
    assert (progress["state"], progress["done"], progress["quantity"]) == ("ready", 3, 3)
    page = mai.get(reverse("list-files")).text
    assert f"kien-hang-{cast.coop_a.slug}" in page
    got = fetch(mai, job)
    assert "no-store" in got["Cache-Control"]
    assert "attachment" in got["Content-Disposition"]
    assert len(b"".join(got.streaming_content).decode("utf-8-sig").strip().splitlines()) == 4
    assert not file_jobs.write_file(job_id=job.pk)


def test_a_short_list_is_still_a_file_at_once(cast: Cast) -> None:
    where = reverse("export-parcels", args=[cast.coop_a.slug])
    answer = client_of(cast.mai).get(where, {"ke": "da-goi"})
    assert answer.status_code == 200
    assert not FileJob.objects.exists()


def test_asked_for_twice_it_is_one_file(cast: Cast) -> None:
    mai = client_of(cast.mai)
    job = ask(mai, cast)
    assert ask(mai, cast) == job
    file_jobs.write_file(job_id=job.pk)
    assert ask(mai, cast) == job
    assert ask(mai, cast, dang="xlsx") != job
    FileJob.objects.update(ready_at=db_now() - dt.timedelta(hours=1))
    assert ask(mai, cast) != job


def test_a_person_waits_for_a_few_files_at_once(cast: Cast) -> None:
    mai = client_of(cast.mai)
    for session_id in range(file_jobs.MOST_OPEN):
        file_jobs.ask_for_file(
            user=cast.mai, kind="orders.parcels", params={"n": session_id}, row_count=1
        )
    where = reverse("export-parcels", args=[cast.coop_a.slug])
    assert mai.get(where, {"ke": "tat-ca"}).status_code == 429


def test_nobody_else_fetches_it_and_nor_does_who_left_the_coop(cast: Cast) -> None:
    mai = client_of(cast.mai)
    job = ask(mai, cast)
    file_jobs.write_file(job_id=job.pk)
    for stranger in (client_of(cast.minh), client_of(cast.thao)):
        assert fetch(stranger, job).status_code == 404
        assert stranger.get(reverse("show-file-progress"), {"tep": job.pk}).status_code == 404
        assert job.token not in stranger.get(reverse("list-files")).text
    cast.mai.memberships.all().delete()
    assert fetch(mai, job).status_code == 404


def test_a_table_of_the_province_is_a_job_too(cast: Cast) -> None:
    roll_up_all()
    ha = client_of(cast.ha)
    plain = ha.get(reverse("export-province-table", args=["15", "ngay", "csv"]), {"ky": "all"})
    assert plain.status_code == 302
    job = FileJob.objects.get()
    assert file_jobs.write_file(job_id=job.pk)
    assert len(b"".join(fetch(ha, job).streaming_content).strip().splitlines()) == 2
    assert fetch(client_of(cast.ha, verified=False), job).status_code in {302, 404}


def test_a_file_that_cannot_be_written_says_so(cast: Cast) -> None:
    mai = client_of(cast.mai)
    job = ask(mai, cast)
    cast.mai.memberships.all().delete()
    assert not file_jobs.write_file(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "Chưa ghi được tệp này" in mai.get(reverse("list-files")).text


def test_lost_words_are_made_up_for_and_old_files_go(cast: Cast) -> None:
    job = ask(client_of(cast.mai), cast)
    assert file_jobs.continue_files() == 0
    FileJob.objects.update(changed_at=db_now() - dt.timedelta(minutes=5))
    assert file_jobs.continue_files() == 1
    assert file_jobs.path_of(job).exists()
    FileJob.objects.update(changed_at=db_now() - dt.timedelta(days=2))
    sweep()
    assert not file_jobs.path_of(job).exists()
    assert not FileJob.objects.exists()


@pytest.mark.parametrize("asked", ["x", "-1", "9" * 30, "0"])
def test_a_file_that_is_not_there_looks_missing(cast: Cast, asked: str) -> None:
    assert client_of(cast.mai).get(reverse("download-file"), {"tep": asked}).status_code == 404


def test_a_search_counts_every_shelf_in_one_query(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    mai = client_of(cast.mai)
    session = LivestreamSession.objects.get()
    where = reverse("list-parcels", args=[cast.coop_a.slug])
    with django_assert_max_num_queries(16):
        assert mai.get(where, {"phien": session.pk, "ke": "tat-ca"}).status_code == 200
