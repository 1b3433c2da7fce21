"""Somebody who writes a program for the co-op: reads the guide, makes a token, lists a product."""

import uuid
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from products.models import Product
from tests.browser import PHONE_THEN_DESK, OpenPage
from tests.cast import make_cast
from tests.journeys.people import sign_in


@pytest.mark.parametrize("device", PHONE_THEN_DESK)
def test_from_the_guide_to_the_first_answer(
    open_page: OpenPage, axe: Callable[[Page], None], device: str
) -> None:
    cast = make_cast()
    page = open_page(device)
    page.goto("/api/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Dành cho phần mềm: API")
    expect(page.get_by_text("Chốt một đơn.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    axe(page)

    sign_in(page, cast.mai, then=reverse("list-api-tokens"))
    page.get_by_label("Khóa này dùng để làm gì?").fill("Sổ bán hàng")
    page.get_by_role("button", name="Tạo khóa").click()
    token = page.locator("[translate=no].code").inner_text()
    axe(page)

    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    answer = page.request.post(
        f"/api/my/cooperatives/{cast.coop_a.slug}/products/",
        headers=headers,
        data={"name": "Chè Shan tuyết"},
    )
    assert (answer.status, answer.json()["state"]) == (201, "draft")
    assert Product.objects.get().cooperative == cast.coop_a
