"""Chromium for the journeys: a phone of a buyer and a screen on a desk, both in Vietnam."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Response,
    sync_playwright,
)

from tests.servers import Platform

PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIETNAM = {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh"}
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 360, "height": 740},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
    "desk": {"viewport": {"width": 1366, "height": 900}},
}
# For journeys that differ little between the two
PHONE_THEN_DESK = ["phone", pytest.param("desk", marks=pytest.mark.long)]
DESK_THEN_PHONE = ["desk", pytest.param("phone", marks=pytest.mark.long)]
PARTS_OF_A_PAGE = {"stylesheet", "script", "image", "font", "media", "manifest"}
FIRST_REFUSAL = 400
FIRST_FAILURE = 500

OpenPage = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail("Chromium is missing: apt-get install chromium, or run ./check as root.")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page_problems() -> Iterator[list[str]]:
    """What browsers complained of; the test fails unless it is empty at the end.

    A test that provokes a complaint takes it out of the list itself.
    """
    problems: list[str] = []
    yield problems
    assert not problems, "\n".join(problems)


@pytest.fixture
def open_page(
    browser: Browser, platform_server: Platform, page_problems: list[str]
) -> Iterator[OpenPage]:
    """`open_page("phone")`: a fresh person's page (no cookies); keywords go to the context."""
    contexts = []

    def open_one(device: str = "phone", **options: Any) -> Page:
        settings = {"base_url": platform_server.url, **VIETNAM, **DEVICES[device], **options}
        context = browser.new_context(**settings)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        watch(page, page_problems)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def phone_page(open_page: OpenPage) -> Page:
    """A buyer's phone: 360 × 740, touch, Vietnamese; `phone_page.goto("/")`."""
    return open_page("phone")


@pytest.fixture
def desk_page(open_page: OpenPage) -> Page:
    """An office screen: 1366 × 900, Vietnamese."""
    return open_page("desk")


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """`axe(page)` fails, naming element and rule, when the page shuts somebody out."""

    def check(page: Page) -> None:
        page.wait_for_load_state()
        try:
            result = Axe().run(page)
        except Error:  # a form that is sent by script leads on a moment after the press
            page.wait_for_load_state()
            result = Axe().run(page)
        assert not result.violations_count, f"{page.url}\n{result.generate_report()}"

    return check


def watch(page: Page, problems: list[str]) -> None:
    """Collect script errors, breaches of the content policy, lost parts and failed pages."""

    def hear(message: ConsoleMessage) -> None:
        # A refused form (409, 422) or a lost network is told on the console too: not a fault
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            problems.append(f"{page.url}: console: {message.text}")

    def see(response: Response) -> None:
        is_part = response.request.resource_type in PARTS_OF_A_PAGE
        if response.status >= (FIRST_REFUSAL if is_part else FIRST_FAILURE):
            problems.append(f"{page.url}: {response.status} for {response.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("response", see)
