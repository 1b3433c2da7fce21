import datetime as dt
import io
import threading
import zipfile

import pypdfium2
import pytest
import zxingcpp
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageOps
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics

from core.codes import in_groups
from core.models import OutboxMessage
from tests.cast import Cast, client_of, make_cast
from tests.factories.products import LotFactory, ProductPhotoFactory, VariantFactory
from tests.factories.traceability import (
    OriginCodeBatchFactory,
    OriginCodeFactory,
    TraceEventFactory,
)
from traceability.errors import OriginTooThin
from traceability.models import OriginCode, OriginCodeBatch, Scan
from traceability.services import issuing, printing

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def lot(cast: Cast):
    """A lot that tells enough to be printed."""
    lot = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))
    ProductPhotoFactory(product=lot.variant.product)
    TraceEventFactory(lot=lot)
    return lot


def ready_batch(lot, **fields: object) -> OriginCodeBatch:
    batch = OriginCodeBatchFactory(lot=lot, **fields)
    assert issuing.issue_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    return batch


def test_a_request_leaves_word_for_the_worker(cast: Cast, lot) -> None:
    answer = client_of(cast.mai).post(
        reverse("request-codes", args=[lot.pk]),
        {
            "quantity": "30",
            "sheet": "a4_24",
            "idempotency_key": "0b9c7a1e-5f5e-4d43-9d9e-0a1b2c3d4e5f",
        },
    )

    batch = OriginCodeBatch.objects.get()
    assert answer["Location"] == reverse("show-batch", args=[batch.pk])
    message = OutboxMessage.objects.get(topic="traceability.batch.requested")
    assert message.payload["batch_id"] == batch.pk


def test_a_lot_that_tells_nothing_gets_no_code(cast: Cast) -> None:
    bare = LotFactory(variant=VariantFactory(product__cooperative=cast.coop_a))

    with pytest.raises(OriginTooThin) as refused:
        issuing.request_origin_codes(lot=bare, quantity=1, sheet="a4_24", requested_by=cast.mai)

    assert len(refused.value.details["missing"]) == 2  # no harvest step, no picture
    assert not OriginCodeBatch.objects.exists()


def test_a_worker_issues_each_code_once_and_draws_the_files(lot) -> None:
    batch = ready_batch(lot, quantity=130)

    assert batch.state == OriginCodeBatch.State.READY
    assert (batch.quantity_done, OriginCode.objects.count()) == (130, 130)
    assert sorted(batch.codes.values_list("serial", flat=True)) == list(range(1, 131))
    assert printing.label_path(batch, "pdf").exists()


def test_running_again_late_changes_nothing(lot) -> None:
    batch = ready_batch(lot)
    before = list(batch.codes.values_list("code", flat=True))

    assert issuing.issue_batch(batch_id=batch.pk) is False

    assert list(batch.codes.values_list("code", flat=True)) == before


def test_a_batch_that_stopped_midway_is_finished(lot) -> None:
    batch = OriginCodeBatchFactory(lot=lot, quantity=3)
    OriginCodeFactory(batch=batch, serial=2)
    OriginCodeBatch.objects.filter(pk=batch.pk).update(changed_at="2026-01-01T00:00Z")

    assert issuing.continue_batches() == 1

    assert batch.codes.count() == 3
    assert issuing.continue_batches() == 0


def test_a_batch_that_cannot_be_drawn_says_so_and_is_drawn_again_on_a_press(
    cast: Cast, lot, settings, tmp_path
) -> None:
    batch = OriginCodeBatchFactory(lot=lot, quantity=3)
    whole_disk, settings.MEDIA_ROOT = settings.MEDIA_ROOT, tmp_path / "taken"
    settings.MEDIA_ROOT.write_text("no folder can be made here")

    assert issuing.issue_batch(batch_id=batch.pk) is False
    assert issuing.issue_batch(batch_id=batch.pk) is False

    codes = set(batch.codes.values_list("code", flat=True))
    batch.refresh_from_db()
    assert (batch.state, batch.failure, len(codes)) == ("failed", "disk", 3)
    person, press = client_of(cast.mai), reverse("redraw-batch", args=[batch.pk])
    address = reverse("show-batch", args=[batch.pk])
    assert "ổ đĩa máy chủ đầy" in person.get(address).text
    assert "Vẽ lại" in person.get(address).text
    assert "Mã bị lỗi" in person.get(reverse("list-lots", args=[cast.coop_a.slug])).text

    settings.MEDIA_ROOT = whole_disk
    for key in ("first-press-of-the-button", "second-press-of-the-button"):
        assert person.post(press, {"idempotency_key": key})["Location"] == address
    assert OutboxMessage.objects.filter(topic="traceability.batch.requested").count() == 1
    assert issuing.issue_batch(batch_id=batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.failure_words) == (OriginCodeBatch.State.READY, "")
    assert set(batch.codes.values_list("code", flat=True)) == codes


