"""A co-op registers and corrects itself by program, within what its page allows."""

from typing import Any

import pytest

from coops.models import Cooperative, Membership
from coops.services.province import return_cooperative
from tests.api.conftest import Api
from tests.cast import client_of
from tests.world import World

NEW: dict[str, Any] = {
    "kind": "group",
    "name": "Tổ hợp tác Nếp Tú Lệ",
    "tax_code": "0100109106",
    "commune": "04609",
    "phone": "0912 345 678",
    "bank_bin": "970436",
    "bank_account_number": "0123 456 789",
    "bank_account_name": "Tổ hợp tác Nếp Tú Lệ",
}


def test_whoever_registers_a_co_op_manages_it_and_its_province_decides(
    minh: Api, world: World
) -> None:
    answer = minh.post("my/cooperatives/", NEW)

    new = answer.json()
    coop = Cooperative.objects.get(slug=new["slug"])
    assert (answer.status_code, new["state"], new["commune"]["code"]) == (201, "waiting", "04609")
    assert (new["phone"], new["bank_account_number"]) == ("+84912345678", "0123456789")
    assert new["bank_account_name"] == "TO HOP TAC NEP TU LE"
    assert Membership.objects.filter(
        cooperative=coop, user=world.cast.minh, role="manager"
    ).exists()
    assert minh.get(f"my/cooperatives/{coop.slug}/").json() == new


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tax_code": "0100109107"}, "tax_code"),
        ({"name": "HTX"}, "name"),
        ({"commune": "99999"}, "commune"),
        ({"phone": "12345"}, "phone"),
        ({"bank_bin": "000000"}, "bank_bin"),
        ({"bank_account_number": "12"}, "bank_account_number"),
        ({"bank_account_name": ""}, "bank_account_name"),
    ],
)
def test_what_cannot_be_names_its_field_and_registers_nothing(
    minh: Api, world: World, change: dict[str, str], field: str
) -> None:
    before = Cooperative.objects.count()

    answer = minh.post("my/cooperatives/", {**NEW, **change})

    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert Cooperative.objects.count() == before


def test_a_tax_code_is_registered_once(minh: Api, world: World) -> None:
    taken = {**NEW, "tax_code": world.b.cooperative.tax_code}
    answer = minh.post("my/cooperatives/", taken)

    assert (answer.status_code, answer.json()["code"]) == (409, "tax_code_taken")


def test_a_returned_co_op_reads_why_corrects_it_and_is_sent_again(mai: Api, world: World) -> None:
    coop = world.a.cooperative
    Cooperative.objects.filter(pk=coop.pk).update(state="waiting")
    return_cooperative(cooperative=coop, reviewer=world.cast.ha, reason="Tên chưa đúng giấy.")
    path = f"my/cooperatives/{coop.slug}/"

    returned = mai.get(path).json()
    corrected = mai.patch(path, {"name": "HTX Chè Phình Hồ", "story": "Chè cổ thụ."}).json()
    sent = mai.post(f"{path}resubmit/").json()
    again = mai.post(f"{path}resubmit/")

    assert (returned["state"], returned["review_note"]) == ("returned", "Tên chưa đúng giấy.")
    assert (corrected["name"], corrected["story"]) == ("HTX Chè Phình Hồ", "Chè cổ thụ.")
    assert sent["state"] == "waiting"
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")


def test_what_the_province_has_checked_stays(mai: Api, world: World) -> None:
    path = f"my/cooperatives/{world.a.cooperative.slug}/"

    refused = mai.patch(path, {"name": "Tên khác hẳn"})
    story = mai.patch(path, {"story": "Hai đoạn.\n\nMột câu."})

    assert refused.json()["code"] == "checked_by_province"
    assert refused.json()["field"] == "name"
    assert story.json()["story"] == "Hai đoạn.\n\nMột câu."


@pytest.mark.parametrize(
    "change", [{"bank_account_number": "0123456789"}, {"bank_bin": ""}, {"bank_account_name": "X"}]
)
def test_no_program_changes_the_bank_account(
    mai: Api, world: World, change: dict[str, str]
) -> None:
    """It may be sent back as it was read."""
    path = f"my/cooperatives/{world.a.cooperative.slug}/"
    before = mai.get(path).json()
    same = {name: before[name] for name in before if name.startswith("bank_")}

    refused = mai.patch(path, {"story": "Chè.", **same, **change})
    by_session = Api(client=client_of(world.cast.mai)).patch(path, change)

    assert (refused.status_code, refused.json()["code"]) == (403, "bank_account_by_page")
    assert (by_session.status_code, by_session.json()["code"]) == (403, "bank_account_by_page")
    assert mai.get(path).json() == before
    assert mai.patch(path, {"story": "Chè.", **same}).status_code == 200


def test_only_its_managers_read_and_change_it(minh: Api, thao: Api, world: World) -> None:
    path = f"my/cooperatives/{world.a.cooperative.slug}/"

    for api in (minh, thao):  # Minh hosts for it, Thảo manages another
        assert api.get(path).status_code == 404
        assert api.patch(path, {"story": "x"}).status_code == 404
