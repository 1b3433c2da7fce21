"""Listing a product: drafts that keep everything typed, and publishing what is complete."""

from html import escape

import pytest
from django.test import Client
from django.urls import reverse

from core.models import OutboxMessage
from products.models import Lot, Product, ProductPhoto, Variant
from tests.cast import Cast
from tests.core.shared_data import hostile_strings
from tests.factories.coops import CooperativeFactory, MembershipFactory
from tests.factories.products import (
    LotFactory,
    OcopRecognitionFactory,
    ProductFactory,
    ProductPhotoFactory,
    VariantFactory,
)
from tests.products.conftest import send, text_of

PACK = {"name": "Gói 200 g", "net_weight_g": "200 g", "price_vnd": "125.000"}


def edit(product: Product, step: str = "") -> str:
    return reverse("edit-product", args=[product.pk]) + (f"?step={step}" if step else "")


def typed(mai: Client, product: Product, form: str, **fields: str) -> dict[str, object]:
    """What autosave sends after a pause, and the answer it gets."""
    response = send(mai, reverse("keep-draft", args=[product.pk]), form=form, **fields)
    assert response.status_code == 200
    return response.json()


def test_one_tap_makes_a_draft_and_pressing_twice_makes_no_second(mai: Client, cast: Cast):
    url = reverse("create-product", args=[cast.coop_a.slug])
    answers = [send(mai, url, key="one-press-of-a-thumb") for _ in range(2)]
    product = Product.objects.get()
    assert product.is_draft
    assert product.cooperative == cast.coop_a
    assert {answer["Location"] for answer in answers} == {
        f"/lam-viec/san-pham/{product.pk}/?step=photos#step-photos"
    }


def test_each_step_saves_and_leads_to_the_next(mai: Client, cast: Cast):
    product = ProductFactory(draft=True, name="", story="", cooperative=cast.coop_a)
    response = send(mai, edit(product), form="name", name="  Chè  Shan ", category="tea")
    assert response["Location"].endswith("?step=story#step-story")
    response = send(mai, edit(product), form="story", story="Hái tay.\n\nSao chảo gang.")
    assert response["Location"].endswith("?step=packs#step-packs")
    response = send(mai, reverse("add-variant", args=[product.pk]), **PACK, units="1.040")
    assert response["Location"].endswith("?step=packs#step-packs")
    product.refresh_from_db()
    assert (product.name, product.category) == ("Chè Shan", "tea")
    assert product.story == "Hái tay.\n\nSao chảo gang."
    variant = product.variants.get()
    assert (variant.name, variant.net_weight_g, variant.price_vnd) == ("Gói 200 g", 200, 125_000)
    assert variant.lots.get().quantity_available == 1040


def test_a_draft_may_be_left_without_a_name(mai: Client, cast: Cast):
    product = ProductFactory(draft=True, name="Chè", cooperative=cast.coop_a)
    assert send(mai, edit(product), form="name", name="", category="tea").status_code == 302
    product.refresh_from_db()
    assert str(product) == "Sản phẩm chưa có tên"
    mine = mai.get(reverse("list-my-products", args=[cast.coop_a.slug]))
    assert "Sản phẩm chưa có tên" in text_of(mine)


def test_what_is_typed_into_a_draft_is_saved_after_a_pause(mai: Client, cast: Cast):
    product = ProductFactory(draft=True, name="", cooperative=cast.coop_a)
    answer = typed(mai, product, "name", name="Chè Shan tuy", category="tea")
    assert answer["is_valid"]
    assert not answer["is_wrong"]
    assert str(answer["say"]).startswith("Đã lưu ")
    product.refresh_from_db()
    assert (product.name, product.category, product.unfinished) == ("Chè Shan tuy", "tea", {})


