"""Every route × method × person × own or foreign object, made from the URL configuration.

What is to be expected follows from the route's access rule alone. A new route is in the matrix by
itself; one with a new kind of kwarg fails until `VALUES` says what that is in our small world.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from accounts.middleware import BEFORE_VERIFYING
from accounts.models import User
from coops.models import Cooperative
from core.access import AccessRule, Audience, rule_of
from tests.architecture.test_routes import routes
from tests.cast import client_of, second_factor
from tests.factories.coops import member_of
from tests.world import Side, World, make_world
from traceability.services.issuing import issue_batch

pytestmark = pytest.mark.django_db

WHERE = {entry: where for where, entry in routes(get_resolver())}
ROUTES = list(WHERE)
OPEN = {Audience.PUBLIC, Audience.SECRET_LINK}
A, B = "a", "b"

VALUES: dict[str, Callable[[Side], Any]] = {
    "cooperative_slug": lambda side: side.cooperative.slug,
    "product_slug": lambda side: side.product.slug,
    "product_id": lambda side: side.product.pk,
    "photo_id": lambda side: side.photo.pk,
    "variant_id": lambda side: side.variant.pk,
    "recognition_id": lambda side: side.recognition.pk,
    "register_id": lambda side: side.register.pk,
    "lot_id": lambda side: side.lot.pk,
    "session_id": lambda side: side.session.pk,
    "offer_id": lambda side: side.offer.pk,
    "slot_id": lambda side: side.slot.pk,
    "order_token": lambda side: side.order.token,
    "entry_token": lambda side: side.entry.token,
    "order_id": lambda side: side.order.pk,
    "parcel_id": lambda side: side.parcel.pk,
    "refund_id": lambda side: side.refund.pk,
    "call_back_id": lambda side: side.call_back.pk,
    "membership_id": lambda side: side.membership.pk,
    "event_id": lambda side: side.event.pk,
    "batch_id": lambda side: side.batch.pk,
    "code": lambda side: side.code.code,
    "province_code": lambda side: side.province_code,
    "path": lambda side: side.photo.picture.path(320, "webp"),
}
NO_OBJECTS = {"table": "phien", "file_format": "csv", "path": ""}
ANYONE = {"guest", "Mai, manager A", "Hà, reviewer 15", "disabled"}
MIRRORED = {"Thảo, manager B", "Bình, staff 96"}  # at home they are what Mai and Hà are
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TRY_ALL_METHODS = {"guest", "Thảo, manager B"}


@dataclass(frozen=True)
class Person:
    """Somebody at a browser; `places` and `staff` hold their roles by side."""

    name: str
    cookies: SimpleCookie = field(default_factory=SimpleCookie)
    is_signed_in: bool = True
    is_verified: bool = False
    is_half_signed_in: bool = False  # has a second factor and has not shown it
    is_platform: bool = False
    places: dict[str, str] = field(default_factory=dict)
    staff: dict[str, set[str]] = field(default_factory=dict)

    def may(self, rule: AccessRule, side: str, *, has_object: bool) -> bool:
        """Whether the rule lets this person at an object of this side."""
        sides = [side] if has_object else [A, B]
        match rule.audience:
            case Audience.PUBLIC | Audience.SECRET_LINK:
                return True
            case Audience.SIGNED_IN:
                return self.is_signed_in and (not has_object or side in self.places)
            case Audience.COOPERATIVE:
                return any(self.places.get(one) in rule.roles for one in sides)
            case Audience.PROVINCE:
                roles = {role for one in sides for role in self.staff.get(one, ())}
                return self.is_verified and bool(roles & set(rule.roles))
            case Audience.PLATFORM:
                return self.is_verified and self.is_platform
        raise AssertionError(rule)


@dataclass
class Stage:
    sides: dict[str, Side]
    people: dict[str, Person]


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    """One world for all routes; every request is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        for side in (world.a, world.b):
            issue_batch(batch_id=side.batch.pk)
        yield Stage({A: world.a, B: world.b}, people_of(world))
        transaction.set_rollback(True)


