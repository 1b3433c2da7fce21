"""Every link and button that a page shows leads somewhere: for each role, from its workspace on."""

import html
import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse

from accounts.models import User
from coops.models import Membership
from coops.services.members import remove_member
from orders.models import Parcel
from tests.cast import client_of
from tests.factories.accounts import UserFactory
from tests.factories.coops import MembershipFactory, StaffRoleFactory
from tests.factories.livestreams import OfferFactory, SessionFactory, SlotFactory
from tests.factories.orders import OrderFactory
from tests.factories.products import LotFactory, ProductFactory
from tests.world import World, make_world
from traceability.services.issuing import issue_batch

pytestmark = pytest.mark.django_db
NOT_PRESSED = {"sign-out", "set-language"}
DEAD = {403, 404, 405, 500}
WORKPLACES = ("/lam-viec/", "/tinh/", "/tai-khoan/")
MOST_OF_A_KIND = 2  # pages of one route, with different objects or states
OFTEN = ["host", "packer", "removed"]
SELDOM = ["manager", "diarist", "viewer", "reviewer", "guest co-op"]
PEOPLE = [*OFTEN, *(pytest.param(name, marks=pytest.mark.long) for name in SELDOM)]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        issue_batch(batch_id=world.a.batch.pk)
        fill(world)
        yield world
        transaction.set_rollback(True)


def fill(world: World) -> None:
    """Things in other states than those of the world, for the buttons they bring."""
    coop = world.a.cooperative
    ProductFactory(cooperative=coop, draft=True)
    LotFactory(variant__product__cooperative=coop)
    for state in ("coming", "draft", "ended", "cancelled"):
        session = SessionFactory(cooperative=coop, **{state: True})
        OfferFactory(session=session, state="closed" if state == "ended" else "lined_up")
    OfferFactory(session=world.a.session, state="lined_up", cooperative=coop)
    SlotFactory(session=world.a.session, cooperative=world.b.cooperative)
    OrderFactory(offer=world.a.offer, transfer=True)
    packed = OrderFactory(offer=world.a.offer)
    Parcel.objects.filter(order=packed).update(state="packed")


def person(world: World, name: str) -> User:
    coop, province = world.a.cooperative, world.cast.coop_a.commune.province
    match name:
        case "manager":
            return world.cast.mai
        case "guest co-op":
            return world.cast.thao
        case "reviewer":
            return world.cast.ha
        case "viewer":
            return StaffRoleFactory(user=UserFactory(), province=province, role="viewer").user
        case "removed":
            place = MembershipFactory(user=UserFactory(), cooperative=coop, role="host")
            remove_member(membership=place)
            return place.user
    return MembershipFactory(user=UserFactory(), cooperative=coop, role=name).user


def targets(page: str, here: str) -> tuple[list[str], list[tuple[str, dict[str, str]]]]:
    """Addresses of links (and forms that only read), and forms that are sent, as they stand."""
    links = [html.unescape(href) for href in re.findall(r'<a [^>]*?href="([^"#]+)', page)]
    posts = []
    for tag, inside in re.findall(r"(<form[^>]*>)(.*?)</form>", page, re.DOTALL):
        action = value_in(tag, "action") or here
        if 'method="post"' not in tag:
            links.append(action)
            continue
        hidden = re.findall(r'<input[^>]*type="hidden"[^>]*>', inside)
        sent = {value_in(one, "name"): value_in(one, "value") for one in hidden}
        others = re.findall(r'formaction="([^"]+)"', inside)
        posts += [(urljoin(here, where), sent) for where in (action, *map(html.unescape, others))]
    return [urljoin(here, one) for one in links], posts