def test_a_batch_that_fails_does_not_hold_up_the_next(lot) -> None:
    old = {"changed_at": "2026-01-01T00:00Z"}
    bad, good = OriginCodeBatchFactory(lot=lot), OriginCodeBatchFactory(lot=lot)
    OriginCodeBatch.objects.filter(pk=bad.pk).update(sheet="unheard of", **old)
    OriginCodeBatch.objects.filter(pk=good.pk).update(**old)

    assert issuing.continue_batches() == 1

    bad.refresh_from_db()
    assert (bad.state, bad.failure) == ("failed", "drawing")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_issue_one_set(cast: Cast, lot) -> None:
    batch = OriginCodeBatchFactory(lot=lot, quantity=40)

    def work() -> None:
        issuing.issue_batch(batch_id=batch.pk)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    batch.refresh_from_db()
    assert (batch.state, batch.codes.count()) == (OriginCodeBatch.State.READY, 40)


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


def test_progress_is_told_while_the_worker_draws(cast: Cast, lot) -> None:
    batch = OriginCodeBatchFactory(lot=lot, quantity=10, quantity_done=4, state="drawing")

    progress = client_of(cast.mai).get(reverse("show-batch-progress", args=[batch.pk])).json()

    assert (progress["state"], progress["done"], progress["quantity"]) == ("drawing", 4, 10)


def test_the_lot_page_counts_codes_against_packs(cast: Cast, lot) -> None:
    address = reverse("show-lot", args=[lot.pk])
    ready_batch(lot, quantity=90)
    page = client_of(cast.mai).get(address).text
    assert "90 mã cho 100 gói" in page
    assert 'value="10"' in page
    assert "Mã nhiều hơn gói" not in page

    ready_batch(lot, quantity=11)
    assert "Mã nhiều hơn gói" in client_of(cast.mai).get(address).text


def test_how_far_it_is_counts_drawn_labels(lot) -> None:
    batch = ready_batch(lot, quantity=120)
    heard: list[int] = []

    printing.draw_files(batch, told=heard.append)

    assert heard == [0, 50, 100]


def test_the_console_follows_the_work_on_codes(cast: Cast, lot) -> None:
    drawing = OriginCodeBatchFactory(lot=lot, quantity=1500, quantity_done=250, state="drawing")
    OriginCodeBatchFactory(lot=lot, state="ready", ready_at="2026-01-01T00:00Z")
    address = reverse("list-code-work", args=[cast.coop_a.slug])

    [told] = client_of(cast.mai).get(address).json()["batches"]
    assert (told["done"], told["words"]) == (250, "Đang vẽ · 250/1.500")
    assert told["url"] == reverse("show-batch", args=[drawing.pk])
    [told] = client_of(cast.minh).get(address).json()["batches"]
    assert told["url"] == "", "a host prints no codes"
    assert client_of(cast.thao).get(address).status_code == 404


def test_the_scan_page_tells_where_it_comes_from(lot) -> None:
    code = ready_batch(lot).codes.get(serial=1)

    page = phone_browser().get(reverse("show-origin", args=[code.code]))

    for words in (
        lot.variant.product.name,
        "Phình Hồ",
        lot.code,
        f"{lot.harvested_on:%d/%m/%Y}",
        "Hái chè lúc sương chưa tan",
    ):
        assert words in page.text
    assert Scan.objects.count() == 1