def test_a_half_typed_pack_waits_as_it_was_typed_and_becomes_none_by_itself(
    mai: Client, cast: Cast
):
    product = ProductFactory(draft=True, cooperative=cast.coop_a)
    answer = typed(mai, product, "pack-new", name="Hộp", price_vnd="12x", net_weight_g="")
    assert not answer["is_valid"]
    assert answer["is_wrong"]
    assert "Giá" in str(answer["say"])
    assert "Đã nhập một quy cách nhưng chưa lưu" in text_of(mai.get(edit(product, "check")))
    assert not Variant.objects.exists()
    page = text_of(mai.get(edit(product, "packs")))
    assert 'value="Hộp"' in page
    assert f'{reverse("list-my-products", args=[cast.coop_a.slug])}" aria-current="page"' in page
    assert 'value="12x"' in page
    typed(mai, product, "pack-new", name="Hộp", price_vnd="125.000", net_weight_g="200 g")
    assert not Variant.objects.exists()  # a price is not guessed from a pause while typing
    assert send(mai, reverse("add-variant", args=[product.pk]), **PACK).status_code == 302
    product.refresh_from_db()
    assert product.unfinished == {}


def test_what_is_emptied_again_is_forgotten(mai: Client, cast: Cast):
    product = ProductFactory(draft=True, cooperative=cast.coop_a)
    typed(mai, product, "stars", number="18", stars="4")
    typed(mai, product, "stars", number="", stars="")
    product.refresh_from_db()
    assert product.unfinished == {}


def test_a_pause_while_typing_never_changes_what_buyers_see(mai: Client, cast: Cast):
    product = ProductFactory(name="Chè Shan", cooperative=cast.coop_a)
    answer = typed(mai, product, "name", name="Chè Sh", category="tea")
    assert "bấm “Lưu”" in str(answer["say"])
    product.refresh_from_db()
    assert product.name == "Chè Shan"
    assert 'value="Chè Sh"' in text_of(mai.get(edit(product, "name")))
    assert send(mai, edit(product), form="name", name="Chè Shan tuyết", category="tea")
    product.refresh_from_db()
    assert (product.name, product.unfinished) == ("Chè Shan tuyết", {})


def test_typing_back_what_was_there_leaves_nothing_unfinished(mai: Client, cast: Cast):
    product = ProductFactory(name="Chè Shan", cooperative=cast.coop_a)
    typed(mai, product, "name", name="Chè Sh", category="tea")
    answer = typed(mai, product, "name", name="Chè Shan", category="tea")
    assert str(answer["say"]).startswith("Đã lưu ")
    product.refresh_from_db()
    assert product.unfinished == {}


@pytest.mark.parametrize("form", ["", "nonsense", "pack-999999", "pack-1e3", "pack-" + "9" * 40])
def test_a_form_there_is_not_is_missing(mai: Client, cast: Cast, form: str):
    product = ProductFactory(draft=True, cooperative=cast.coop_a)
    url = reverse("keep-draft", args=[product.pk])
    assert send(mai, url, form=form).status_code == 404


def test_a_pack_of_another_co_op_is_no_form_of_this_product(mai: Client, cast: Cast):
    product = ProductFactory(draft=True, cooperative=cast.coop_a)
    foreign = VariantFactory(product__cooperative=cast.coop_b)
    url = reverse("keep-draft", args=[product.pk])
    assert send(mai, url, form=f"pack-{foreign.pk}", name="x").status_code == 404


def test_a_published_product_keeps_its_name(mai: Client, cast: Cast):
    product = ProductFactory(name="Chè Shan", cooperative=cast.coop_a)
    response = send(mai, edit(product), form="name", name=" ", category="tea")
    assert response.status_code == 422
    product.refresh_from_db()
    assert product.name == "Chè Shan"