def people_of(world: World) -> dict[str, Person]:
    cast = world.cast
    world.disabled.is_active = True
    world.disabled.save()
    people = [
        Person("guest", is_signed_in=False),
        Person("Lan, a buyer", cookies_of(cast.lan)),
        Person("Minh, host A", cookies_of(cast.minh), places={A: "host"}),
        Person("Mai, manager A", cookies_of(cast.mai), places={A: "manager"}),
        Person("Thảo, manager B", cookies_of(cast.thao), places={B: "manager"}),
        Person("Hà, reviewer 15", cookies_of(cast.ha), is_verified=True, staff={A: {"reviewer"}}),
        Person(
            "Bình, staff 96",
            cookies_of(cast.binh),
            is_verified=True,
            staff={B: {"reviewer", "viewer"}},
        ),
        Person(
            "Hà without second factor",
            cookies_of(cast.ha, verified=False),
            is_half_signed_in=True,
            staff={A: {"reviewer"}},
        ),
        Person(
            "Mai's colleague without second factor",
            cookies_of(half_signed_in_manager(cast.coop_a), verified=False),
            is_half_signed_in=True,
            places={A: "manager"},
        ),
        Person("platform", cookies_of(world.platform), is_verified=True, is_platform=True),
        Person("disabled", cookies_of(world.disabled), is_signed_in=False),
    ]
    world.disabled.is_active = False
    world.disabled.save()
    return {person.name: person for person in people}


def half_signed_in_manager(cooperative: Cooperative) -> User:
    """Manages the co-op, has an authenticator; the session showed the password only."""
    colleague: User = member_of(cooperative, "manager")
    second_factor(colleague)
    return colleague


def cookies_of(user: User, *, verified: bool | None = None) -> SimpleCookie:
    return client_of(user, verified=verified).cookies


def kwargs_of(route: URLPattern) -> list[str]:
    """Names of the route's kwargs, in the order of its address."""
    return [part.split(">")[0].split(":")[-1] for part in WHERE[route].split("<")[1:]]


def value_of(name: str, side: Side, route: URLPattern) -> Any:
    if name == "photo_id" and "cooperative_slug" in kwargs_of(route):
        return side.coop_photo.pk
    if name == "file_format" and route.name == "download-labels":
        return "pdf"
    return VALUES[name](side) if name in VALUES else NO_OBJECTS[name]


def has_object(route: URLPattern) -> bool:
    return bool(set(kwargs_of(route)) - set(NO_OBJECTS))


def address_of(route: URLPattern, stage: Stage, first: str, others: str | None = None) -> str:
    """The route's address with objects of side `first`; further ones of `others` when given."""
    sides = [stage.sides[first]] + [stage.sides[others or first]] * 9
    names = kwargs_of(route)
    values = {n: value_of(n, side, route) for n, side in zip(names, sides, strict=False)}
    return reverse(str(route.name), kwargs=values)


def ask(person: Person, method: str, path: str, *, is_empty: bool = False) -> Any:
    """One request, undone afterwards. A POST carries a key of its own unless it `is_empty`."""
    client = Client(raise_request_exception=False)
    client.cookies = SimpleCookie(person.cookies.output(header="", sep=";"))
    key = str(uuid.uuid4())
    with transaction.atomic():
        if path.startswith("/api/") and method != "GET":
            headers = {} if is_empty else {"Idempotency-Key": key}
            sent = b"" if is_empty else b"{}"
            kind = "application/json"
            response = client.generic(method, path, sent, content_type=kind, headers=headers)
        elif method == "POST":
            response = client.post(path, {} if is_empty else {"idempotency_key": key})
        else:
            response = client.generic(method, path)
        for close in response._resource_closers:  # files it would have sent
            close()
        transaction.set_rollback(True)
    return response


def asks_to_sign_in(response: Any) -> bool:
    if response.status_code == 401:
        return True
    target = response.headers.get("Location", "")
    return response.status_code == 302 and target.startswith(f"{reverse('sign-in')}?next=")


def asks_for_second_factor(response: Any) -> bool:
    if response.status_code == 403:
        return response.json()["code"] == "second_factor_missing"
    target = response.headers.get("Location", "")
    return response.status_code == 302 and target.startswith(reverse("verify-second-factor"))