def value_in(tag: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


class Walk:
    """Everything one person can reach by pressing what is shown."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seen: set[str] = set()
        self.pages: dict[str, int] = {}
        self.dead: list[str] = []

    def from_(self, *starts: str) -> "Walk":
        queue = [(start, "the start") for start in starts]
        while queue:
            where, came_from = queue.pop()
            links, posts = self.open(where, came_from)
            for action, sent in posts:
                self.press(action, sent, where)
            queue += [(link, where) for link in links]
        return self

    def is_new(self, method: str, address: str) -> bool:
        split = urlsplit(address)
        known = f"{method} {split.path}"
        if split.scheme or split.netloc or known in self.seen or "/media/" in split.path:
            return False
        self.seen.add(known)
        return not split.path.startswith("/static/")

    def open(self, where: str, came_from: str) -> tuple[list[str], list[tuple[str, Any]]]:
        if not self.is_new("GET", where):
            return [], []
        with transaction.atomic():
            response = self.client.get(where)
            for close in response._resource_closers:  # files it would have sent
                close()
            transaction.set_rollback(True)
        if response.status_code in DEAD:
            self.dead.append(f"{came_from} → {where}: {response.status_code}")
        if response.status_code in {301, 302, 303}:
            return [urljoin(where, response["Location"])], []
        path = urlsplit(where).path
        is_page = "text/html" in response.headers.get("Content-Type", "")
        if response.streaming or not is_page or not path.startswith(WORKPLACES):
            return [], []
        name = str(resolve(path).view_name)
        self.pages[name] = self.pages.get(name, 0) + 1
        if self.pages[name] > MOST_OF_A_KIND:
            return [], []
        return targets(response.content.decode(), where)

    def press(self, action: str, sent: dict[str, str], came_from: str) -> None:
        path = urlsplit(action).path
        if not self.is_new("POST", action) or resolve(path).view_name in NOT_PRESSED:
            return
        with transaction.atomic():
            response = self.client.post(action, {"idempotency_key": str(uuid.uuid4()), **sent})
            transaction.set_rollback(True)
        if response.status_code in DEAD:
            self.dead.append(f"{came_from} presses {action}: {response.status_code}")


@pytest.mark.parametrize("name", PEOPLE)
def test_no_link_and_no_button_is_a_dead_end(world: World, name: str) -> None:
    with transaction.atomic():
        user = person(world, name)
        walk = Walk(client_of(user)).from_("/lam-viec/?tat-ca", "/tai-khoan/", "/tinh/")
        transaction.set_rollback(True)
    assert not walk.dead, "\n".join(walk.dead)
    least = {"removed": 2, "viewer": 3, "reviewer": 5, "packer": 4, "diarist": 4}
    assert len(walk.pages) >= least.get(name, 8), walk.pages


def test_the_walk_sees_a_dead_end(world: World) -> None:
    """Control: the packer's own desk, asked for a page of the manager's."""
    with transaction.atomic():
        client = client_of(person(world, "packer"))
        where = reverse("edit-cooperative", args=[world.a.cooperative.slug])
        walk = Walk(client).from_(where)
        transaction.set_rollback(True)
    assert walk.dead


@pytest.mark.parametrize("role", [None, *Membership.Role.values])
def test_the_workspaces_404_speaks_to_members(world: World, role: str | None) -> None:
    """It names the co-op and what one may do there, and nothing of buyers."""
    with transaction.atomic():
        user = person(world, role or "removed")
        slug = world.a.cooperative.slug
        page = client_of(user).get(f"/lam-viec/{slug}/khong-co/")
        gone = client_of(user).get(f"/lam-viec/phien/{world.b.session.pk}/dieu-khien/")
        transaction.set_rollback(True)
    for answer in (page, gone):
        text = answer.content.decode()
        assert answer.status_code == 404
        assert html.escape(world.a.cooperative.name) in text
        assert "Đơn hàng của bạn" not in text
        assert ("không còn là" in text) == (role is None)
        assert (reverse("list-parcels", args=[slug]) in text) == (
            role in {"manager", "host", "packer"}
        )


def test_strangers_and_buyers_get_the_markets_404(world: World) -> None:
    for client in (Client(), client_of(world.cast.lan)):
        answer = client.get("/lam-viec/khong/co/")
        assert answer.status_code in {302, 404}
        assert world.a.cooperative.name not in answer.content.decode()
