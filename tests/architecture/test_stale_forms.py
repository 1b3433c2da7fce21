"""Two people at one row: neither takes back what the other saved.

Every form of the platform either shows a row and changes it, and then is played here with two
people, or is listed with the reason why it needs no such care. A new form fails until it is either.
So it is with every PATCH.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from core.forms import FormLook
from core.row_forms import AS_SHOWN, RowForm
from orders.forms import QUANTITY
from tests.architecture.test_routes import routes
from tests.cast import client_of
from tests.html_forms import form_with
from tests.world import World, make_world
from traceability.services.steps import newest_of

pytestmark = pytest.mark.django_db

NO_ROW = {
    "BuyerForm": "begins an order",
    "OrderForm": "begins an order",
    "VerifyForm": "signs in",
    "BankAccountFields": "part of other forms",
    "BankAccountForm": "asks for one change, and is refused while another waits",
    "RenewCodesForm": "makes codes anew",
    "StandbyForm": "begins a place in the line",
    "FindOrderForm": "finds",
    "CancelReasonForm": "ends by a guarded change of state",
    "ReferenceForm": "ends a refund by a guarded change of state",
    "PhotosForm": "adds",
    "AddMemberForm": "adds",
    "ReturnForm": "carries the version seen, and is refused when it moved",
    "RecallForm": "ends by a guarded change of state",
    "SuspensionForm": "carries the version seen, and is refused when it moved",
    "FindCooperativeForm": "finds",
    "PeriodForm": "finds",
    "NewPackForm": "begins a pack",
    "HarvestForm": "begins a lot",
    "CountForm": "carries the number seen, and is refused when it moved",
    "DecisionForm": "carries the version seen, and is refused when it moved",
    "RegisterForm": "adds a day to the register",
    "FilterForm": "finds",
    "AskCodeForm": "signs in",
    "EnterCodeForm": "signs in",
    "NewAccountForm": "begins an account",
    "ChoosePasswordForm": "a password has no older value to lose",
    "SignInForm": "signs in",
    "SecondFactorForm": "signs in",
    "MoveSecondFactorForm": "a secret has no older value to lose",
    "ChangePasswordForm": "asks for the present password",
    "ApiTokenForm": "begins a token",
    "BatchForm": "begins a batch",
    "FindOriginForm": "finds",
}


@dataclass(frozen=True)
class Field:
    """What one person and the other type, and how the row's value is read."""

    name: str
    theirs: str
    mine: str
    read: Callable[[Any], Any]


@dataclass(frozen=True)
class Edit:
    form: str
    page: Callable[[World], str]
    action: Callable[[World], str]
    row: Callable[[World], Any]
    both: Field
    other: Field | None = None
    who: str = "mai"


def column(name: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row, name)


def at(route: str, *things: Callable[[World], Any], ending: str = "") -> Callable[[World], str]:
    return lambda world: reverse(route, args=[thing(world) for thing in things]) + ending


def product(world: World) -> int:
    return world.a.product.pk