def complaint(
    rule: AccessRule,
    person: Person,
    method: str,
    response: Any,
    *,
    may: bool,
    route_name: str = "",
) -> str:
    """What is wrong with the answer; "" when it is as the rule says."""
    status = response.status_code
    if status >= 500:
        return f"breaks: {response.exc_info[1] if response.exc_info else status!r}"
    if rule.audience in OPEN:
        return "asks to sign in" if asks_to_sign_in(response) else ""
    if person.is_half_signed_in:
        is_wall = asks_for_second_factor(response) or route_name in BEFORE_VERIFYING
        return "" if is_wall else f"answers {status} before the second factor was shown"
    if not person.is_signed_in:
        return "" if asks_to_sign_in(response) else f"answers {status} without signing in"
    if rule.audience in {Audience.PROVINCE, Audience.PLATFORM} and not person.is_verified:
        return "" if asks_for_second_factor(response) else f"answers {status} without second factor"
    return welcome(method, response) if may else absence(response)


def is_led_back(response: Any) -> bool:
    """To the page above in the address, as everybody is who reads what only takes a form."""
    where, asked = response.headers.get("Location", ""), response.request["PATH_INFO"]
    return response.status_code == 302 and asked != where and asked.startswith(where)


def absence(response: Any) -> str:
    is_missing = response.status_code in {404, 405} or is_led_back(response)
    return "" if is_missing else f"answers {response.status_code}, should look missing"


def welcome(method: str, response: Any) -> str:
    status = response.status_code
    if asks_to_sign_in(response) or status in {401, 403}:
        return f"is turned away with {status}"
    kept = response.get("Cache-Control", "")
    if method == "GET" and status == 200 and not ("private" in kept or "no-store" in kept):
        return f"may be kept by others: {kept!r}"
    return "is told 404" if status == 404 and method == "GET" else ""


@pytest.mark.parametrize("methods", ["taken", pytest.param("every", marks=pytest.mark.long)])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: str(route.name))
def test_the_route_lets_in_whom_its_rule_names_and_nobody_else(
    stage: Stage, route: URLPattern, methods: str
) -> None:
    unknown = set(kwargs_of(route)) - set(VALUES) - set(NO_OBJECTS)
    assert not unknown, f"say in VALUES what {unknown} of {route.name} are in the world"
    rule = rule_of(route.callback)
    assert rule, "no access rule"
    wrong = []
    answers = {} if methods == "every" else first_answers(route, rule, stage)
    tried = taken(answers) or {"GET", "POST"}
    for person, method, side in requests_to_make(
        route, rule, stage, tried, is_every=methods == "every"
    ):
        response = answers.get((person.name, method, side))
        if response is None:
            response = ask(person, method, address_of(route, stage, side))
        may = person.may(rule, side, has_object=has_object(route))
        name = str(route.name)
        if found := complaint(rule, person, method, response, may=may, route_name=name):
            wrong.append(f"{person.name} · {method} · {side}: {found}")
    assert not wrong, "\n".join([f"{route.name}, for {rule.audience} {rule.roles}", *wrong])


Answers = dict[tuple[str, str, str], Any]  # by person, method and side


def first_answers(route: URLPattern, rule: AccessRule, stage: Stage) -> Answers:
    """What an admitted person is told."""
    someone = next(p for p in stage.people.values() if p.may(rule, A, has_object=has_object(route)))
    path = address_of(route, stage, A)
    return {(someone.name, method, A): ask(someone, method, path) for method in ("GET", "POST")}


def taken(answers: Answers) -> set[str]:
    """The methods that the route answers."""
    return {
        method
        for (_name, method, _side), answer in answers.items()
        if answer.status_code != 405 and not is_led_back(answer)
    }


