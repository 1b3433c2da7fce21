"""A host's whole path: plan a session, line up, go on air, sell, end; and the boards that follow."""

import datetime as dt
import re
from collections.abc import Callable

from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from core.clock import db_now
from core.models import OutboxMessage
from livestreams.models import LivestreamSession, Offer
from livestreams.services.lining_up import line_up_offer
from livestreams.services.running import end_session
from livestreams.services.selling import mark_sold_out, open_offer, sell_now
from tests.cast import Cast, make_cast
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import LotFactory, ProductPhotoFactory
from tests.factories.traceability import OriginCodeBatchFactory
from tests.journeys.people import sign_in
from tests.orders.helpers import order_of

SOON_MS = 2500  # a change shows within a second; a busy test machine gets a little more
HOSTILE = "<img src=x onerror=alert(1)>"
Axe = Callable[[Page], None]


# What a trembling thumb does: it taps again at the moment the next button stands there
TAP_AGAIN = """() => {
  const bar = document.querySelector('[data-stage="bar"]');
  new MutationObserver((_, eye) => { eye.disconnect(); bar.querySelector("button").click(); })
    .observe(bar, { childList: true });
}"""


def market() -> tuple[Cast, LivestreamSession, list[Offer]]:
    """A live session of Minh's co-op with three offers, none of them being sold yet."""
    cast = make_cast()
    session = SessionFactory(cooperative=cast.coop_a, title="Phiên chè Phình Hồ")
    names = ["Chè Shan tuyết", "Mật ong rừng", "Măng khô"]
    offers = [OfferFactory(session=session, lot__variant__product__name=name) for name in names]
    ProductPhotoFactory(product=offers[0].lot.variant.product)
    return cast, session, offers


def console_of(page: Page, cast: Cast, session: LivestreamSession) -> None:
    sign_in(page, cast.minh, then=f"/lam-viec/phien/{session.pk}/dieu-khien/")
    expect(page.get_by_role("heading", name=session.title)).to_be_visible()