EDITS = [
    Edit(
        "OfferForm",
        at("edit-offer", lambda w: w.a.offer.pk),
        at("edit-offer", lambda w: w.a.offer.pk),
        lambda w: w.a.offer,
        Field("unit_price_vnd", "99.000", "88.000", column("unit_price_vnd")),
        Field("quantity_offered", "7", "9", column("quantity_offered")),
    ),
    Edit(
        "SessionForm",
        at("edit-session", lambda w: w.a.session.pk),
        at("edit-session", lambda w: w.a.session.pk),
        lambda w: w.a.session,
        Field("stream_url", "https://a.vn/1", "https://a.vn/2", column("stream_url")),
        Field("title", "Chè mới hái", "Chè cổ thụ", column("title")),
    ),
    Edit(
        "NameForm",
        at("edit-product", product, ending="?step=name"),
        at("edit-product", product),
        lambda w: w.a.product,
        Field("name", "Chè một", "Chè hai", column("name")),
        Field("category", "rice", "herb", column("category")),
    ),
    Edit(
        "StoryForm",
        at("edit-product", product, ending="?step=story"),
        at("edit-product", product),
        lambda w: w.a.product,
        Field("story", "Chuyện một", "Chuyện hai", column("story")),
        Field("ingredients", "Búp chè", "Lá chè", column("ingredients")),
    ),
    Edit(
        "PackForm",
        at("edit-product", product, ending="?step=packs"),
        at("edit-variant", lambda w: w.a.variant.pk),
        lambda w: w.a.variant,
        Field("price_vnd", "99.000", "88.000", column("price_vnd")),
        Field("name", "Hộp một", "Hộp hai", column("name")),
    ),
    Edit(
        "AltForm",
        at("edit-product", product, ending="?step=photos"),
        at("edit-photo", lambda w: w.a.photo.pk),
        lambda w: w.a.photo,
        Field("alt", "Ảnh một", "Ảnh hai", column("alt")),
    ),
    Edit(
        "RecognitionForm",
        at("edit-recognition", lambda w: w.a.recognition.pk),
        at("edit-recognition", lambda w: w.a.recognition.pk),
        lambda w: w.a.recognition,
        Field("number", "11/QĐ-UBND", "22/QĐ-UBND", column("number")),
        Field("issuer", "UBND một", "UBND hai", column("issuer")),
    ),
    Edit(
        "CooperativeForm",
        at("edit-cooperative", lambda w: w.a.cooperative.slug),
        at("edit-cooperative", lambda w: w.a.cooperative.slug),
        lambda w: w.a.cooperative,
        Field("story", "Chuyện một", "Chuyện hai", column("story")),
        Field("address_line", "Thôn một", "Thôn hai", column("address_line")),
    ),
    Edit(
        "CaptionForm",
        at("edit-coop-photos", lambda w: w.a.cooperative.slug),
        at("caption-coop-photo", lambda w: w.a.cooperative.slug, lambda w: w.a.coop_photo.pk),
        lambda w: w.a.coop_photo,
        Field("caption", "Ảnh một", "Ảnh hai", column("caption")),
    ),
    Edit(
        "ChangeForm",
        at("change-order", lambda w: w.a.order.token),
        at("change-order", lambda w: w.a.order.token),
        lambda w: w.a.order,
        Field("note", "Gọi trước", "Để ở cổng", column("note")),
        Field("quantity", "1", "3", lambda order: order.lines.get().quantity),
    ),
    Edit(
        "StepForm",
        at("correct-step", lambda w: w.a.event.pk),
        at("correct-step", lambda w: w.a.event.pk),
        lambda w: w.a.event,
        Field("title", "Hái một", "Hái hai", lambda event: newest_of(event).title),
        Field("place", "Nương một", "Nương hai", lambda event: newest_of(event).place),
    ),
    Edit(
        "RegisterCorrectionForm",
        at("correct-register", lambda w: w.a.province_code, lambda w: w.a.register.pk),
        at("correct-register", lambda w: w.a.province_code, lambda w: w.a.register.pk),
        lambda w: w.a.register,
        Field("product_count", "611", "622", column("product_count")),
        Field("source", "Báo cáo một", "Báo cáo hai", column("source")),
        who="ha",
    ),
    Edit(
        "RenameForm",
        at("show-account"),
        at("rename-account"),
        lambda w: w.cast.mai,
        Field("display_name", "Mai Một", "Mai Hai", column("display_name")),
    ),
]


@pytest.fixture
def world() -> World:
    world = make_world()
    recognition = world.a.recognition
    type(recognition).objects.filter(pk=recognition.pk).update(state="waiting")
    return world


@dataclass
class Person:
    """Somebody at a browser with the form of one page open."""

    client: Client
    world: World
    edit: Edit

    def name_of(self, field: Field) -> str:
        return f"{QUANTITY}{self.world.a.offer.pk}" if field.name == "quantity" else field.name

    def open(self) -> dict[str, str]:
        page = self.client.get(self.edit.page(self.world))
        return self.read(page)

    def read(self, page: Any) -> dict[str, str]:
        action = self.edit.action(self.world)
        html = page.content.decode()
        name = self.name_of(self.edit.both)
        try:
            return form_with(html, name, action)
        except StopIteration:
            return form_with(html, name)

    def send(self, shown: dict[str, str], *fields: tuple[Field, str]) -> Any:
        typed = {self.name_of(field): value for field, value in fields}
        key = {"idempotency_key": str(uuid.uuid4())}
        return self.client.post(self.edit.action(self.world), {**shown, **typed, **key})

    def stands(self, field: Field) -> str:
        row = self.edit.row(self.world)
        row.refresh_from_db()
        return str(field.read(row)).replace(".", "")

    def is_there(self, field: Field, value: str) -> bool:
        return self.stands(field) == value.replace(".", "")


