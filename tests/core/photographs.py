"""Pictures as a phone would send them, and what becomes of them."""

import io

import pytest
from PIL import Image

from core.images.intake import PictureRefused, ProcessedPicture, take_picture

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (30, 160, 30), (30, 30, 200), (220, 220, 30)
SECRETS = [b"GPS", b"Canon", b"22.33", b"adobe:ns", b"<script", b"PK\x03\x04", b"Exif", b"ICCP"]


def quarters(width: int = 240, height: int = 180) -> Image.Image:
    """Red and green above, blue and yellow below: one sees at once how it stands."""
    image = Image.new("RGB", (width, height))
    for column, row, colour in ((0, 0, RED), (1, 0, GREEN), (0, 1, BLUE), (1, 1, YELLOW)):
        image.paste(
            colour, (column * width // 2, row * height // 2, (column + 1) * width // 2, height)
        )
    return image


def encoded(image: Image.Image, fmt: str = "JPEG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def taken(data: bytes) -> ProcessedPicture:
    return take_picture(io.BytesIO(data))


def code_of(data: bytes) -> str:
    with pytest.raises(PictureRefused) as refused:
        taken(data)
    assert refused.value.message
    return refused.value.code
