"""On a phone: the network goes, the market's records go, both come back; the order arrives once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from livestreams.models import Offer
from orders.models import Order
from tests.faults.conftest import Shop
from tests.faults.proxy import cut_before_reply, half_open, refused
from tests.journeys.test_buyer import fill_in_without_script, fill_in_without_waiting, press

ITS_TURN_MS = 45_000
Axe = Callable[[Page], None]


@pytest.fixture
def phone(open_page: Callable[..., Page], shop: Shop) -> Page:
    return open_page("phone", base_url=f"http://localhost:{shop.door.port}")


def expect_only_absences(page_problems: list[str]) -> None:
    """A page that says 503 is what this is about; anything else is a fault."""
    assert all(re.search(r": 503 for ", problem) for problem in page_problems), page_problems
    page_problems.clear()


def says(page: Page) -> object:
    return expect(page.locator("[data-order-says]"))


def test_network_lost_records_away_then_back(
    phone: Page, shop: Shop, tea: Offer, axe: Axe, page_problems: list[str]
) -> None:
    phone.goto(f"/phien/{tea.session_id}/dat/?suat={tea.pk}")
    fill_in_without_waiting(phone)

    shop.door.fault = refused()
    shop.door.cut_all()
    press(phone)
    says(phone).to_contain_text("Mạng yếu")
    axe(phone)

    shop.database.fault = refused()
    shop.database.cut_all()
    shop.door.fault = None
    says(phone).to_contain_text("Sổ sách của chợ", timeout=ITS_TURN_MS)
    expect(phone.get_by_label("Tên người nhận")).to_have_value("Nguyễn Thị Lan")
    assert not Order.objects.exists()

    shop.database.fault = None
    phone.wait_for_url("**/don/**", timeout=ITS_TURN_MS)  # nobody has pressed again
    assert Order.objects.count() == 1
    expect_only_absences(page_problems)


def test_the_answer_is_lost_and_the_order_is_still_one(
    phone: Page, shop: Shop, tea: Offer, page_problems: list[str]
) -> None:
    phone.goto(f"/phien/{tea.session_id}/dat/?suat={tea.pk}")
    fill_in_without_waiting(phone)
    shop.door.fault = cut_before_reply()
    shop.door.cut_all()

    press(phone)
    says(phone).to_contain_text("Mạng yếu")
    assert Order.objects.count() == 1
    shop.door.fault = None

    phone.wait_for_url("**/don/**", timeout=ITS_TURN_MS)
    assert Order.objects.count() == 1
    expect_only_absences(page_problems)


def test_a_line_that_hangs_is_given_up_and_tried_again(
    phone: Page, shop: Shop, tea: Offer, page_problems: list[str]
) -> None:
    phone.goto(f"/phien/{tea.session_id}/dat/?suat={tea.pk}")
    fill_in_without_waiting(phone)
    shop.door.fault = half_open()

    press(phone)
    says(phone).to_contain_text("Mạng yếu", timeout=20_000)  # after fifteen seconds
    shop.door.fault = None
    shop.door.cut_all()

    phone.wait_for_url("**/don/**", timeout=ITS_TURN_MS)
    assert Order.objects.count() == 1
    expect_only_absences(page_problems)


def test_without_script_what_was_typed_comes_back_and_one_presses_again(
    open_page: Callable[..., Page], shop: Shop, tea: Offer, axe: Axe, page_problems: list[str]
) -> None:
    here = f"http://localhost:{shop.door.port}"
    page = open_page("phone", base_url=here, java_script_enabled=False)
    page.goto(f"/phien/{tea.session_id}/dat/?suat={tea.pk}")
    fill_in_without_script(page)
    shop.database.fault = refused()
    shop.database.cut_all()

    press(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Xin chờ một lát")
    for typed in ("Nguyễn Thị Lan", "0912345678", "Thôn Nậm Đâu"):
        expect(page.get_by_text(typed, exact=True)).to_be_visible()
    expect(page.get_by_text("rồi bấm nút")).to_be_visible()
    shop.database.fault = None
    page.get_by_role("button", name="Gửi lại").last.click()
    page.wait_for_url("**/don/**")
    assert Order.objects.count() == 1
    expect_only_absences(page_problems)


def test_the_page_of_that_moment_sends_by_itself_where_there_is_script(
    phone: Page, shop: Shop, tea: Offer, axe: Axe, page_problems: list[str]
) -> None:
    """As after a plain press whose script had not come through: the page itself takes over."""
    phone.goto(f"/phien/{tea.session_id}/dat/?suat={tea.pk}")
    fill_in_without_waiting(phone)
    shop.database.fault = refused()
    shop.database.cut_all()

    phone.evaluate("document.querySelector('[data-order-form]').submit()")

    expect(phone.get_by_role("heading", level=1)).to_have_text("Xin chờ một lát")
    says(phone).to_be_visible()
    axe(phone)
    shop.database.fault = None
    phone.wait_for_url("**/don/**", timeout=ITS_TURN_MS)
    assert Order.objects.count() == 1
    expect_only_absences(page_problems)
