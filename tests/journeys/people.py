"""What everyone does in a journey before their own story begins."""

import time

from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import User
from tests.cast import PASSWORD, second_factor, totp_code


def sign_in(page: Page, user: User, *, then: str = "/") -> None:
    """Sign in through the page, with the second factor where it is asked for, and go to `then`."""
    is_asked = user.is_staff or user.has_second_factor or user.staff_roles.exists()
    second = second_factor(user) if is_asked else None
    page.goto(f"{reverse('sign-in')}?next={then}")
    page.locator("input[name=phone]").fill(user.phone)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url(lambda url: reverse("sign-in") not in url)
    if second:
        page.goto(f"{reverse('verify-second-factor')}?next={then}")
        page.locator("input[autocomplete=one-time-code]").fill(totp_code(second))
        page.locator("main form button").first.click()
        page.wait_for_url(lambda url: reverse("verify-second-factor") not in url)
    page.goto(then)


def await_true(page: Page, expression: str, seconds: float = 10) -> None:
    """Until a script's expression holds. Page.wait_for_function asks again by eval, which the
    content policy of our pages forbids.
    """
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)
