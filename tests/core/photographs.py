"""Pictures as a phone would send them, and what becomes of them."""

import base64
import io

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

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


# `quarters()` as phones keep photos (HEIC), which nothing here can write: as it is, and taken with
# the phone held sideways.
HEIC = base64.b64decode(
    b"AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVdtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    b"AAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABewABAAAAAAAAASkAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAA"
    b"AAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA12lwcnAAAAC4aXBjbwAAAHlodmNDAQNwAAAAkAAAAAAAPPAA/P34"
    b"+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAPLoCQGEAAQAsQgEBA3AAAAMAkAAAAwAAAwA8oB4gLn3lupJK"
    b"a5uAhoMCAAADADIAAAMAAhBiAAEAB0QBwXKwYkAAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAA8AAA"
    b"ALQAAAAQcGl4aQAAAAADCAgIAAAAF2lwbWEAAAAAAAAAAQABBIECAwQAAAExbWRhdAAAASUoAa8J2exngCE5dV//"
    b"/Rjf//wjTyH7XLB0HMPFaw2MLzs4lbPG/R/4Mf/omUyCa5HX+BM44PWPXFJaC64qzVAfajD8/B9ohQYPhKF7gY74"
    b"lTrSbLOPxAcYAAADAAADALSATFPO0kzMKQEfSv/IJ10EMWxY6rPOPwXTTB92Avjo5Bhhe4xYIajADmG49MnYbh7B"
    b"98daYv7ZCslxWG3lzxTP6vbuNyhuxmSAXnn7rqP+Wkqa+Ik4cqx8X9rXg18+0gIkKk+pRAhvNzCsAAADAAADAAAD"
    b"AAADAI2BWPP1ARm7f3Qqp5MdYFrWwiZySUmjQxZEQA6cMKfKSTbqr+3UZzUbUCPs/QAAAwEHQQINErk8T5/TtGvr"
    b"AAADAAADAACYgAAAAwAHHA=="
)
HEIC_SIDEWAYS = base64.b64decode(
    b"AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAZhtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    b"AAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAABvAABAAAAAAAAANMAAgAAAAACjwABAAAAAAAAACQAAAA4aWlu"
    b"ZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA"
    b"12lwcnAAAAC4aXBjbwAAAHlodmNDAQNwAAAAkAAAAAAAPPAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    b"AAMAPLoCQGEAAQAsQgEBA3AAAAMAkAAAAwAAAwA8oBcgPHflupJKa5uAhoMCAAADADIAAAMAAhBiAAEAB0QBwXKw"
    b"YkAAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAtAAAAPAAAAAQcGl4aQAAAAADCAgIAAAAF2lwbWEA"
    b"AAAAAAAAAQABBIECAwQAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAP9tZGF0AAAAzygBrwnIehEOQCE5dV//"
    b"+ZV///UUX//lAbnQcw7cpTT9Bo5qwf/mJsT/n/GuCt4wRTQFUS2vaRkZjKBGnOT49oW44vyWYZvKNkNEAAA1AAAD"
    b"AAADAAADAABSQLADoAGtoW7EH/v4eAq/PtIe71ykvICSyyqsNnnV8XAfxSwlxa7TFCqZdcNw86SYZwRheE3AsFro"
    b"VPvV0vvPCEQgmAAERMzHDerxh4EJ1pzWnQimZdiYFB6IaAAAAwAAAwD/t7ahwCwmHMYuAAADAAADAACOgAAAAAZF"
    b"eGlmAABNTQAqAAAACAABARIAAwAAAAEABgAAAAAAAA=="
)


def pdf(*sizes: tuple[float, float]) -> bytes:
    """A paper with a page of each size (points), a large number on each."""
    out = io.BytesIO()
    canvas = Canvas(out)
    for number, (width, height) in enumerate(sizes, start=1):
        canvas.setPageSize((width, height))
        canvas.setFont("Helvetica", height / 4)
        canvas.drawString(width / 4, height / 3, str(number))
        canvas.showPage()
    canvas.save()
    return out.getvalue()
