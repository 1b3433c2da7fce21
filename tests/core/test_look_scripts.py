"""Shared scripts, each in a real browser under the platform's content policy."""

import mimetypes
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Browser, Page, Request, Route, expect

from core.forms import FormLook, IdempotencyKeyField, PhoneField, PlainTextField, VndField
from tests.browser import DEVICES, VIETNAM, watch

SITE = "http://cho.test"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'"
)
SHELL = """{% extends "base.html" %}{% load static %}{% block title %}Thử{% endblock %}
{% block scripts %}{% for name in scripts %}<script type="module" src="/static/js/{{ name }}.js"></script>{% endfor %}{% endblock %}
{% block content %}<h1>Thử</h1>"""


class Shop:
    """One page of ours served from memory, and what the browser sent to it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.html = ""
        self.sent: list[str] = []
        page.route("**/*", self.answer)

    def answer(self, route: Route, request: Request) -> None:
        path = urlsplit(request.url).path
        if request.method == "POST":
            self.sent.append(request.post_data or "")
        if path.startswith("/static/"):
            file = Path(str(finders.find(path.removeprefix("/static/"))))
            kind = mimetypes.guess_type(file.name)[0]
            route.fulfill(body=file.read_bytes(), content_type=kind)
            return
        headers = {"Content-Security-Policy": POLICY}
        route.fulfill(body=self.html, content_type="text/html; charset=utf-8", headers=headers)

    def show(self, body: str, *scripts: str, **context: object) -> Page:
        self.draw(body, *scripts, **context)
        self.page.goto(f"{SITE}/phien/")
        return self.page

    def draw(self, body: str, *scripts: str, **context: object) -> None:
        template = engines["django"].from_string(f"{SHELL}{body}{{% endblock %}}")
        with translation.override("vi"):
            request = RequestFactory().get("/phien/")
            self.html = template.render({"scripts": scripts, **context}, request)


@pytest.fixture(params=["phone", "desk"])
def device(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def shop(browser: Browser, page_problems: list[str]) -> Iterator[Shop]:
    yield from a_shop(browser, page_problems, "phone")


@pytest.fixture
def any_shop(browser: Browser, page_problems: list[str], device: str) -> Iterator[Shop]:
    yield from a_shop(browser, page_problems, device)


def a_shop(browser: Browser, problems: list[str], device: str) -> Iterator[Shop]:
    context = browser.new_context(**VIETNAM, **DEVICES[device])
    context.set_default_timeout(5_000)
    page = context.new_page()
    watch(page, problems)
    yield Shop(page)
    context.close()


STEPPER = '{% include "_parts/stepper.html" with id="q" name="q" max=3 label="Số lượng" %}'


def test_the_stepper_counts_within_its_limits(shop: Shop) -> None:
    page = shop.show(STEPPER, "stepper")
    more, less = page.get_by_label("Thêm một"), page.get_by_label("Bớt một")
    assert less.is_disabled()
    more.click()
    more.click()
    assert page.get_by_label("Số lượng").input_value() == "3"
    assert more.is_disabled()
    less.click()
    assert page.get_by_label("Số lượng").input_value() == "2"


def test_without_its_script_the_stepper_is_a_number_field(shop: Shop) -> None:
    page = shop.show(STEPPER)
    page.get_by_label("Số lượng").fill("3")
    assert page.locator(".stepper button").count() == 0


PRESS_TWICE = "(b) => { b.click(); setTimeout(() => b.click(), 150); }"


def presses(shop: Shop, form: str) -> list[str]:
    """The requests that two presses make when the answer leaves the page where it is."""
    page = shop.show(f'{form}<button class="btn">Chốt đơn</button></form>')
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    page.route("**/cham", lambda route: route.fulfill(status=204))
    page.locator(".page button").evaluate(PRESS_TWICE)
    page.wait_for_timeout(500)
    return sent


def test_a_button_pressed_twice_sends_once_and_says_so(shop: Shop) -> None:
    sent = presses(shop, '<form method="post" action="/cham">')
    assert sent == [f"{SITE}/cham"]
    assert shop.page.locator(".page button").inner_text() == "Đang gửi…"


def test_without_the_guard_two_presses_are_two_requests(shop: Shop) -> None:
    sent = presses(shop, '<form method="post" action="/cham" data-many>')
    assert sent == [f"{SITE}/cham"] * 2


def test_what_is_missing_is_said_in_the_readers_language_and_then_forgotten(shop: Shop) -> None:
    page = shop.show(
        '<form method="post" action="/cham"><input name="a" id="a" required>'
        '<select name="b" id="b" required><option value="">–</option><option>x</option></select>'
        '<button class="btn">Chốt đơn</button></form>'
    )
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    page.route("**/cham", lambda route: route.fulfill(status=204))
    button = page.locator(".page button")
    button.click()
    says = [
        page.locator(box).evaluate("(field) => field.validationMessage") for box in ("#a", "#b")
    ]
    assert says == ["Xin điền phần này.", "Xin chọn ở đây."]
    page.locator("#a").evaluate("(field) => { field.value = 'filled in by a script'; }")
    page.locator("#b").select_option("x")
    button.click()
    page.wait_for_timeout(200)
    assert sent == [f"{SITE}/cham"]


CONFIRM = """<form method="post"><input type="hidden" name="a" value="1">
<button class="btn" name="do" value="delete" data-confirm="Xóa ảnh này?" data-confirm-yes="Xóa">Bỏ</button>
</form>"""


def test_a_question_is_asked_and_no_means_no(shop: Shop) -> None:
    page = shop.show(CONFIRM, "confirm")
    page.get_by_role("button", name="Bỏ").click()
    page.get_by_role("dialog", name="Xóa ảnh này?").wait_for()
    page.get_by_role("button", name="Không, quay lại").click()
    assert page.get_by_role("dialog").count() == 0
    assert shop.sent == []


def test_yes_sends_the_form_with_the_button_that_was_pressed(shop: Shop) -> None:
    page = shop.show(CONFIRM, "confirm")
    page.get_by_role("button", name="Bỏ").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Xóa", exact=True).click()
    assert shop.sent == ["a=1&do=delete"]


def test_the_page_says_when_the_network_is_gone_and_when_it_is_back(shop: Shop) -> None:
    page = shop.show("")
    banner = page.locator("[data-offline]")
    assert banner.is_hidden()
    page.context.set_offline(True)
    banner.wait_for(state="visible")
    assert "Mất mạng" in banner.inner_text()
    page.context.set_offline(False)
    banner.wait_for(state="hidden")


DRAFT = """<form class="form" method="post" data-draft="lot"><label>Tên <input name="name"></label>
<label class="check"><input type="checkbox" name="organic">Hữu cơ</label>
<label>Mật khẩu <input type="password" name="secret"></label>
<p data-draft-says data-kept="Đã lưu trên máy lúc %s" data-restored="Lấy lại lúc %s" hidden></p>
<button class="btn">Lưu</button></form>"""


def test_what_was_typed_survives_a_closed_page(shop: Shop) -> None:
    page = shop.show(DRAFT, "draft")
    page.get_by_label("Tên").fill("Chè Shan")
    page.get_by_label("Hữu cơ").check()
    page.get_by_label("Mật khẩu").fill("not for keeping")
    page.get_by_text("Đã lưu trên máy lúc").wait_for()
    page.reload()
    assert page.get_by_label("Tên").input_value() == "Chè Shan"
    assert page.get_by_label("Hữu cơ").is_checked()
    assert page.get_by_label("Mật khẩu").input_value() == ""
    assert page.get_by_text("Lấy lại lúc").is_visible()
    assert "not for keeping" not in page.evaluate("JSON.stringify(localStorage)")


def test_an_accepted_form_leaves_no_draft(shop: Shop) -> None:
    page = shop.show(DRAFT, "draft")
    page.get_by_label("Tên").fill("Chè Shan")
    page.get_by_text("Đã lưu trên máy lúc").wait_for()
    shop.draw('<i data-draft-done="lot" hidden></i>', "draft")
    page.get_by_role("button", name="Lưu").click()
    page.locator("[data-draft-done]").wait_for(state="attached")
    shop.show(DRAFT, "draft")
    assert page.get_by_label("Tên").input_value() == ""


REMEMBER = """<form method="post" data-remember-as="buyer"><label>Tên <input name="name" data-remember></label>
<label>Ghi chú <input name="note"></label>
<label class="check"><input type="checkbox" data-remember-consent>Nhớ</label><button class="btn">Chốt</button></form>"""


def test_a_buyer_is_remembered_on_this_device_only_when_asked(shop: Shop) -> None:
    page = shop.show(REMEMBER, "remember")
    page.get_by_label("Tên").fill("Lan")
    with page.expect_navigation():
        page.get_by_role("button", name="Chốt").click()
    assert page.evaluate("localStorage.length") == 0
    page.get_by_label("Tên").fill("Lan")
    page.get_by_label("Ghi chú").fill("gọi trước")
    page.get_by_label("Nhớ").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Chốt").click()
    assert page.get_by_label("Tên").input_value() == "Lan"
    assert page.get_by_label("Ghi chú").input_value() == ""
    page.evaluate("localStorage.setItem('standby:7', '/cho/abc/'), localStorage.setItem('x', 'y')")
    page.get_by_label("Nhớ").uncheck()  # with the places in line that were noted under it
    assert page.evaluate("Object.keys(localStorage).join()") == "x"


def test_a_countdown_follows_the_servers_clock_and_tells_when_it_is_over(shop: Shop) -> None:
    clock = (
        '<time class="clock" data-ends-at="2025-11-04T20:15:00+07:00"'
        ' data-now="2025-11-04T{}+07:00"></time>'
    )
    page = shop.show(clock.format("18:14:58"), "countdown")
    expect(page.locator(".clock")).to_have_text(re.compile("^2:00:0[012]$"))
    page = shop.show(clock.format("20:14:59"), "countdown")
    expect(page.locator(".clock.is-over")).to_have_text("0:00")


DESK_LINKS = """<link rel="stylesheet" href="/static/css/desk.css"><nav class="side"><div class="side__nav">
{% for n in "12345678" %}<a href="/{{ n }}"{% if n == "7" %} aria-current="page"{% endif %}>Kiện hàng {{ n }}</a>{% endfor %}
</div></nav>"""


@pytest.mark.parametrize(("scripts", "is_seen"), [(["here"], True), ([], False)])
def test_the_desk_shows_where_we_are(shop: Shop, scripts: list[str], is_seen: bool) -> None:
    page = shop.show(DESK_LINKS, *scripts)
    here = page.locator(".side__nav [aria-current]")
    if is_seen:
        expect(here).to_be_in_viewport(ratio=1)
    else:
        expect(here).not_to_be_in_viewport()


class WholeForm(FormLook, forms.Form):
    name = PlainTextField(label="Tên", help_text="Như trên bao bì.")
    phone = PhoneField()
    price_vnd = VndField(label="Giá")
    pay = forms.ChoiceField(
        label="Trả tiền", widget=forms.RadioSelect, choices=[("cod", "Khi nhận"), ("bank", "CK")]
    )
    place = forms.ChoiceField(label="Xã", choices=[("1", "Phình Hồ")])
    photo = forms.ImageField(label="Ảnh", required=False)
    story = PlainTextField(label="Chuyện", widget=forms.Textarea, required=False)
    remember = forms.BooleanField(label="Nhớ", required=False)
    key = IdempotencyKeyField()


WHOLE = """
{% include "_parts/crumbs.html" %}
{% include "_parts/search.html" with action="/tim" label="Tìm sản phẩm" %}
<nav class="tabs" aria-label="Loại"><a href="#a" aria-current="page">Đang bán</a><a href="#b">Nháp</a></nav>
<p>{% chip "live" "Đang lên sóng" %} {% chip "done" "Đã duyệt" %} {% chip "wait" "Chờ" %}
{% chip "warn" "Sắp hết" %} {% chip "stop" "Đã hủy" %} {% chip "info" "Đang giao" %} {% chip "quiet" "Nháp" %}</p>
<div class="actions"><button class="btn btn--main">Chốt đơn</button><button class="btn">Lưu</button>
<button class="btn btn--line">Xem</button><button class="btn btn--quiet">Để sau</button>
<button class="btn btn--danger">Xóa</button><button class="btn" disabled>Hết</button></div>
{% for tone in tones %}{% include "_parts/notice.html" with title="Đã lưu" text="Chữ ở đây" %}{% endfor %}
<article class="offer offer--now"><div class="offer__media">{% crop_sign "crab" %}</div>
<div class="offer__body"><p class="offer__code">A01</p><h2 class="offer__name">Chè Shan Tuyết cổ thụ</h2>
<p class="offer__price">{{ 12500000|vnd }} <span class="offer__unit">/ gói 200 g</span></p></div>
{% include "_parts/left.html" with left=3 total=40 few=True %}
<form class="offer__form" method="post">{% include "_parts/stepper.html" with id="q" name="q" max=3 label="Số lượng" %}
<button class="btn btn--main">Chốt đơn</button></form></article>
<ul class="grid grid--products plain"><li class="tile"><div class="tile__media">{% crop_sign "leaf" %}</div>
<div class="tile__body"><h2 class="tile__name"><a href="/x">Chè</a></h2>{% stars 4 %}<p class="tile__price">{{ 125000|vnd }}</p></div></li></ul>
<div class="card stack"><h2>Đơn</h2>{% include "_parts/steps.html" %}<dl class="facts"><div><dt>Hợp tác xã</dt><dd>Phình Hồ</dd></div></dl></div>
<div class="grid grid--figures">{% include "_parts/figure.html" with name="Đồng" value="312.450.000" unit="₫" how="Tổng" main=True %}</div>
<div class="table-scroll" tabindex="0" role="region" aria-label="Bảng"><table class="table"><thead><tr><th>Hợp tác xã</th><th class="num">Đồng</th></tr></thead>
<tbody><tr><th>Bình Lư</th><td class="num">310.000.000</td></tr></tbody></table></div>
{% include "_parts/empty.html" with title="Chưa có đơn" text="Đơn sẽ ở đây." url="/" action="Về chợ" %}
<form class="form" method="post">{{ form }}<div class="action-bar"><button class="btn btn--main">Lưu</button></div></form>
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_part_is_open_to_everyone(
    any_shop: Shop, axe: Callable[[Page], None], scheme: str
) -> None:
    page = any_shop.page
    page.emulate_media(color_scheme=scheme)
    form = WholeForm({"name": "", "phone": "12", "price_vnd": "12.5"})
    steps = [{"label": "Đã đặt", "state": "done"}, {"label": "Đang giao", "state": "now"}]
    any_shop.show(
        WHOLE,
        "stepper",
        form=form,
        steps=steps,
        trail=[("Chợ", "/"), ("Chè", "")],
        tones=["done", "wait", "warn", "stop", "info"],
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.locator(":focus").get_attribute("class") == "errors"
    axe(page)


def test_what_a_thumb_presses_is_large_enough(shop: Shop) -> None:
    steps = [{"label": "Đã đặt", "state": "done"}]
    page = shop.show(
        WHOLE, "stepper", form=WholeForm(), steps=steps, trail=[("Chợ", "/")], tones=[]
    )
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .btn, select, nav a, input:not([type=hidden])")]
        .filter((e) => e.checkVisibility() && !e.closest(".skip"))
        .map((e) => [e.closest("label") || e, e])
        .map(([e, original]) => [original.outerHTML.slice(0, 80), e.getBoundingClientRect()])
        .filter(([, box]) => box.height < 44 || box.width < 44).map(([html]) => html)"""
    )
    assert small == []