def requests_to_make(
    route: URLPattern, rule: AccessRule, stage: Stage, methods: set[str], *, is_every: bool
) -> Iterator[tuple[Person, str, str]]:
    """Who has a place of the rule's kind tries both sides; two try every method.

    Before the second factor was shown nothing depends on the side. The longer proof asks what is
    the same by construction as well: every place at both sides, every method of every page, and
    who is shut out with each of them.
    """
    is_open = rule.audience in OPEN
    for person in stage.people.values():
        if is_open and person.name not in ANYONE:
            continue
        of_kind = person.staff if rule.audience is Audience.PROVINCE else person.places
        has_place = bool(person.places or person.staff if is_every else of_kind)
        is_told_by_side = (
            has_place
            and has_object(route)
            and not person.is_half_signed_in
            and person.name not in (MIRRORED if is_every else MIRRORED | {"Minh, host A"})
        )
        is_shut_out = person.is_half_signed_in or person.name == "disabled"
        for side in (A, B) if is_told_by_side and not is_open else (A,):
            if person.name in TRY_ALL_METHODS and (is_every or WHERE[route].startswith("api/")):
                yield from ((person, method, side) for method in METHODS)
            elif is_shut_out and not is_every:
                yield person, max(methods), side  # what changes something before what reads
            else:
                yield from ((person, method, side) for method in sorted(methods))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: str(route.name))
def test_an_empty_post_is_never_a_500(stage: Stage, route: URLPattern) -> None:
    path = address_of(route, stage, A)
    wrong = {}
    of_staff = "province_code" in kwargs_of(route)
    names = ["Hà, reviewer 15" if of_staff else "Mai, manager A"]
    if rule_of(route.callback).audience in OPEN:  # elsewhere a guest is asked to sign in
        names.append("guest")
    for name in names:
        response = ask(stage.people[name], "POST", path, is_empty=True)
        if response.status_code >= 500:
            wrong[name] = repr(response.exc_info and response.exc_info[1])
    assert not wrong


@pytest.mark.parametrize(
    "route",
    [r for r in ROUTES if "str:" in WHERE[r] or "<province_code>" in WHERE[r]],
    ids=lambda route: str(route.name),
)
@pytest.mark.parametrize("name", ["%00", "%F0%9F%8D%B5", "..%2F..", "x" * 300])
def test_a_name_that_no_row_can_have_is_missing(stage: Stage, route: URLPattern, name: str) -> None:
    path = "/" + re.sub(
        r"<slug:table>", "phien", re.sub(r"<slug:file_format>", "csv", WHERE[route])
    )
    path = re.sub(r"<(str:|slug:|int:)?\w+>", name, path)
    for person in ("guest", "Hà, reviewer 15"):
        assert ask(stage.people[person], "GET", path).status_code in {302, 401, 404, 405}


TWO_OBJECTS = [
    route
    for route in ROUTES
    if len(set(kwargs_of(route)) - set(NO_OBJECTS)) > 1
    and rule_of(route.callback).audience not in OPEN
]


@pytest.mark.parametrize("route", TWO_OBJECTS, ids=lambda route: str(route.name))
def test_an_own_address_does_not_open_a_foreign_object(stage: Stage, route: URLPattern) -> None:
    """One's own co-op, session or province in front of an object of the other side."""
    wrong = []
    for name in ("Mai, manager A", "Minh, host A", "Hà, reviewer 15"):
        for first, others in ((A, B), (B, A)):
            path = address_of(route, stage, first, others)
            for method in ("GET", "POST"):
                response = ask(stage.people[name], method, path)
                if response.status_code not in {404, 405, 302, 403}:
                    wrong.append(f"{name} · {method} · {first}/{others}: {response.status_code}")
                elif is_led_back(response):
                    continue
                elif response.status_code in {302, 403} and not asks_for_second_factor(response):
                    wrong.append(f"{name} · {method} · {first}/{others}: let through")
    assert not wrong


def test_the_matrix_sees_a_route_that_lets_anybody_in(stage: Stage) -> None:
    """Control: the same rule with an answer for all is complained about, person by person."""
    rule = AccessRule(Audience.COOPERATIVE, ("manager",))
    public_page = ask(stage.people["Thảo, manager B"], "GET", reverse("list-coops"))
    thao, guest = stage.people["Thảo, manager B"], stage.people["guest"]

    assert not thao.may(rule, A, has_object=True)
    assert complaint(rule, thao, "GET", public_page, may=False)
    assert complaint(rule, guest, "GET", public_page, may=False)
    half = stage.people["Mai's colleague without second factor"]
    assert complaint(rule, half, "GET", public_page, may=True)
    own_page = ask(thao, "GET", reverse("show-workspace") + "?tat-ca")
    assert complaint(rule, thao, "GET", public_page, may=True), "anybody may keep it"
    assert not complaint(rule, thao, "GET", own_page, may=True)