@pytest.fixture(params=EDITS, ids=lambda edit: edit.form)
def person(request: pytest.FixtureRequest, world: World) -> Person:
    return Person(client_of(getattr(world.cast, request.param.who)), world, request.param)


def test_what_another_saved_stays_when_something_else_is_saved(person: Person) -> None:
    edit = person.edit
    if edit.other is None:
        return
    mine, theirs = person.open(), person.open()
    assert person.send(theirs, (edit.both, edit.both.theirs)).status_code in {302, 303}
    assert person.send(mine, (edit.other, edit.other.mine)).status_code in {302, 303}
    assert person.is_there(edit.both, edit.both.theirs)
    assert person.is_there(edit.other, edit.other.mine)


def test_the_same_field_changed_by_both_is_asked_about(person: Person) -> None:
    both = person.edit.both
    mine, theirs = person.open(), person.open()
    assert person.send(theirs, (both, both.theirs)).status_code in {302, 303}
    answer = person.send(mine, (both, both.mine))
    assert answer.status_code == 422
    assert both.theirs in answer.content.decode()  # the newer value is shown
    assert person.is_there(both, both.theirs)
    again = person.read(answer)
    assert again[person.name_of(both)] == both.mine  # and nothing typed is lost
    assert person.send(again).status_code in {302, 303}
    assert person.is_there(both, both.mine)


def test_without_its_marks_a_form_takes_back_what_another_saved(world: World) -> None:
    """The control: what the hidden field is for."""
    person = Person(client_of(world.cast.mai), world, EDITS[0])
    both, other = EDITS[0].both, EDITS[0].other
    assert other is not None
    mine, theirs = person.open(), person.open()
    person.send(theirs, (both, both.theirs))
    del mine[AS_SHOWN]
    person.send(mine, (other, other.mine))
    assert not person.is_there(both, both.theirs)


def kinds_of(kind: type) -> Iterator[type]:
    for child in kind.__subclasses__():
        yield child
        yield from kinds_of(child)


def test_every_form_is_played_or_needs_no_care() -> None:
    routes(get_resolver())  # by now every form is imported
    known = {form for form in kinds_of(FormLook) if not form.__module__.startswith("tests.")}
    names = {form.__name__ for form in known} - {"RowForm"}
    played = {edit.form for edit in EDITS}
    assert names == played | set(NO_ROW)
    bare = [f.__name__ for f in known if f.__name__ in played and not issubclass(f, RowForm)]
    assert not bare


# Programs

PATCHES: dict[str, tuple[Callable[[World], Any], dict[str, Any], dict[str, Any]]] = {
    "api-change-offer": (lambda w: w.a.offer, {"unit_price_vnd": 99_000}, {"quantity_offered": 9}),
    "api-show-my-product": (lambda w: w.a.product, {"story": "Chuyện"}, {"name": "Chè hai"}),
    "api-change-variant": (lambda w: w.a.variant, {"price_vnd": 99_000}, {"name": "Hộp hai"}),
    "api-show-my-cooperative": (
        lambda w: w.a.cooperative,
        {"story": "Chuyện"},
        {"address_line": "Thôn hai"},
    ),
}


def test_every_patch_is_played() -> None:
    found = {
        entry.name
        for _where, entry in routes(get_resolver())
        if {"patch", "put"} & set(dir(getattr(entry.callback, "cls", object)))
    }
    assert found == set(PATCHES)


@pytest.mark.parametrize("route", PATCHES)
def test_a_patch_writes_what_it_gives_and_a_newer_row_can_be_asked_about(
    world: World, route: str
) -> None:
    row_of, theirs, mine = PATCHES[route]
    row, client = row_of(world), client_of(world.cast.mai)
    thing = row.slug if route == "api-show-my-cooperative" else row.pk
    address = reverse(route, args=[thing])

    def patch(body: dict[str, Any], **headers: str) -> Any:
        headers = {"Idempotency-Key": str(uuid.uuid4()), **headers}
        return client.patch(address, json.dumps(body), "application/json", headers=headers)

    seen = client.get(address)["ETag"]
    assert patch(theirs, **{"If-Match": seen}).status_code == 200
    stale = patch(mine, **{"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "changed_meanwhile")
    fresh = patch(mine)
    assert fresh.status_code == 200
    row.refresh_from_db()
    assert {name: getattr(row, name) for name in theirs | mine} == theirs | mine
    assert fresh["ETag"] == client.get(address)["ETag"] != seen