@pytest.mark.parametrize(
    ("field", "wrong", "code"),
    [
        ("price_vnd", "một trăm", "unreadable"),
        ("price_vnd", "-5", "negative"),
        ("price_vnd", "12", "min_value"),
        ("price_vnd", "9" * 40, "too_large"),
        ("price_vnd", "", "required"),
        ("net_weight_g", "nặng", "invalid"),
        ("net_weight_g", "0", "min_value"),
        ("net_weight_g", "999 kg", "max_value"),
        ("name", "", "required"),
        ("name", "x" * 61, "max_length"),
        ("gtin", "8934567890123", "check"),
        ("gtin", "2012345678903", "restricted"),
        ("gtin", "9521234567899", "demonstration"),
        ("gtin", "12 34", "length"),
        ("units", "ba mươi", "invalid"),
        ("units", "-1", "min_value"),
        ("units", "9" * 30, "max_value"),
    ],
)
def test_a_wrong_pack_says_why_at_the_field_and_keeps_what_was_typed(
    mai: Client, cast: Cast, field: str, wrong: str, code: str
):
    product = ProductFactory(draft=True, cooperative=cast.coop_a)
    response = send(mai, reverse("add-variant", args=[product.pk]), **{**PACK, field: wrong})
    page = text_of(response)
    assert response.status_code == 422
    errors = response.context["forms"]["pack_new"].errors
    assert [(name, found[0].code) for name, found in errors.as_data().items()] == [(field, code)]
    assert f'id="pack-new_{field}_error"' in page
    for typed_words in ({**PACK, field: wrong}).values():
        assert escape(typed_words) in page
    assert not Variant.objects.exists()


def test_a_barcode_names_one_pack_on_the_whole_platform(mai: Client, cast: Cast):
    VariantFactory(gtin="08935001204312", product__cooperative=cast.coop_b)
    product = ProductFactory(draft=True, cooperative=cast.coop_a)
    url = reverse("add-variant", args=[product.pk])
    response = send(mai, url, **PACK, gtin="8935001204312")
    assert response.status_code == 422
    assert response.context["forms"]["pack_new"].errors["gtin"]
    assert product.variants.count() == 0


def test_a_pack_is_changed_retired_and_brought_back(mai: Client, cast: Cast):
    product = ProductFactory(cooperative=cast.coop_a)
    first, second = VariantFactory(product=product), VariantFactory(product=product, name="Hộp")
    LotFactory(variant=first)
    change = reverse("edit-variant", args=[first.pk])
    assert send(mai, change, **{**PACK, "price_vnd": "abc"}).status_code == 422
    assert send(mai, change, **{**PACK, "price_vnd": "135k"}).status_code == 302
    retire = reverse("retire-variant", args=[first.pk])
    assert send(mai, retire).status_code == 302
    first.refresh_from_db()
    assert (first.price_vnd, first.is_active) == (135_000, False)
    last = send(mai, reverse("retire-variant", args=[second.pk]))
    assert last.status_code == 409  # a product on sale keeps a pack
    send(mai, retire, back="1")
    first.refresh_from_db()
    assert first.is_active


def test_a_pack_nothing_hangs_on_is_deleted_with_its_draft(mai: Client, cast: Cast):
    variant = VariantFactory(product=ProductFactory(draft=True, cooperative=cast.coop_a))
    send(mai, reverse("retire-variant", args=[variant.pk]))
    assert not Variant.objects.exists()


def test_publishing_lists_what_is_missing_with_the_way_there(mai: Client, cast: Cast):
    product = ProductFactory(draft=True, name="", story="", cooperative=cast.coop_a)
    response = send(mai, reverse("publish-product", args=[product.pk]))
    page = text_of(response)
    assert response.status_code == 409
    assert [item.code for item in response.context["missing"]] == [
        "photo", "name", "story", "pack",
    ]  # fmt: skip
    for step in ("photos", "name", "story", "packs"):
        assert f'href="?step={step}#step-{step}"' in page
    product.refresh_from_db()
    assert product.is_draft


def complete(cast: Cast, **fields: object) -> Product:
    product = ProductFactory(cooperative=cast.coop_a, **fields)
    ProductPhotoFactory(product=product)
    VariantFactory(product=product)
    return product


