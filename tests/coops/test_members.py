"""Who works in a co-op: added by phone, taken off, and never without a manager."""

import threading
import uuid
from typing import Any

import pytest
from django.db import connection

from coops.errors import LastManager, MemberAlready, NoSuchAccount, NotApprovedYet
from coops.models import Cooperative, Membership
from coops.services import members
from coops.services.members import add_member, remove_member
from tests.cast import client_of, make_cast
from tests.factories.accounts import UserFactory
from tests.factories.coops import CooperativeFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def post(client: Any, address: str, **data: Any) -> Any:
    return client.post(address, {"idempotency_key": str(uuid.uuid4()), **data})


def test_a_person_with_an_account_is_added_and_sees_the_co_op() -> None:
    cast = make_cast()
    address = f"/lam-viec/{cast.coop_a.slug}/thanh-vien/"
    answer = post(client_of(cast.mai), f"{address}them/", phone="0912 000 005", role="packer")
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert client_of(cast.lan).get("/lam-viec/")["Location"] == f"/lam-viec/{cast.coop_a.slug}/"


def test_a_number_without_account_is_explained_and_stays_typed() -> None:
    cast = make_cast()
    address = f"/lam-viec/{cast.coop_a.slug}/thanh-vien/"
    answer = post(client_of(cast.mai), f"{address}them/", phone="0987 654 321", role="packer")
    assert answer.status_code == 422
    assert "0987 654 321" in answer.content.decode()


def test_only_approved_co_ops_add_so_nobody_tries_numbers_with_an_invented_one() -> None:
    cooperative = CooperativeFactory(waiting=True)
    known = UserFactory(phone="+84987000111")
    for phone in (known.phone, "+84987000222"):
        with pytest.raises(NotApprovedYet):
            add_member(cooperative=cooperative, phone=phone, role="host")


def test_roles_are_given_once() -> None:
    cooperative, lan = CooperativeFactory(), UserFactory()
    add_member(cooperative=cooperative, phone=lan.phone, role="host")
    add_member(cooperative=cooperative, phone=lan.phone, role="packer")
    with pytest.raises(MemberAlready):
        add_member(cooperative=cooperative, phone=lan.phone, role="host")
    with pytest.raises(NoSuchAccount):
        add_member(cooperative=cooperative, phone="+84987000222", role="host")


def test_a_host_sees_the_members_masked_and_changes_nothing() -> None:
    cast = make_cast()
    client = client_of(cast.minh)
    address = f"/lam-viec/{cast.coop_a.slug}/thanh-vien/"
    page = client.get(address).content.decode()
    assert "0912 000 006" not in page
    assert "•• ••• 006" in page
    assert "them/" not in page
    assert post(client, f"{address}them/", phone="0912000005", role="manager").status_code == 404
    place = cast.coop_a.memberships.get(user=cast.mai)
    assert post(client, f"{address}{place.pk}/bo/").status_code == 404
    assert Membership.objects.filter(pk=place.pk).exists()


def test_the_manager_of_b_takes_nobody_off_a() -> None:
    cast = make_cast()
    place = cast.coop_a.memberships.get(user=cast.minh)
    client = client_of(cast.thao)
    for coop in (cast.coop_a, cast.coop_b):
        assert post(client, f"/lam-viec/{coop.slug}/thanh-vien/{place.pk}/bo/").status_code == 404
    assert Membership.objects.filter(pk=place.pk).exists()


def test_one_may_give_up_ones_own_role() -> None:
    cast = make_cast()
    place = cast.coop_a.memberships.get(user=cast.minh)
    client = client_of(cast.minh)
    answer = post(client, f"/lam-viec/{cast.coop_a.slug}/thanh-vien/{place.pk}/bo/")
    assert (answer.status_code, answer["Location"]) == (302, "/lam-viec/")
    assert client.get(f"/lam-viec/{cast.coop_a.slug}/").status_code == 404


def test_the_last_manager_cannot_leave() -> None:
    cast = make_cast()
    place = cast.coop_a.memberships.get(user=cast.mai)
    with pytest.raises(LastManager):
        remove_member(membership=place)
    MembershipFactory(cooperative=cast.coop_a)
    assert remove_member(membership=place)
    assert not remove_member(membership=place)


def remove_each_other(cooperative: Cooperative) -> int:
    """Both managers take the other off at the same moment; how many managers are left."""
    barrier = threading.Barrier(2)

    def remove(membership: Membership) -> None:
        barrier.wait()
        try:
            remove_member(membership=membership)
        except LastManager:
            pass
        finally:
            connection.close()

    places = list(cooperative.memberships.filter(role="manager"))
    threads = [threading.Thread(target=remove, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return cooperative.memberships.filter(role="manager").count()


class Dawdling(type(Membership.objects.all())):  # type: ignore[misc]
    """Leaves a moment between looking whether others are there and acting on it."""

    def exists(self) -> bool:
        found = super().exists()
        threading.Event().wait(0.2)
        return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_two_managers_cannot_remove_each_other(
    monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    """Without the lock on the co-op's row nobody would be left."""
    cooperative = CooperativeFactory()
    MembershipFactory.create_batch(2, cooperative=cooperative)
    monkeypatch.setattr(Membership.objects, "_queryset_class", Dawdling)
    if not is_locked:
        monkeypatch.setattr(members, "lock_cooperative", lambda _pk: None)
    assert remove_each_other(cooperative) == (1 if is_locked else 0)
