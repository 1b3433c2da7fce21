"""Members work by program: products, packs, lots, diary, codes, sessions, parcels, figures."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection

from accounts.models import ApiToken
from core.clock import db_now, db_today
from livestreams.models import LivestreamSession
from livestreams.services.selling import reopen_offer
from products.models import Lot, Product
from tests.api.conftest import Api
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.products import LotFactory, ProductFactory, ProductPhotoFactory
from tests.world import World
from traceability.services.issuing import issue_batch


def test_people_see_the_cooperatives_they_are_in(minh: Api, thao: Api, world: World) -> None:
    mine = minh.get("my/cooperatives/").json()["results"]

    assert [(coop["slug"], coop["roles"]) for coop in mine] == [
        (world.a.cooperative.slug, ["host"])
    ]
    theirs = thao.get("my/cooperatives/").json()["results"]
    assert [coop["slug"] for coop in theirs] == [world.b.cooperative.slug]


def test_a_product_from_draft_to_shop_window_and_back(mai: Api, world: World) -> None:
    begun = mai.post(f"my/cooperatives/{world.a.cooperative.slug}/products/", {"name": "Nếp Tú Lệ"})
    product = begun.json()
    path = f"my/products/{product['id']}/"
    too_early = mai.post(f"{path}publish/")
    words = mai.patch(
        path, {"story": "Gạo nếp của thung lũng.\n\nDẻo và thơm.", "category": "rice"}
    )
    pack = mai.post(
        f"{path}variants/", {"name": "Túi 1 kg", "net_weight_g": 1000, "price_vnd": 60_000}
    )
    ProductPhotoFactory(product_id=product["id"])  # photos are sent on the page
    published = mai.post(f"{path}publish/")
    hidden = mai.post(f"{path}hide/")

    assert begun.status_code == pack.status_code == 201
    assert product["missing"] == ["photo", "story", "pack"]
    assert (too_early.status_code, too_early.json()["code"]) == (409, "product_not_ready")
    assert too_early.json()["details"] == {"missing": ["photo", "story", "pack"]}
    assert words.json()["story"] == "Gạo nếp của thung lũng.\n\nDẻo và thơm."
    assert (published.json()["state"], published.json()["slug"]) == ("published", "nep-tu-le")
    assert published.json()["packs"][0]["price_vnd"] == 60_000
    assert hidden.json()["state"] == "hidden"
    assert mai.get(path).json() == hidden.json()


def test_a_product_on_sale_keeps_its_name(mai: Api, world: World) -> None:
    answer = mai.patch(f"my/products/{world.a.product.pk}/", {"name": " \u200b "})

    assert (answer.status_code, answer.json()["field"]) == (400, "name")
    assert Product.objects.get(pk=world.a.product.pk).name == "Chè Shan tuyết"


def test_a_pack_changes_only_in_what_is_said(mai: Api, world: World) -> None:
    path = f"my/variants/{world.a.variant.pk}/"
    changed = mai.patch(path, {"price_vnd": 130_000}).json()
    too_dear = mai.patch(path, {"price_vnd": 10**12})
    as_text = mai.patch(path, {"price_vnd": "125.000"})
    taken = mai.patch(path, {"gtin": "12345678"})

    assert (changed["price_vnd"], changed["name"]) == (130_000, "Gói 200 g")
    assert [(a.status_code, a.json()["field"]) for a in (too_dear, as_text, taken)] == [
        (400, "price_vnd"),
        (400, "price_vnd"),
        (400, "gtin"),
    ]


def test_a_harvest_becomes_a_lot(mai: Api, world: World) -> None:
    path = f"my/variants/{world.a.variant.pk}/lots/"
    today = db_today()
    made = mai.post(path, {"quantity": 40, "harvested_on": str(today), "plot": "Nương trên"})
    tomorrow = mai.post(path, {"quantity": 1, "harvested_on": str(today + dt.timedelta(days=1))})
    stale = {"quantity": 1, "harvested_on": str(today), "best_before_on": "2020-01-01"}
    again = {"quantity": 1, "harvested_on": str(today), "code": made.json()["code"]}

    assert (made.status_code, made.json()["quantity_available"]) == (201, 40)
    assert (tomorrow.status_code, tomorrow.json()["field"]) == (400, "harvested_on")
    assert mai.post(path, stale).json()["field"] == "best_before_on"
    assert mai.post(path, again).json()["code"] == "lot_code_taken"
    listed = mai.get(path).json()["results"]
    assert [lot["id"] for lot in listed] == [made.json()["id"], world.a.lot.pk]


def test_the_diary_of_a_lot_is_written_and_read(mai: Api, world: World) -> None:
    path = f"my/lots/{world.a.lot.pk}/steps/"
    day = str(world.a.lot.harvested_on)
    said = {"step": "process", "title": "Sao chè", "happened_on": day, "commune": "04609"}
    written = mai.post(path, said)
    unborn = mai.post(path, {**said, "happened_on": "2999-01-01"})

    assert written.status_code == 201
    assert written.json()["commune"]["name"] == "Phình Hồ"
    assert (unborn.status_code, unborn.json()["field"]) == (400, "happened_on")
    titles = [step["title"] for step in mai.get(path).json()["results"]]
    assert titles == ["Hái chè lúc sương chưa tan", "Sao chè"]


def test_origin_codes_are_asked_for_and_drawn(mai: Api, world: World) -> None:
    path = f"my/lots/{world.a.lot.pk}/batches/"
    asked = mai.post(path, {"quantity": 3})
    before = mai.get(f"my/batches/{asked.json()['id']}/").json()
    issue_batch(batch_id=asked.json()["id"])
    after = mai.get(f"my/batches/{asked.json()['id']}/").json()

    assert asked.status_code == 201
    assert (before["state"], before["quantity_done"]) == ("waiting", 0)
    assert (after["state"], after["quantity_done"]) == ("ready", 3)
    assert mai.post(path, {"quantity": 2001}).json()["field"] == "quantity"


def test_a_lot_that_tells_too_little_gets_no_codes(mai: Api, world: World) -> None:
    lot = LotFactory(variant__product=ProductFactory(cooperative=world.a.cooperative, story=""))
    answer = mai.post(f"my/lots/{lot.pk}/batches/", {"quantity": 3})

    assert (answer.status_code, answer.json()["code"]) == (409, "origin_too_thin")
    assert len(answer.json()["details"]["missing"]) >= 2


def schedule(api: Api, world: World, **changed: Any) -> Any:
    tomorrow = str(db_now() + dt.timedelta(days=1))
    said = {"title": "Phiên chè mới", "starts_at": tomorrow, "shipping_fee_vnd": 25_000, **changed}
    return api.post(f"my/cooperatives/{world.a.cooperative.slug}/sessions/", said)


def test_a_market_day_from_schedule_to_end(minh: Api, guest: Api, world: World) -> None:
    session = schedule(minh, world, shipping_fee_vnd=20_000).json()
    path = f"my/sessions/{session['id']}/"
    terms = {"unit_price_vnd": 99_000, "quantity_offered": 30, "limit_per_buyer": 3}
    offer = minh.post(f"{path}offers/", {"lot": world.a.lot.pk, **terms}).json()
    changed = minh.patch(f"my/offers/{offer['id']}/", {"quantity_offered": 20}).json()
    early = minh.post(f"{path}go-live/")
    live = minh.post(f"{path}go-live/", {"early": True}).json()
    now = minh.post(f"my/offers/{offer['id']}/sell-now/").json()
    board = guest.get(f"sessions/{session['id']}/board/").json()
    sold_out = minh.post(f"my/offers/{offer['id']}/sold-out/").json()
    ended = minh.post(f"{path}end/").json()

    assert (session["state"], offer["live_code"]) == ("scheduled", "A01")
    assert (early.status_code, early.json()["code"]) == (409, "goes_live_early")
    assert (changed["quantity_offered"], changed["unit_price_vnd"]) == (20, 99_000)
    assert (live["session"]["state"], live["not_opened"]) == ("live", [])
    assert (now["state"], board["n"]) == ("open", offer["id"])
    assert (sold_out["state"], ended["state"]) == ("sold_out", "ended")
    assert Lot.objects.get(pk=world.a.lot.pk).quantity_available == 90


def test_a_press_older_than_the_newest_is_refused_with_what_stands(minh: Api, world: World) -> None:
    session = SessionFactory(cooperative=world.a.cooperative)
    mine, theirs = OfferFactory(session=session), OfferFactory(session=session)
    seen = minh.get(f"my/sessions/{session.pk}/").json()
    theirs_on = minh.post(
        f"my/offers/{theirs.pk}/sell-now/", {"board_version": seen["board_version"]}
    ).json()
    path = f"my/offers/{mine.pk}/sell-now/"
    late = minh.post(path, {"board_version": seen["board_version"]})
    session.refresh_from_db()

    assert seen["now_selling"] is None
    assert (late.status_code, late.json()["code"]) == (409, "pressed_meanwhile")
    assert late.json()["details"] == {
        "now_selling": theirs.live_code,
        "offer_state": "open",
        "board_version": theirs_on["board_version"],
    }
    assert session.now_selling_id == theirs.pk
    fresh = minh.post(path, {"board_version": late.json()["details"]["board_version"]})
    assert (fresh.status_code, fresh.json()["board_version"] > seen["board_version"]) == (200, True)
    now = minh.get(f"my/sessions/{session.pk}/").json()
    assert now["now_selling"] == mine.pk
    assert now["board_version"] == fresh.json()["board_version"]


def test_an_old_sold_out_does_not_close_what_was_opened_again(minh: Api, world: World) -> None:
    offer, other = world.a.offer, OfferFactory(session=world.a.session)
    path = f"my/offers/{offer.pk}/sold-out/"
    version = minh.get(f"my/sessions/{world.a.session.pk}/").json()["board_version"]
    minh.post(f"my/offers/{other.pk}/sell-now/")  # no news about this offer
    assert minh.post(path, {"board_version": version}).status_code == 200
    reopen_offer(offer=offer)
    late = minh.post(path, {"board_version": version})

    assert (late.status_code, late.json()["code"]) == (409, "pressed_meanwhile")
    assert late.json()["details"]["offer_state"] == "open"
    assert minh.post(path, {"board_version": "x"}).json()["field"] == "board_version"
    assert minh.post(path).json()["state"] == "sold_out"  # without a version it holds


def test_an_offer_that_cannot_open_is_named(minh: Api, world: World) -> None:
    session = SessionFactory(cooperative=world.a.cooperative, coming=True)
    OfferFactory(session=session, lot=world.a.lot, lined_up=True)
    hidden = OfferFactory(session=session, lined_up=True, lot__variant__product__hidden=True)
    answer = minh.post(f"my/sessions/{session.pk}/go-live/", {"early": True}).json()

    assert [row["live_code"] for row in answer["not_opened"]] == [hidden.live_code]
    assert answer["not_opened"][0]["reason"]


def test_a_draft_is_announced_later(minh: Api, guest: Api, world: World) -> None:
    draft = schedule(minh, world, is_draft=True).json()
    unseen = guest.get(f"sessions/{draft['id']}/")
    announced = minh.post(f"my/sessions/{draft['id']}/announce/").json()

    assert (draft["state"], unseen.status_code) == ("draft", 404)
    assert announced["state"] == "scheduled"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"starts_at": "9999-12-31T23:59:59Z"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"starts_at": "2020-01-01T20:00:00+07:00"}, "starts_at"),
        ({"planned_minutes": 0}, "planned_minutes"),
        ({"shipping_fee_vnd": -1}, "shipping_fee_vnd"),
        ({"shipping_fee_vnd": 25}, "shipping_fee_vnd"),
        ({"stream_url": "javascript:alert(1)"}, "stream_url"),
        ({"stream_url": "https://" + "a" * 400}, "stream_url"),
        ({"title": ""}, "title"),
    ],
)
def test_a_session_that_makes_no_sense_names_the_field(
    minh: Api, world: World, changed: dict[str, Any], field: str
) -> None:
    answer = schedule(minh, world, **changed)

    assert (answer.status_code in {400, 422}, answer.json()["field"]) == (True, field)
    assert LivestreamSession.objects.count() == 2


def test_a_second_go_at_a_session_that_ended_is_refused(minh: Api, world: World) -> None:
    session = SessionFactory(cooperative=world.a.cooperative, ended=True)
    answer = minh.post(f"my/sessions/{session.pk}/go-live/")

    assert (answer.status_code, answer.json()["code"]) == (409, "session_is_over")


def test_parcels_are_packed_and_phones_stay_masked(mai: Api, world: World) -> None:
    path = f"my/cooperatives/{world.a.cooperative.slug}/parcels/"
    listed = mai.get(path, state="new").json()["results"]
    moved = mai.post(f"{path}{world.a.parcel.pk}/move/", {"state": "packed"})
    skipped = mai.post(f"{path}{world.a.parcel.pk}/move/", {"state": "delivered"})

    assert [row["id"] for row in listed] == [world.a.parcel.pk]
    assert listed[0]["next_states"] == ["packed"]
    assert world.a.order.buyer_phone[-6:] not in str(listed)
    assert listed[0]["lines"][0]["quantity"] == 2
    assert (moved.json()["state"], moved.json()["next_states"]) == ("packed", ["shipped"])
    assert (skipped.status_code, skipped.json()["code"]) == (409, "wrong_step")
    assert mai.get(path, q=world.a.order.code).json()["count"] == 1
    assert mai.get(path, session=world.b.session.pk).json()["count"] == 0


def test_the_host_sees_the_whole_session_and_a_guest_its_own_row(
    minh: Api, thao: Api, world: World
) -> None:
    SlotFactory(session=world.a.session, cooperative=world.b.cooperative)
    path = f"my/sessions/{world.a.session.pk}/figures/"
    whole = minh.get(path).json()["results"]

    assert [(row["cooperative"], row["unit_count"]) for row in whole] == [
        (world.a.cooperative.slug, 2),
        (None, 2),
    ]
    assert thao.get(path).json()["results"] == []


def test_a_guest_cooperative_sees_its_own_offers_only(thao: Api, world: World) -> None:
    SlotFactory(session=world.a.session, cooperative=world.b.cooperative)
    theirs = OfferFactory(session=world.a.session, cooperative=world.b.cooperative)
    path = f"my/sessions/{world.a.session.pk}/offers/"

    assert [row["id"] for row in thao.get(path).json()["results"]] == [theirs.pk]
    foreign = {"lot": world.a.lot.pk, "unit_price_vnd": 50_000, "quantity_offered": 1}
    assert thao.post(path, foreign).status_code == 404


WRITES = [
    ("POST", "my/cooperatives/{a.cooperative.slug}/products/", {"name": "Chè"}),
    ("PATCH", "my/products/{a.product.pk}/", {"name": "Chè"}),
    ("POST", "my/products/{a.product.pk}/publish/", {}),
    ("POST", "my/products/{a.product.pk}/hide/", {}),
    (
        "POST",
        "my/products/{a.product.pk}/variants/",
        {"name": "Gói", "net_weight_g": 100, "price_vnd": 50_000},
    ),
    ("PATCH", "my/variants/{a.variant.pk}/", {"price_vnd": 50_000}),
    ("POST", "my/variants/{a.variant.pk}/lots/", {"quantity": 1, "harvested_on": "2026-01-01"}),
    (
        "POST",
        "my/lots/{a.lot.pk}/steps/",
        {"step": "pack", "title": "Đóng gói", "happened_on": "2026-01-01"},
    ),
    ("POST", "my/lots/{a.lot.pk}/batches/", {"quantity": 1}),
    (
        "POST",
        "my/cooperatives/{a.cooperative.slug}/sessions/",
        {"title": "Phiên", "starts_at": "2027-01-01T20:00:00+07:00"},
    ),
    ("POST", "my/sessions/{a.session.pk}/announce/", {}),
    ("POST", "my/sessions/{a.session.pk}/go-live/", {}),
    ("POST", "my/sessions/{a.session.pk}/end/", {}),
    (
        "POST",
        "my/sessions/{a.session.pk}/offers/",
        {"lot": 1, "unit_price_vnd": 50_000, "quantity_offered": 1},
    ),
    ("PATCH", "my/offers/{a.offer.pk}/", {"unit_price_vnd": 50_000}),
    ("POST", "my/offers/{a.offer.pk}/sell-now/", {}),
    ("POST", "my/offers/{a.offer.pk}/sold-out/", {}),
    (
        "POST",
        "my/cooperatives/{a.cooperative.slug}/parcels/{a.parcel.pk}/move/",
        {"state": "packed"},
    ),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_what_is_foreign_looks_missing_and_stays_as_it_is(
    thao: Api, guest: Api, world: World, method: str, path: str, body: dict[str, Any]
) -> None:
    """Thảo asks for what is A's; the same words as for what never was."""
    foreign = thao.send(method, path.format(a=world.a), body)
    unknown = thao.send(method, path.format(a=Nothing()), body)
    unsigned = guest.send(method, path.format(a=world.a), body, key=None)

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content
    assert (unsigned.status_code, unsigned.json()["code"]) == (401, "not_authenticated")


