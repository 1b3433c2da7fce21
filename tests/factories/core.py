"""Pictures that are really on disk, drawn once per test run."""

import functools
import io
from pathlib import Path
from typing import Any

import factory
from django.conf import settings
from factory.django import DjangoModelFactory
from PIL import Image

from core.codes import secret_token
from core.models import PICTURE_FILES, Picture


class PictureFactory(DjangoModelFactory[Picture]):
    """A kept picture, 1280 × 960, with all of its files."""

    class Meta:
        model = Picture
        skip_postgeneration_save = True

    token = factory.LazyFunction(secret_token)
    width = 1280
    height = 960

    @factory.post_generation
    def files(self: Picture, create: bool, _given: Any) -> None:  # type: ignore[misc]
        if not create:
            return
        for size, fmt in PICTURE_FILES:
            path = Path(settings.MEDIA_ROOT) / self.path(size, fmt)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(drawn(min(size, self.width), fmt))


@functools.cache
def drawn(width: int, fmt: str) -> bytes:
    """A plain tea-green picture, `width` pixels wide, 4:3."""
    file = io.BytesIO()
    Image.new("RGB", (width, width * 3 // 4), "#2F6B3A").save(file, fmt.replace("jpg", "jpeg"))
    return file.getvalue()


def photo_file(name: str = "doi-che.jpg", size: tuple[int, int] = (800, 600)) -> io.BytesIO:
    """A JPEG as a phone would send it; set as the value of a file field of the test client."""
    file = io.BytesIO()
    Image.new("RGB", size, "#B26A00").save(file, "JPEG")
    file.seek(0)
    file.name = name
    return file
