"""A co-op registers, waits, corrects, and looks after its facts."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from coops.errors import CheckedByProvince, NotWaiting, TaxCodeTaken
from coops.forms import CooperativeForm
from coops.models import Cooperative, Membership
from coops.services.cooperatives import (
    Particulars,
    register_cooperative,
    resubmit_cooperative,
    update_cooperative,
)
from core.models import OutboxMessage
from tests.cast import client_of, make_cast
from tests.coops.forms_data import registration
from tests.factories.accounts import UserFactory
from tests.factories.coops import CommuneFactory, CooperativeFactory, MembershipFactory, tax_code

pytestmark = pytest.mark.django_db
BLNS = Path(__file__).parents[3] / "shared/data/hostile/blns/blns.json"  # ../shared/data
NEW = "/lam-viec/htx-moi/"
State = Cooperative.State


def particulars(**changes: Any) -> Particulars:
    given: dict[str, Any] = {
        "kind": "cooperative",
        "name": "HTX Miến dong Bình Lư",
        "tax_code": tax_code(900),
        "commune": CommuneFactory(lai_chau=True),
        "phone": "+84912345678",
    }
    return Particulars(**{**given, **changes})


def test_the_creator_becomes_manager_and_the_co_op_waits() -> None:
    mai = UserFactory()
    cooperative = register_cooperative(creator=mai, particulars=particulars())
    assert cooperative.state == State.WAITING
    assert cooperative.slug == "htx-mien-dong-binh-lu"
    assert not cooperative.is_women_led
    assert [(m.user, m.role) for m in cooperative.memberships.all()] == [(mai, "manager")]
    assert not Cooperative.objects.public().exists()
    message = OutboxMessage.objects.get(topic="coops.cooperative.submitted")
    assert message.payload == {"cooperative_id": cooperative.pk}


def test_a_second_co_op_of_the_same_name_gets_an_address_of_its_own() -> None:
    mai = UserFactory()
    slugs = [
        register_cooperative(creator=mai, particulars=particulars(tax_code=tax_code(900 + n))).slug
        for n in range(4)
    ]
    assert slugs == [
        "htx-mien-dong-binh-lu",
        "htx-mien-dong-binh-lu-binh-lu",
        "htx-mien-dong-binh-lu-binh-lu-2",
        "htx-mien-dong-binh-lu-binh-lu-3",
    ]


@pytest.mark.parametrize(
    ("name", "slug"),
    [("HTX mới", "htx-moi-binh-lu"), ("Phiên", "htx-phien"), ("農業合作社", "htx-moi-binh-lu")],
)
def test_no_co_op_takes_an_address_of_the_workspace(name: str, slug: str) -> None:
    cooperative = register_cooperative(creator=UserFactory(), particulars=particulars(name=name))
    assert cooperative.slug == slug


def test_a_tax_code_registers_once() -> None:
    register_cooperative(creator=UserFactory(), particulars=particulars())
    with pytest.raises(TaxCodeTaken):
        register_cooperative(creator=UserFactory(), particulars=particulars(name="HTX Khác tên"))
    assert Cooperative.objects.count() == 1


def test_a_returned_co_op_is_sent_again_once() -> None:
    cooperative = CooperativeFactory(state=State.RETURNED)
    resubmit_cooperative(cooperative=cooperative)
    assert cooperative.state == State.WAITING
    with pytest.raises(NotWaiting):
        resubmit_cooperative(cooperative=cooperative)


def test_what_the_province_checked_stays() -> None:
    cooperative = CooperativeFactory()
    given = CooperativeForm(cooperative=cooperative).initial
    given.pop("idempotency_key", None)
    with pytest.raises(CheckedByProvince):
        update_cooperative(
            cooperative=cooperative, particulars=Particulars(**{**given, "name": "HTX Tên khác"})
        )
    update_cooperative(
        cooperative=cooperative, particulars=Particulars(**{**given, "story": "Chuyện mới."})
    )
    cooperative.refresh_from_db()
    assert cooperative.story == "Chuyện mới."


# The pages


def test_a_person_registers_a_co_op_and_reads_what_happens_next() -> None:
    client = client_of(UserFactory())
    answer = client.post(NEW, registration(is_women_led="on"))
    assert (answer.status_code, answer["Location"]) == (302, "/lam-viec/htx-mien-dong-binh-lu/anh/")
    cooperative = Cooperative.objects.get()
    assert cooperative.is_women_led
    assert cooperative.commune.full_name == "xã Bình Lư, Lai Châu"
    assert client.get("/lam-viec/")["Location"] == "/lam-viec/htx-mien-dong-binh-lu/"
    page = client.get("/lam-viec/htx-mien-dong-binh-lu/").content.decode()
    assert "Lai Châu" in page
    assert "notice--wait" in page


def test_pressing_twice_registers_once() -> None:
    client = client_of(UserFactory())
    data = registration()
    places = [client.post(NEW, data)["Location"] for _ in range(2)]
    assert places[0] == places[1]
    assert Cooperative.objects.count() == 1


def test_without_the_key_the_second_press_would_be_refused_as_another_co_op() -> None:
    client = client_of(UserFactory())
    client.post(NEW, registration())
    answer = client.post(NEW, registration())
    assert answer.status_code == 409
    assert answer.context["form"].errors["tax_code"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "HTX"),
        ("name", "x" * 200),
        ("tax_code", "0312687879"),
        ("tax_code", "abc"),
        ("tax_code", ""),
        ("phone", "12345"),
        ("kind", "shop"),
        ("commune", "99999"),
        ("bank_account_number", "12"),
        ("bank_bin", "970405"),
        ("story", "x" * 4001),
    ],
)
def test_a_wrong_field_is_explained_and_everything_typed_stays(field: str, value: str) -> None:
    client = client_of(UserFactory())
    data = registration(**{field: value})
    answer = client.post(NEW, data)
    assert answer.status_code == 422
    assert not Cooperative.objects.exists()
    form = answer.context["form"]
    assert set(form.errors) & {field, "bank_account_number", "bank_account_name"}
    page = answer.content.decode()
    for name in ("name", "tax_code", "address_line", "story"):
        assert data[name][:100] in page, name
    assert f'value="{data["idempotency_key"]}"' in page


def test_the_bank_account_is_normalised() -> None:
    client = client_of(UserFactory())
    data = registration(
        bank_bin="970405",
        bank_account_number="8800 2051-2345.6",
        bank_account_name="Htx miến dong Bình Lư",
    )
    assert client.post(NEW, data).status_code == 302
    row = Cooperative.objects.get()
    assert (row.bank_account_number, row.bank_account_name) == (
        "8800205123456",
        "HTX MIEN DONG BINH LU",
    )


def test_the_commune_may_be_typed_instead_of_chosen() -> None:
    client = client_of(UserFactory())
    data = registration(commune="", commune_text="binh lu, lai chau")
    assert client.post(NEW, data).status_code == 302
    assert Cooperative.objects.get().commune_id == "03390"


def test_text_typed_over_a_choice_counts_more_than_the_choice() -> None:
    CommuneFactory()
    client = client_of(UserFactory())
    client.post(NEW, registration(commune="04609", commune_text="xã Bình Lư, Lai Châu"))
    assert Cooperative.objects.get().commune_id == "03390"


def test_a_name_borne_twice_asks_which_one() -> None:
    CommuneFactory(code="00001", name="Bình Lư")
    answer = client_of(UserFactory()).post(NEW, registration(commune="", commune_text="bình lư"))
    assert answer.status_code == 422
    assert "bình lư" in answer.content.decode()


def test_without_script_the_communes_of_a_province_come_on_request() -> None:
    CommuneFactory()
    client = client_of(UserFactory())
    data = registration(commune="", commune_province="12", commune_show="1", name="", tax_code="1")
    answer = client.post(NEW, data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert not answer.context["form"].errors
    assert '<option value="03390">xã Bình Lư</option>' in page
    assert "Phình Hồ" not in page
    assert "Bản Thống Nhất" in page

    data = {**registration(idempotency_key=data["idempotency_key"]), "commune_province": "12"}
    assert client.post(NEW, data).status_code == 302, "the key is still free"


def test_hostile_words_are_kept_as_words_or_refused_never_an_error() -> None:
    if not BLNS.exists():
        pytest.skip("../shared/data is not here")
    client = client_of(UserFactory())
    for number, words in enumerate(json.loads(BLNS.read_text())[::5]):
        data = registration(
            name=f"HTX {words}"[:120],
            story=words,
            address_line=words[:160],
            tax_code=tax_code(2000 + number),
            commune_text=words[:100],
        )
        answer = client.post(NEW, data)
        assert answer.status_code in {302, 422}, words
        data["commune_text"] = ""
        data["idempotency_key"] = str(uuid.uuid4())
        answer = client.post(NEW, data)
        assert answer.status_code in {302, 409, 422}, words
    page = client.get("/lam-viec/?tat-ca").content.decode()
    assert "<script>alert" not in page


def test_a_returned_co_op_reads_why_corrects_and_sends_again() -> None:
    cooperative = CooperativeFactory(state=State.RETURNED, review_note="Thiếu số nhà.")
    client = client_of(MembershipFactory(cooperative=cooperative).user)
    home = f"/lam-viec/{cooperative.slug}/"
    assert "Thiếu số nhà." in client.get(home).content.decode()
    data = registration(
        tax_code=cooperative.tax_code, name=cooperative.name, commune=cooperative.commune_id
    )
    answer = client.post(f"{home}ho-so/", data)
    assert (answer.status_code, answer["Location"]) == (302, home)
    cooperative.refresh_from_db()
    assert cooperative.state == State.WAITING
    assert cooperative.address_line == "Bản Thống Nhất"


def test_saving_without_sending_leaves_it_returned() -> None:
    cooperative = CooperativeFactory(state=State.RETURNED, review_note="Thiếu số nhà.")
    client = client_of(MembershipFactory(cooperative=cooperative).user)
    data = registration(tax_code=cooperative.tax_code, only_save="1")
    client.post(f"/lam-viec/{cooperative.slug}/ho-so/", data)
    cooperative.refresh_from_db()
    assert cooperative.state == State.RETURNED


def test_an_approved_co_op_changes_its_story_and_not_its_tax_code() -> None:
    cast = make_cast()
    client = client_of(cast.mai)
    data = registration(story="Chuyện mới.", tax_code=tax_code(901), name="HTX Đổi tên")
    assert client.post(f"/lam-viec/{cast.coop_a.slug}/ho-so/", data).status_code == 302
    before = cast.coop_a.tax_code
    cast.coop_a.refresh_from_db()
    assert cast.coop_a.story == "Chuyện mới."
    assert (cast.coop_a.tax_code, cast.coop_a.name) == (before, "HTX Chè Shan tuyết Phình Hồ")


@pytest.mark.parametrize("page", ["", "ho-so/", "anh/", "thanh-vien/"])
def test_the_manager_of_b_finds_nothing_of_a(page: str) -> None:
    cast = make_cast()
    address = f"/lam-viec/{cast.coop_a.slug}/{page}"
    assert client_of(cast.mai).get(address).status_code == 200
    assert client_of(cast.thao).get(address).status_code == 404
    assert client_of(cast.lan).get(address).status_code == 404
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("page", ["ho-so/", "anh/"])
def test_the_host_of_a_does_not_change_its_facts(page: str) -> None:
    cast = make_cast()
    assert client_of(cast.minh).get(f"/lam-viec/{cast.coop_a.slug}/{page}").status_code == 404


def test_the_workspace_lists_everything_a_person_can_do() -> None:
    cast = make_cast()
    MembershipFactory(user=cast.mai, cooperative=cast.coop_b, role=Membership.Role.HOST)
    page = client_of(cast.mai).get("/lam-viec/").content.decode()
    assert cast.coop_a.name in page
    assert cast.coop_b.name in page
    page = client_of(cast.ha).get("/lam-viec/").content.decode()
    assert "/tinh/15/duyet/" in page
    assert "/tinh/96/" not in page
    page = client_of(cast.lan).get("/lam-viec/").content.decode()
    assert NEW in page
