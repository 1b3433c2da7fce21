"""The board in a browser: updates, line-ups it does not know, servers that go and come back."""

import re

from django.db import transaction
from playwright.sync_api import Page, Route, expect

from core import outbox
from livestreams.models import LivestreamSession, Offer
from livestreams.services.running import end_session
from livestreams.services.selling import sell_now
from tests.journeys.test_host import market, now_card

SOON_MS = 5000

# A stand-in for the connection: the page's own script, two hundred times, and when it comes again
CROWD = """async () => {
  const opened = [];
  window.EventSource = class extends EventTarget {
    constructor(url) { super(); this.url = url; opened.push(this); this.at = performance.now(); }
    close() { this.closed = true; }
  };
  for (let n = 0; n < 200; n += 1) {
    const element = document.createElement("div");
    Object.assign(element.dataset, { live: `/live/board/${n}`, feed: "board", poll: "/nowhere" });
    document.body.append(element);
  }
  const script = document.querySelector('script[src*="js/live"]').src;
  document.querySelectorAll("[data-board]").forEach((one) => one.removeAttribute("data-live"));
  await import(`${script}?again`);
  const first = [...opened];
  const cut = performance.now();
  first.forEach((source) => source.dispatchEvent(new Event("error")));
  await new Promise((done) => setTimeout(done, 4300));
  return { first: first.length, closed: first.filter((one) => one.closed).length,
    waits: opened.slice(first.length).map((one) => one.at - cut) };
}"""


def change_price(offer: Offer, price_vnd: int) -> None:
    with transaction.atomic():
        Offer.objects.filter(pk=offer.pk).update(unit_price_vnd=price_vnd)
        outbox.add("tests.price.changed", feed=offer.session.feed)


def polls_of(page: Page) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "bang.json" in r.url else None)
    return asked


def followed(page: Page, session: LivestreamSession) -> None:
    """Open the board and wait for its first update."""
    page.goto(f"/phien/{session.pk}/")
    expect(page.locator("[data-fresh]")).to_contain_text("giây trước")


def test_a_new_price_reaches_the_page_with_the_update_alone(phone_page: Page) -> None:
    _cast, session, offers = market()
    sell_now(offer=offers[0])
    polls = polls_of(phone_page)
    followed(phone_page, session)
    change_price(offers[0], 77_000)
    expect(now_card(phone_page)).to_contain_text("77.000", timeout=SOON_MS)
    # At once, unless the machine is so busy that an update is late
    assert any(came_without_a_poll(phone_page, polls, offers[0], price) for price in (88, 89, 90))


def came_without_a_poll(page: Page, polls: list[str], offer: Offer, thousands: int) -> bool:
    asked = len(polls)
    change_price(offer, thousands * 1000)
    expect(now_card(page)).to_contain_text(f"{thousands}.000", timeout=SOON_MS)
    return len(polls) == asked


def test_a_page_with_another_line_up_asks_for_the_whole_board(phone_page: Page) -> None:
    """As one that slept while the host changed much: its version is in no update."""
    _cast, session, offers = market()
    page = phone_page
    polls = polls_of(page)

    def make_old(route: Route) -> None:
        answer = route.fetch()
        text = answer.text()
        assert re.search(r"&quot;v&quot;:&quot;\w{8}", text)
        old = re.sub(r"(&quot;v&quot;:&quot;)\w{8}", r"\g<1>00000000", text)
        route.fulfill(response=answer, body=old)

    page.route(f"**/phien/{session.pk}/", make_old)
    page.goto(f"/phien/{session.pk}/")
    sell_now(offer=offers[1])
    expect(now_card(page)).to_contain_text("Mật ong rừng", timeout=SOON_MS)
    assert polls
    # Whole again: updates are enough, unless the machine is so busy that one of them is late
    assert any(came_without_a_poll(page, polls, offers[1], price) for price in (66, 67, 68))


def test_a_server_that_comes_back_meets_its_viewers_one_by_one(phone_page: Page) -> None:
    _cast, session, _offers = market()
    followed(phone_page, session)
    crowd = phone_page.evaluate(CROWD)
    assert crowd["first"] == crowd["closed"] == 200  # the browser's own retry is the same for all
    waits = crowd["waits"]
    assert len(waits) >= 195
    assert min(waits) >= 490
    for begin in range(500, 4000, 500):
        share = sum(begin <= wait < begin + 500 for wait in waits) / len(waits)
        assert 0.04 < share < 0.28  # an even seventh, give or take


def test_a_clock_set_back_stops_no_board_and_its_end_is_said_everywhere(phone_page: Page) -> None:
    """As if the database's clock had been an hour ahead when the page was read."""
    _cast, session, offers = market()
    sell_now(offer=offers[0])
    page = phone_page

    def read_in_the_future(route: Route) -> None:
        answer = route.fetch()
        text, count = re.subn(r"(&quot;at&quot;:)(\d{10})", r"\g<1>9\g<2>", answer.text())
        assert count
        route.fulfill(response=answer, body=text)

    page.route(f"**/phien/{session.pk}/", read_in_the_future)
    followed(page, session)
    change_price(offers[0], 77_000)
    expect(now_card(page)).to_contain_text("77.000", timeout=SOON_MS)

    expect(page.get_by_text("Đang lên sóng")).to_be_visible()
    end_session(session=session)
    expect(page.locator("[data-over]")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text("Đang lên sóng")).to_be_hidden()
    expect(page.get_by_role("heading", name="Đang bán")).to_be_hidden()
    expect(page.locator("[data-chip-over]")).to_be_visible()