PHONE = (
    "Mozilla/5.0 (Linux; Android 10; SM-A105F) AppleWebKit/537.36 Chrome/110.0 Mobile Safari/537.36"
)
NOT_PEOPLE: list[dict[str, str]] = [
    {"User-Agent": ""},
    {"User-Agent": "curl/8.5.0"},
    {"User-Agent": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"},
    {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
    {"User-Agent": "TelegramBot (like TwitterBot)"},
    {"User-Agent": "WhatsApp/2.23.20.0"},
    {"User-Agent": PHONE, "Sec-Purpose": "prefetch;prerender"},
    {"User-Agent": PHONE, "Purpose": "prefetch"},
    {"User-Agent": PHONE, "Sec-Fetch-Dest": "empty"},
]


def phone_browser(client_ip: str = "203.0.113.7") -> Client:
    return Client(REMOTE_ADDR=client_ip, headers={"User-Agent": PHONE})


@pytest.mark.parametrize("headers", NOT_PEOPLE)
def test_what_no_person_opened_is_no_scan(lot, headers: dict[str, str]) -> None:
    code = ready_batch(lot).codes.get(serial=1)
    Client(headers=headers).get(reverse("show-origin", args=[code.code]))
    phone_browser().head(reverse("show-origin", args=[code.code]))
    assert not Scan.objects.exists()


def test_reloads_the_other_language_and_other_browsers_of_a_network_are_few_scans(lot) -> None:
    code = ready_batch(lot).codes.get(serial=1)
    address = reverse("show-origin", args=[code.code])
    buyer = phone_browser()
    for _ in range(3):
        buyer.get(address)
    buyer.cookies["lang"] = "en"
    buyer.get(address)
    assert Scan.objects.count() == 1
    for n in range(12):
        Client(REMOTE_ADDR="203.0.113.9", headers={"User-Agent": f"{PHONE} {n}"}).get(address)
    assert Scan.objects.count() == 4
    Client(
        REMOTE_ADDR="198.51.100.9",
        headers={"User-Agent": f"{PHONE} Zalo android/230 ZaloTheme/light"},
    ).get(address)
    assert Scan.objects.count() == 5, "the browser inside Zalo is a person's"


def opened(code, *, places: int, days: int) -> str:
    for n in range(12):
        row = Scan.objects.create(origin_code=code, place=f"place {n % places}")
        Scan.objects.filter(pk=row.pk).update(
            scanned_at=row.scanned_at - dt.timedelta(days=n % days)
        )
    return Client(HTTP_COOKIE="lang=en").get(reverse("show-origin", args=[code.code])).text


def test_a_code_opened_in_many_places_on_many_days_warns_of_copies(lot) -> None:
    page = opened(ready_batch(lot).codes.get(serial=1), places=5, days=4)
    assert "Opened 12 times before" in page
    assert "can be copied" in page


@pytest.mark.parametrize(("places", "days"), [(1, 12), (12, 1), (2, 6)])
def test_a_pack_shown_round_at_a_fair_or_opened_at_home_each_day_is_no_copy(
    lot, places: int, days: int
) -> None:
    page = opened(ready_batch(lot).codes.get(serial=1), places=places, days=days)
    assert "Opened 12 times before" in page
    assert "can be copied" not in page


@pytest.mark.parametrize("code", ["BCDFGHJKMNPQRSTV", "x", "B" * 300, "%00", "'--", "<script>"])
def test_unknown_and_malformed_codes_answer_alike(code: str) -> None:
    answer = Client().get(f"/t/{code}")

    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_the_scan_page_is_small_and_needs_no_script(lot) -> None:
    code = ready_batch(lot).codes.get(serial=1)

    page = Client().get(reverse("show-origin", args=[code.code]))

    assert len(page.content) < 16_000


def test_a_code_typed_with_spaces_is_found(lot) -> None:
    code = ready_batch(lot).codes.get(serial=1).code
    typed = f"{code[:4]} {code[4:8]}-{code[8:]}".lower()

    whole = printing.address_of(code)
    for words in (typed, whole, f"{whole.lower()}/"):
        answer = Client().get(reverse("find-origin"), {"ma": words})
        assert answer["Location"] == reverse("show-origin", args=[code])
    answer = Client().get(f"/t/{code.lower()}")
    assert answer["Location"] == reverse("show-origin", args=[code])


def test_a_code_typed_wrongly_is_told_what_is_wrong_and_stays() -> None:
    short = Client().get("/t/BCDF-GHJK")
    assert "có 8 ký tự; mã có 16 ký tự" in short.text
    assert 'value="BCDF GHJK"' in short.text

    nothing = Client().get(reverse("find-origin"), {"ma": "?!"})
    assert "Xin gõ dãy chữ và số" in nothing.text
    assert 'value="?!"' in nothing.text