def test_a_complete_product_goes_on_sale_hides_and_comes_back_at_the_same_address(
    mai: Client, client: Client, cast: Cast
):
    product = complete(cast, draft=True, name="Chè Shan Tuyết <i>", slug="nhap-x")
    publish = reverse("publish-product", args=[product.pk])
    assert send(mai, publish).status_code == 302
    product.refresh_from_db()
    assert product.slug == "che-shan-tuyet-i"
    first_time = product.published_at
    shop = reverse("show-product", args=[product.slug])
    assert client.get(shop).status_code == 200
    assert OutboxMessage.objects.filter(topic="products.product.published").count() == 1

    assert send(mai, publish).status_code == 409  # a second press, long after the first
    assert send(mai, reverse("hide-product", args=[product.pk])).status_code == 302
    assert client.get(shop).status_code == 404
    send(mai, edit(product), form="name", name="Chè mới", category="tea")
    send(mai, publish)
    product.refresh_from_db()
    assert client.get(shop).status_code == 200
    assert product.published_at == first_time


def test_two_products_of_one_name_get_two_addresses(mai: Client, cast: Cast):
    slugs = set()
    for _ in range(4):
        product = complete(cast, draft=True, name="Chè Shan")
        send(mai, reverse("publish-product", args=[product.pk]))
        product.refresh_from_db()
        slugs.add(product.slug)
    assert len(slugs) == 4
    assert {"che-shan", "che-shan-phinh-ho"} < slugs


def test_a_name_without_latin_letters_still_gets_an_address(mai: Client, cast: Cast):
    product = complete(cast, draft=True, name="茶")
    assert send(mai, reverse("publish-product", args=[product.pk])).status_code == 302
    product.refresh_from_db()
    assert product.slug == "san-pham"


def test_the_manager_of_a_waiting_co_op_publishes_and_buyers_wait(client: Client, cast: Cast):
    from tests.cast import client_of

    coop = CooperativeFactory(waiting=True)
    cast.coop_a = coop
    MembershipFactory(user=cast.mai, cooperative=coop)
    product = complete(cast, draft=True)
    mai = client_of(cast.mai)
    assert send(mai, reverse("publish-product", args=[product.pk])).status_code == 302
    product.refresh_from_db()
    assert product.is_published
    assert client.get(reverse("show-product", args=[product.slug])).status_code == 404
    for page in (edit(product, "check"), reverse("list-my-products", args=[coop.slug])):
        assert "Chờ duyệt hợp tác xã" in text_of(mai.get(page))
        assert "chip--done" not in text_of(mai.get(page))  # not told to be on sale yet


def test_a_draft_is_deleted_after_asking_once_more(mai: Client, cast: Cast):
    product = complete(cast, draft=True)
    url = reverse("delete-draft", args=[product.pk])
    assert mai.get(url).status_code == 200
    assert Product.objects.filter(pk=product.pk).exists()
    assert send(mai, url).status_code == 302
    assert not Product.objects.exists()


def test_what_was_on_sale_or_has_stock_or_stars_is_not_deleted(mai: Client, cast: Cast):
    on_sale = complete(cast)
    stocked = LotFactory(variant__product=complete(cast, draft=True)).product
    starred = OcopRecognitionFactory(product=complete(cast, draft=True)).product
    for product in (on_sale, stocked, starred):
        assert send(mai, reverse("delete-draft", args=[product.pk])).status_code == 409
    assert Product.objects.count() == 3
    assert Lot.objects.count() == 1
    assert ProductPhoto.objects.count() == 3


def test_the_list_shows_drafts_first_and_narrows_down(mai: Client, cast: Cast):
    url = reverse("list-my-products", args=[cast.coop_a.slug])
    assert "Thêm sản phẩm" in text_of(mai.get(url))
    ProductFactory(name="Món quen", cooperative=cast.coop_a)
    ProductFactory(name="Nháp dở", draft=True, cooperative=cast.coop_a)
    ProductFactory(name="Cất đi", hidden=True, cooperative=cast.coop_a)
    ProductFactory(name="Của người khác", cooperative=cast.coop_b)
    page = text_of(mai.get(url))
    assert page.index("Nháp dở") < page.index("Cất đi") < page.index("Món quen")
    assert "Của người khác" not in page
    assert "Cất đi" not in text_of(mai.get(url + "?state=published"))
    found = text_of(mai.get(url + "?q=nhap do"))
    assert "Nháp dở" in found
    assert "Cất đi" not in found
    assert mai.get(url + "?q=%00&state=%27;&page=x").status_code == 200


