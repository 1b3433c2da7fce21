"""The page behind an origin code, what counts as a scan, and codes typed by hand."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from tests.traceability.batches import ready_batch
from traceability.models import Scan
from traceability.services import printing

pytestmark = pytest.mark.django_db


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