class Nothing:
    """Formats as ids of what never was."""

    pk, slug = 987_654_321, "khong-co"

    def __getattr__(self, name: str) -> "Nothing":
        return self


def test_a_host_does_not_touch_products(minh: Api, world: World) -> None:
    assert minh.patch(f"my/products/{world.a.product.pk}/", {"name": "Khác"}).status_code == 404


def test_a_revoked_token_ends_at_once_also_for_kept_answers(mai: Api, world: World) -> None:
    path, key = f"my/products/{world.a.product.pk}/", "mot-khoa-du-dai-26"
    assert mai.patch(path, {"name": "Chè mới"}, key=key).status_code == 200
    ApiToken.objects.update(revoked_at=db_now())

    answers = [mai.get(path), mai.patch(path, {"name": "Chè mới"}, key=key)]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [
        (401, "authentication_failed")
    ] * 2
    assert answers[0]["WWW-Authenticate"] == "Bearer"


def test_a_disabled_person_and_a_made_up_token_hear_the_same(mai: Api, world: World) -> None:
    world.cast.mai.is_active = False
    world.cast.mai.save()
    disabled = mai.get("my/cooperatives/")
    made_up = Api("cp_khong-co").get("my/cooperatives/")

    assert disabled.status_code == made_up.status_code == 401
    assert disabled.content == made_up.content


def test_the_history_names_who_acted_by_token(mai: Api, world: World) -> None:
    mai.patch(f"my/products/{world.a.product.pk}/", {"name": "Chè mới"})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT context.metadata->>'user' FROM products_productevent AS event"
            " JOIN pghistory_context AS context ON context.id = event.pgh_context_id"
            " WHERE event.pgh_obj_id = %s AND event.name = 'Chè mới'",
            [world.a.product.pk],
        )
        assert cursor.fetchall() == [(str(world.cast.mai.pk),)]
