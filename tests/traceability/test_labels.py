"""Printed labels: what is on them, whether they can be read, who downloads them."""

import io
import zipfile

import pypdfium2
import pytest
import zxingcpp
from django.conf import settings
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageOps
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics

from core.codes import in_groups
from tests.cast import Cast, client_of
from tests.factories.traceability import OriginCodeBatchFactory
from tests.traceability.batches import ready_batch
from traceability.models import OriginCodeBatch
from traceability.services import printing

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("sheet", OriginCodeBatch.Sheet.values)
def test_every_label_of_the_sheet_decodes_to_its_address(lot, sheet: str) -> None:
    batch = ready_batch(lot, quantity=5, sheet=sheet)
    wanted = {printing.address_of(code) for code in batch.codes.values_list("code", flat=True)}

    document = pypdfium2.PdfDocument(printing.label_path(batch, "pdf").read_bytes())
    read = {
        found.text
        for page in document
        for found in zxingcpp.read_barcodes(page.render(scale=300 / 72).to_pil())
    }

    assert read == wanted


def test_labels_speak_vietnamese_and_show_no_stars(lot) -> None:
    batch = ready_batch(lot, quantity=1)

    page = pypdfium2.PdfDocument(printing.label_path(batch, "pdf").read_bytes())[0]
    words = page.get_textpage().get_text_range()

    assert lot.variant.product.name in words
    assert lot.code in words
    assert in_groups(batch.codes.get().code) in words.replace("\r\n", " ")
    assert "★" not in words


def test_a_label_names_the_weight_once_and_where_a_code_is_typed(lot, settings) -> None:
    settings.SITE_URL = "https://cho.example"
    variant = lot.variant
    variant.name, variant.net_weight_g = "Gói 100 g", 100

    words = printing.label_words(OriginCodeBatchFactory(lot=lot))
    assert words.pack == "Gói 100 g"
    assert "cho.example/t" in words.how

    for name, told in (("Gói 1100 g", "Gói 1100 g · 100\xa0g"), ("Túi", "Túi · 100\xa0g")):
        variant.name = name
        assert variant.name_with_weight == told


LONG_NAME = "Chè Shan tuyết cổ thụ một tôm hai lá hái trước tiết Thanh minh ở độ cao 1.400 mét"


@pytest.mark.parametrize("sheet", OriginCodeBatch.Sheet.values)
def test_however_much_there_is_to_say_a_label_begins_with_the_name(lot, sheet: str) -> None:
    variant = lot.variant
    variant.product.name, variant.name = LONG_NAME, "Gói quà Tết hộp thiếc chạm nổi"
    variant.product.cooperative.name = "Hợp tác xã Dịch vụ Nông nghiệp tổng hợp Suối Giàng Văn Chấn"
    lot.code, lot.best_before_on = "L261101-421234567890", lot.harvested_on
    layout = printing.LAYOUTS[OriginCodeBatch.Sheet(sheet)]
    for row in (variant.product.cooperative, variant.product, variant, lot):
        row.save()
    words = printing.label_words(OriginCodeBatchFactory(lot=lot))
    printing._register_fonts()

    width, height = layout.label[0] / 2.4, layout.label[1] - 2 * layout.edge
    size, lines = printing.fitted(words, layout.fonts, width, height)
    said = [line for _font, line in lines]
    assert said[0].startswith("Chè Shan")
    assert said[1].endswith("…")
    assert any(f"{lot.harvested_on:%d/%m/%Y}" in line for line in said)
    assert sum(len(part) for part in said if set(part) == set("W ")) == 18
    assert len(said) * size * printing.LINE_MM <= height
    for font, line in lines:
        assert pdfmetrics.stringWidth(line, font, size) <= width * mm
        assert not line.endswith(" ")


def test_short_words_are_large_and_the_code_fills_the_height_of_a_70_by_37_label(lot) -> None:
    batch = ready_batch(lot, quantity=1)
    page = pypdfium2.PdfDocument(printing.label_path(batch, "pdf").read_bytes())[0]
    label = page.render(scale=4).to_pil().convert("L").crop((0, 0, 360, 420))
    _left, top, _right, bottom = ImageOps.invert(label).getbbox()  # type: ignore[misc]
    assert (bottom - top) / (4 * mm) >= 24

    words = printing.label_words(batch)
    size, _lines = printing.fitted(words, (6.4, 9.6), 30.0, 29.0)
    assert size > 7


def test_office_printers_reach_all_the_ink_of_a_sheet_without_a_border(lot) -> None:
    lot.variant.product.name = "Chè Shan tuyết cổ thụ một tôm hai lá hái trước tiết Thanh minh"
    lot.variant.product.save()
    batch = ready_batch(lot, quantity=24, sheet="a4_24")

    page = pypdfium2.PdfDocument(printing.label_path(batch, "pdf").read_bytes())[0]
    picture = page.render(scale=4).to_pil().convert("L")
    left, top, right, bottom = ImageOps.invert(picture).getbbox()  # type: ignore[misc]

    per_mm = picture.width / 210
    assert left / per_mm >= 4.9
    assert (picture.width - right) / per_mm >= 4.9
    assert top / per_mm >= 4
    assert (picture.height - bottom) / per_mm >= 4


def test_single_codes_come_as_png_and_svg(lot) -> None:
    batch = ready_batch(lot, quantity=2)

    archive = zipfile.ZipFile(printing.label_path(batch, "zip"))
    names = sorted(archive.namelist())

    assert [name.split("/")[0] for name in names] == ["png", "png", "svg", "svg"]
    picture = Image.open(io.BytesIO(archive.read(names[0])))
    assert zxingcpp.read_barcodes(picture)[0].text == printing.address_of(
        batch.codes.get(serial=1).code
    )


def test_modules_are_never_too_small_for_a_till() -> None:
    assert min(layout.module for layout in printing.LAYOUTS.values()) >= 0.396


def test_only_the_co_op_downloads_its_labels(cast: Cast, lot) -> None:
    batch = ready_batch(lot)
    address = reverse("download-labels", args=[batch.pk, "pdf"])

    answer = client_of(cast.mai).get(address)
    assert answer.getvalue().startswith(b"%PDF")  # type: ignore[attr-defined]
    assert client_of(cast.thao).get(address).status_code == 404
    media = f"{settings.MEDIA_URL}{printing.FOLDER}/{batch.label_file}"
    assert Client().get(media).status_code == 404


def test_how_far_it_is_counts_drawn_labels(lot) -> None:
    batch = ready_batch(lot, quantity=120)
    heard: list[int] = []

    printing.draw_files(batch, told=heard.append)

    assert heard == [0, 50, 100]