def hold(page: Page, pattern: str) -> list[Route]:
    """Requests that wait for the test to let them go."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


def now_card(page: Page):
    return page.locator('[data-place="now"] .offer')


def count(topic: str) -> int:
    return OutboxMessage.objects.filter(topic=topic).count()


def test_minh_plans_a_session_and_goes_on_air_from_a_phone(phone_page: Page, axe: Axe) -> None:
    cast = make_cast()
    LotFactory(variant__product__cooperative=cast.coop_a, variant__product__name="Chè Shan tuyết")
    page = phone_page
    sign_in(page, cast.minh, then=f"/lam-viec/{cast.coop_a.slug}/phien/")
    page.get_by_role("link", name="Lên lịch phiên").first.click()
    page.get_by_label("Tên phiên").fill("Chè thu Phình Hồ")
    start = timezone.localtime(db_now() + dt.timedelta(minutes=20))
    page.get_by_label("Bắt đầu lúc").fill(f"{start:%Y-%m-%dT%H:%M}")
    page.get_by_label("Phí giao").fill("25k")
    axe(page)
    page.get_by_role("button", name="Báo lịch").click()

    expect(page.get_by_text("Chưa xếp suất bán nào")).to_be_visible()
    page.get_by_role("link", name="Xếp thêm hàng").click()
    page.get_by_role("link", name="Chè Shan tuyết").click()
    expect(page.get_by_label("Giá trong phiên")).to_have_value("125.000")
    page.get_by_label("Giá trong phiên").fill("99k")
    page.get_by_label("Bán bao nhiêu").fill("1000")
    page.get_by_role("button", name="Xếp vào phiên").click()
    expect(page.get_by_role("alert")).to_contain_text("Lô chỉ còn 100")
    page.get_by_label("Bán bao nhiêu").fill("40")
    page.get_by_role("button", name="Xếp vào phiên").click()
    expect(page.locator("[id^=offer-]").first).to_contain_text("A01")
    axe(page)

    page.get_by_role("button", name="Lên sóng").click()
    page.get_by_role("dialog").get_by_role("button", name="Lên sóng").click()
    expect(page.get_by_role("button", name="Bán món này")).to_be_visible()
    session = LivestreamSession.objects.get()
    assert (session.is_live, session.shipping_fee_vnd) == (True, 25_000)
    assert Offer.objects.get().lot.quantity_available == 60


def test_what_minh_does_shows_on_lans_board_and_orders_tick_in(
    open_page: Callable[..., Page], axe: Axe
) -> None:
    cast, session, offers = market()
    OriginCodeBatchFactory(lot=offers[0].lot, state="drawing", quantity=1500, quantity_done=250)
    minh, lan = open_page("desk"), open_page("phone")
    console_of(minh, cast, session)
    expect(minh.locator("[data-code-work]")).to_contain_text("250/1.500")
    lan.goto(f"/phien/{session.pk}/")
    expect(lan.get_by_text("Người dẫn sắp giới thiệu")).to_be_visible()
    lan.wait_for_timeout(500)  # the channel stands

    minh.get_by_role("button", name="Bán món này A01").press("Enter")
    expect(now_card(lan)).to_contain_text("Chè Shan tuyết", timeout=SOON_MS)
    expect(minh.get_by_role("button", name="Bán món này A02")).to_be_focused()
    expect(now_card(lan).get_by_role("link", name="Chốt đơn")).to_have_attribute(
        "href", f"/phien/{session.pk}/dat/?suat={offers[0].pk}"
    )
    expect(lan.get_by_role("status").filter(has_text="Đang bán: A01")).to_have_count(1)
    expect(minh.get_by_role("button", name="Hết hàng A01")).to_be_visible()

    order = order_of((offers[0], 3))
    tick = minh.locator("[data-ticks] li").first
    expect(tick).to_contain_text(order.code, timeout=SOON_MS)
    expect(tick).to_contain_text("A01 × 3")
    expect(now_card(lan)).to_contain_text("Còn 7", timeout=SOON_MS)
    expect(minh.locator(".offer--now")).to_contain_text("Còn 7", timeout=SOON_MS)
    expect(minh.locator('[data-figure="orders"]')).to_have_text("1")
    for secret in (order.buyer_name, order.buyer_phone[-6:]):
        expect(minh.locator("main")).not_to_contain_text(secret)
    axe(minh)
    axe(lan)

    minh.get_by_role("button", name="Hết hàng A01").click()
    expect(now_card(lan)).to_contain_text("Hết hàng", timeout=SOON_MS)
    expect(now_card(lan).get_by_role("link", name="Chốt đơn")).to_be_hidden()
    expect(minh.locator(".offer--now")).to_contain_text("còn 7 chưa bán")
    minh.get_by_role("link", name="Món khác").click()
    minh.get_by_role("button", name="Bán món này A03").click()
    expect(now_card(lan)).to_contain_text("Măng khô", timeout=SOON_MS)

    minh.get_by_role("link", name="Kết thúc phiên").click()
    minh.get_by_role("button", name="Kết thúc phiên").click()
    expect(lan.get_by_text("Phiên đã kết thúc")).to_be_visible(timeout=SOON_MS)
    expect(lan.get_by_role("link", name="Chốt đơn")).to_have_count(0)
    lan.get_by_role("link", name="Xem hàng đã bán").click()
    expect(lan.get_by_text("đã bán 3")).to_be_visible()


def test_what_is_chosen_while_a_press_is_on_its_way_stays_chosen(
    open_page: Callable[..., Page],
) -> None:
    cast, session, offers = market()
    sell_now(offer=offers[0])
    page = open_page("desk")
    console_of(page, cast, session)
    held = hold(page, "**/het/")
    with page.expect_request("**/het/"):
        page.get_by_role("button", name="Hết hàng A01").click()
    page.get_by_role("link", name="Món khác").click()
    held[0].continue_()
    expect(page.get_by_role("button", name="Bán lại A01")).to_be_visible()
    expect(page.get_by_role("button", name="Bán món này A03")).to_be_visible()


def test_a_stage_that_comes_late_does_not_take_back_what_was_chosen(
    open_page: Callable[..., Page],
) -> None:
    cast, session, offers = market()
    sell_now(offer=offers[0])
    page = open_page("desk")
    console_of(page, cast, session)
    page.wait_for_timeout(1000)  # the first board has come
    held = hold(page, "**/dieu-khien/")
    with page.expect_request("**/dieu-khien/"):
        mark_sold_out(offer=offers[0])
    page.get_by_role("link", name="Món khác").click()
    expect(page.get_by_role("button", name="Bán món này A03")).to_be_visible()
    with page.expect_response("**/dieu-khien/"):
        held[0].continue_()
    page.wait_for_timeout(200)  # it is read
    expect(page.get_by_role("button", name="Bán món này A03")).to_be_visible()


def test_goods_lined_up_while_lan_looks_on_appear_as_letters_never_as_markup(
    phone_page: Page,
) -> None:
    _cast, session, offers = market()
    sell_now(offer=offers[0])
    page = phone_page
    page.goto(f"/phien/{session.pk}/")
    expect(now_card(page)).to_contain_text("Chè Shan tuyết")
    page.wait_for_timeout(500)
    lot = LotFactory(
        variant__product__cooperative=session.cooperative, variant__product__name=HOSTILE
    )
    new = line_up_offer(
        session=session,
        cooperative=session.cooperative,
        lot=lot,
        unit_price_vnd=250_000,
        quantity_offered=4,
        limit_per_buyer=2,
    )
    card = page.locator(f"#offer-{new.pk}")
    expect(card).to_contain_text(HOSTILE, timeout=SOON_MS)
    expect(card).to_contain_text("Sắp bán")
    expect(card.get_by_role("link")).to_be_hidden()
    open_offer(offer=new)
    expect(card).to_contain_text("250.000\N{NO-BREAK SPACE}₫", timeout=SOON_MS)
    expect(card.get_by_role("link", name="Chốt đơn")).to_be_visible()
    expect(card).to_contain_text("Còn 4")
    assert page.locator("main img[src='x']").count() == 0


def test_where_the_channel_does_not_reach_the_board_polls(phone_page: Page) -> None:
    _cast, session, offers = market()
    page = phone_page
    page.route("**/live/**", lambda route: route.abort())
    page.goto(f"/phien/{session.pk}/")
    sell_now(offer=offers[1])
    expect(now_card(page)).to_contain_text("Mật ong rừng", timeout=9_000)
    expect(page.locator("[data-fresh]")).to_contain_text("cập nhật")
    end_session(session=session)
    expect(page.get_by_text("Phiên đã kết thúc")).to_be_visible(timeout=9_000)


def test_an_old_board_says_how_old_it_is_and_is_whole_when_the_network_returns(
    phone_page: Page,
) -> None:
    _cast, session, offers = market()
    page = phone_page
    page.clock.install()
    page.goto(f"/phien/{session.pk}/")
    fresh = page.locator("[data-fresh]")
    expect(fresh).to_contain_text("giây trước")
    page.context.set_offline(True)
    page.route("**/live/**", lambda route: route.abort())  # a stream that stands is not cut offline
    page.evaluate("document.querySelector('[data-board]').dispatchEvent(new Event('live:stop'))")
    page.clock.fast_forward(40_000)
    expect(fresh).to_contain_text("Bảng chưa cập nhật")
    assert "is-stale" in (fresh.get_attribute("class") or "")
    expect(page.locator("[data-offline]")).to_be_visible()
    sell_now(offer=offers[2])
    page.context.set_offline(False)
    page.evaluate("document.querySelector('[data-board]').dispatchEvent(new Event('live:ask'))")
    expect(now_card(page)).to_contain_text("Măng khô")
    expect(fresh).to_contain_text("giây trước")


def test_a_hidden_page_rests_and_is_whole_on_return(phone_page: Page) -> None:
    _cast, session, offers = market()
    page = phone_page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/phien/{session.pk}/")
    page.wait_for_timeout(500)
    hide = (
        "hidden => { Object.defineProperty(document, 'hidden',"
        " { get: () => hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    page.evaluate(hide, arg=True)
    asked.clear()
    sell_now(offer=offers[0])
    page.wait_for_timeout(1500)
    assert asked == []
    expect(now_card(page)).to_have_count(0)
    page.evaluate(hide, arg=False)
    expect(now_card(page)).to_contain_text("Chè Shan tuyết", timeout=SOON_MS)


def test_a_press_whose_answer_was_lost_is_sent_again_and_done_once(phone_page: Page) -> None:
    cast, session, offers = market()
    page = phone_page
    console_of(page, cast, session)
    lost: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        if lost:
            route.continue_()
            return
        route.fetch()  # the server did it
        lost.append(route.request.url)
        route.abort()

    page.route("**/ban/", lose_the_first_answer)
    page.evaluate(TAP_AGAIN)
    page.get_by_role("button", name="Bán món này A01").click()
    expect(page.get_by_text("Đang gửi lại").first).to_be_visible()
    expect(page.locator(".offer--now")).to_contain_text("A01")
    assert len(lost) == 1
    expect(page.locator(".stage__said")).to_have_text("Đang bán A01.")
    assert count("livestreams.session.now_selling") == 1, "the second tap sold what came next"
    left = page.locator(".offer--now [data-left-count]").bounding_box()
    bar = page.locator(".stage__foot").bounding_box()
    assert left["y"] + left["height"] < bar["y"], "what is left hides below the buttons"
    assert LivestreamSession.objects.get(pk=session.pk).now_selling_id == offers[0].pk


def test_a_refused_press_says_why_and_shows_how_it_stands(phone_page: Page) -> None:
    cast, session, offers = market()
    page = phone_page
    console_of(page, cast, session)
    page.route("**/live/**", lambda route: route.abort())  # this console has not heard yet
    page.reload()
    mark_sold_out(offer=offers[0])
    page.get_by_role("button", name="Bán món này A01").click()
    said = page.get_by_role("status").filter(has_text="Vừa có người khác bấm rồi")
    expect(said.first).to_be_visible()
    expect(page.get_by_role("button", name="Bán món này A02")).to_be_visible()
    assert count("livestreams.session.now_selling") == 0


def test_everything_also_works_without_javascript(open_page: Callable[..., Page]) -> None:
    cast, session, _offers = market()
    minh = open_page("phone", java_script_enabled=False)
    lan = open_page("phone", java_script_enabled=False)
    console_of(minh, cast, session)
    minh.get_by_role("button", name="Bán món này A01").click()
    expect(minh.get_by_text("Đang bán A01.")).to_be_visible()
    lan.goto(f"/phien/{session.pk}/")
    expect(now_card(lan)).to_contain_text("Chè Shan tuyết")
    expect(lan.get_by_role("link", name="Tải lại bảng")).to_be_visible()
    now_card(lan).get_by_role("link", name="Chốt đơn").click()
    assert "/dat/" in lan.url
    minh.get_by_role("button", name="Hết hàng A01").click()
    expect(minh.get_by_role("button", name="Bán lại A01").first).to_be_visible()


def test_two_co_ops_prepare_a_session_together(open_page: Callable[..., Page], axe: Axe) -> None:
    cast = make_cast()
    session = SessionFactory(cooperative=cast.coop_a, coming=True, title="Núi gặp biển")
    LotFactory(variant__product__cooperative=cast.coop_b, variant__product__name="Ba khía muối")
    minh, thao = open_page("desk"), open_page("phone")
    sign_in(minh, cast.minh, then=f"/lam-viec/phien/{session.pk}/")
    minh.get_by_text("Mời hợp tác xã").click()
    minh.get_by_label("Tên hoặc nơi của hợp tác xã").fill("dam doi")
    minh.get_by_role("button", name="Tìm").click()
    minh.get_by_role("button", name="Mời HTX Ba khía Đầm Dơi").click()
    expect(minh.get_by_text("đã mời, chưa trả lời")).to_be_visible()

    sign_in(thao, cast.thao, then=f"/lam-viec/{cast.coop_b.slug}/phien/")
    thao.get_by_role("button", name="Nhận lời").click()
    thao.get_by_role("link", name="Xếp thêm hàng").click()
    thao.get_by_role("link", name="Ba khía muối").click()
    thao.get_by_label("Bán bao nhiêu").fill("30")
    thao.get_by_role("button", name="Xếp vào phiên").click()
    expect(thao.locator(".offer__code", has_text="B01")).to_be_visible()
    axe(thao)
    minh.reload()
    line = minh.locator("li.card", has_text="B01")
    expect(line).to_contain_text("HTX Ba khía Đầm Dơi")
    expect(line.get_by_role("link", name="Giá và số lượng")).to_have_count(0)  # not Minh's goods
    axe(minh)


def test_before_and_after_the_session_the_page_has_a_way_on(
    open_page: Callable[..., Page], axe: Axe
) -> None:
    cast = make_cast()
    coming = SessionFactory(cooperative=cast.coop_a, coming=True, title="Phiên sắp tới")
    SlotFactory(session=coming, cooperative=cast.coop_b)
    OfferFactory(session=coming, lined_up=True)
    ended = SessionFactory(cooperative=cast.coop_a, ended=True, title="Phiên đã qua")
    called_off = SessionFactory(cooperative=cast.coop_a, cancelled=True, title="Phiên đã hủy")
    for device in ("phone", "desk"):
        page = open_page(device)
        page.goto("/")
        axe(page)
        page.get_by_role("link", name="Phiên sắp tới").click()
        expect(page.get_by_text("Hàng sẽ bán")).to_be_visible()
        axe(page)
        with page.expect_download() as download:
            page.get_by_role("link", name="Thêm vào lịch").click()
        assert download.value.suggested_filename == f"phien-{coming.pk}.ics"
        for session in (ended, called_off):
            page.goto(f"/phien/{session.pk}/")
            axe(page)
        page.goto("/phien/?q=qua")
        expect(page.get_by_role("link", name="Phiên đã qua")).to_be_visible()
        axe(page)


def test_the_console_says_how_much_money_is_waited_for(open_page: Callable[..., Page]) -> None:
    cast, session, offers = market()
    OrderFactory(offer=offers[0], quantity=2, transfer=True)
    page = open_page("phone")
    console_of(page, cast, session)
    link = page.get_by_role("link", name=re.compile("1 đơn chờ chuyển khoản"))
    expect(link).to_be_visible()
    link.click()
    expect(page.get_by_role("button", name="Đã nhận tiền").first).to_be_visible()
