"""Pictures and files that nothing shows are collected; what is shown, held or just sent stays."""

import datetime as dt
import os
import time
from pathlib import Path

import pytest
from django.conf import settings

from core.clock import db_now
from core.models import Picture
from core.pictures import keep_picture, sweep_pictures
from tests.factories.core import photo_file
from tests.factories.products import ProductPhotoFactory

pytestmark = pytest.mark.django_db
OLD = dt.timedelta(days=8)


def files_of(picture: Picture) -> list[Path]:
    folder = Path(settings.MEDIA_ROOT) / "pictures" / picture.token[:2]
    return sorted(folder.glob(f"{picture.token}-*"))


def kept(*, old: bool) -> Picture:
    picture = keep_picture(photo_file())
    if old:
        Picture.objects.filter(pk=picture.pk).update(created_at=db_now() - OLD)
    return picture


def test_what_nothing_shows_goes_with_its_files() -> None:
    unused, young, shown = kept(old=True), kept(old=False), kept(old=True)
    ProductPhotoFactory(picture=shown)

    assert sweep_pictures() == 1

    assert set(Picture.objects.all()) == {young, shown}
    assert files_of(unused) == []
    assert files_of(young)
    assert files_of(shown)


def test_files_without_a_row_go_when_they_are_old() -> None:
    stray, fresh = kept(old=False), kept(old=False)
    Picture.objects.all().delete()
    for path in files_of(stray):
        os.utime(path, (time.time() - OLD.total_seconds(),) * 2)

    sweep_pictures()

    assert files_of(stray) == []
    assert files_of(fresh)