def test_no_naughty_string_breaks_a_page_or_becomes_markup(mai: Client, client: Client, cast: Cast):
    product = complete(cast)
    variant, photo = product.variants.get(), product.photos.get()
    shop = reverse("show-product", args=[product.slug])
    for words in hostile_strings()[::61]:
        answers = [
            typed_raw(mai, product, words),
            send(mai, edit(product), form="name", name=words, category=words),
            send(mai, edit(product), form="name", name=words, category="tea"),
            send(mai, edit(product), form="story", story=words, ingredients=words),
            send(mai, reverse("edit-variant", args=[variant.pk]), **{**PACK, "name": words}),
            send(mai, reverse("edit-variant", args=[variant.pk]), **dict.fromkeys(PACK, words)),
            send(mai, reverse("edit-photo", args=[photo.pk]), alt=words),
            client.get(reverse("list-products"), {"q": words, "category": words}),
            client.get(reverse("search-market"), {"q": words}),
            client.get(shop),
            mai.get(edit(product)),
        ]
        for answer in answers:
            assert answer.status_code in {200, 302, 422}, words
            if "<" in words and answer.status_code != 302 and len(words) > 8:
                assert words not in without_our_markup(answer), words


def typed_raw(mai: Client, product: Product, words: str):
    fields = {"name": words, "price_vnd": words, "net_weight_g": words, "gtin": words}
    return send(mai, reverse("keep-draft", args=[product.pk]), form="pack-new", **fields)


def without_our_markup(answer) -> str:
    """The body; a JSON answer is no markup whatever it holds."""
    return "" if answer["Content-Type"] == "application/json" else text_of(answer)


def test_the_editor_costs_the_same_for_one_pack_and_for_three(mai: Client, cast: Cast):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    product = complete(cast)
    url = reverse("list-my-products", args=[cast.coop_a.slug])
    counts = []
    for more in (0, 2):
        for _ in range(more):
            other = complete(cast)
            OcopRecognitionFactory(product=other)
        with CaptureQueriesContext(connection) as seen:
            mai.get(url)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert product.pk


def test_a_pause_overtaken_by_the_form_itself_changes_nothing(mai: Client, cast: Cast):
    """On a slow network the word of a pause may come after the form: what was sent last stands."""
    product = ProductFactory(draft=True, name="", cooperative=cast.coop_a)
    pack = {"form": "pack-new", **PACK}
    send(mai, reverse("add-variant", args=[product.pk]), key="the-pack-form-1234", **pack)
    assert typed(mai, product, form_key="the-pack-form-1234", **pack)["is_old"]
    send(mai, edit(product), key="the-name-form-1234", form="name", name="Chè", category="tea")
    late = {"form": "name", "name": "Ché", "category": "tea"}
    assert typed(mai, product, form_key="the-name-form-1234", **late)["is_old"]
    product.refresh_from_db()
    assert (product.name, product.unfinished) == ("Chè", {})
    assert "is_old" not in typed(mai, product, form_key="a-form-not-sent-yet\0", **late)
    product.refresh_from_db()
    assert product.name == "Ché"


def test_a_form_that_was_taken_is_forgotten_by_the_device_too(mai: Client, cast: Cast):
    product = ProductFactory(draft=True, cooperative=cast.coop_a)
    send(mai, reverse("add-variant", args=[product.pk]), **PACK)
    mark = f'data-draft-done="product-{product.pk}-pack-new"'
    page = mai.get(edit(product))
    assert "no-store" in page["Cache-Control"]  # the way back does not show an old form
    assert mark in text_of(page)
    assert mark not in text_of(mai.get(edit(product)))  # told once: the next pack may be typed
