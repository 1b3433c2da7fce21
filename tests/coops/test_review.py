"""A province reviews its own co-ops, once each, and the record says who did what."""

import datetime as dt
import io
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from coops.errors import NotWaiting
from coops.history import history_of
from coops.models import Cooperative, StaffRole
from coops.services.cooperatives import resubmit_cooperative
from coops.services.province import (
    approve_cooperative,
    reinstate_cooperative,
    return_cooperative,
    suspend_cooperative,
)
from core.models import OutboxMessage
from tests.cast import Cast, client_of, make_cast
from tests.coops.forms_data import registration
from tests.factories.accounts import UserFactory
from tests.factories.coops import (
    CommuneFactory,
    CooperativeFactory,
    CooperativePhotoFactory,
    MembershipFactory,
    StaffRoleFactory,
)
from tests.html_forms import form_with

pytestmark = pytest.mark.django_db
State = Cooperative.State
REASON = "Mã số thuế chưa khớp với giấy đăng ký."


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def post(client: Any, address: str, **data: Any) -> Any:
    return client.post(address, {"idempotency_key": str(uuid.uuid4()), **data})


def waiting(**given: Any) -> Cooperative:
    return CooperativeFactory(waiting=True, **given)


def test_the_longest_waiting_come_first_and_others_provinces_not_at_all(cast: Cast) -> None:
    young, old = waiting(name="HTX Trẻ"), waiting(name="HTX Lâu")
    elsewhere = waiting(name="HTX Nơi khác", commune=CommuneFactory(ca_mau=True))
    Cooperative.objects.filter(pk=old.pk).update(
        submitted_at=young.submitted_at - dt.timedelta(days=3)
    )
    page = client_of(cast.ha).get("/tinh/15/duyet/")
    assert [coop.name for coop in page.context["page"]] == ["HTX Lâu", "HTX Trẻ"]
    assert elsewhere.name not in page.content.decode()


@pytest.mark.parametrize("page", ["duyet/", "htx/", "can-bo/"])
def test_provinces_are_walled_off_from_each_other(cast: Cast, page: str) -> None:
    assert client_of(cast.ha).get(f"/tinh/15/{page}").status_code == 200
    assert client_of(cast.ha).get(f"/tinh/96/{page}").status_code == 404
    assert client_of(cast.binh).get(f"/tinh/15/{page}").status_code == 404
    assert client_of(cast.mai, verified=True).get(f"/tinh/15/{page}").status_code == 404


def test_a_reviewer_needs_the_second_factor(cast: Cast) -> None:
    answer = client_of(cast.ha, verified=False).get("/tinh/15/duyet/")
    assert answer["Location"].startswith("/xac-minh/?next=")


def test_ha_approves_and_buyers_see_the_co_op(cast: Cast) -> None:
    cooperative = waiting()
    address = f"/tinh/15/duyet/htx/{cooperative.slug}/"
    client = client_of(cast.ha)
    assert cooperative.written_tax_code in client.get(address).content.decode()
    assert post(client, f"{address}duyet/").status_code == 302
    cooperative.refresh_from_db()
    assert (cooperative.state, cooperative.reviewed_by) == (State.APPROVED, cast.ha)
    assert Cooperative.objects.public().filter(pk=cooperative.pk).exists()
    message = OutboxMessage.objects.get(topic="coops.cooperative.reviewed")
    assert message.payload == {"cooperative_id": cooperative.pk, "state": "approved"}


def test_returning_needs_a_reason_that_the_co_op_reads(cast: Cast) -> None:
    cooperative = waiting()
    manager = MembershipFactory(cooperative=cooperative).user
    address = f"/tinh/15/duyet/htx/{cooperative.slug}/tra-lai/"
    client = client_of(cast.ha)
    for reason in ("", "   ", "sai"):
        assert post(client, address, reason=reason).status_code == 422
    cooperative.refresh_from_db()
    assert cooperative.state == State.WAITING
    assert post(client, address, reason=REASON).status_code == 302
    cooperative.refresh_from_db()
    assert (cooperative.state, cooperative.review_note) == (State.RETURNED, REASON)
    assert REASON in client_of(manager).get(f"/lam-viec/{cooperative.slug}/").content.decode()


def test_deciding_after_a_colleague_says_who_decided(cast: Cast) -> None:
    cooperative = waiting()
    colleague = StaffRoleFactory(user__display_name="Chị Sua").user
    approve_cooperative(cooperative=cooperative, reviewer=colleague)
    address = f"/tinh/15/duyet/htx/{cooperative.slug}/"
    client = client_of(cast.ha)
    answer = client.post(
        f"{address}tra-lai/", {"reason": REASON, "idempotency_key": str(uuid.uuid4())}, follow=True
    )
    assert "Chị Sua" in str(next(iter(answer.context["messages"])))
    cooperative.refresh_from_db()
    assert (cooperative.state, cooperative.reviewed_by) == (State.APPROVED, colleague)


def test_binh_decides_nothing_in_lao_cai(cast: Cast) -> None:
    cooperative = waiting()
    client = client_of(cast.binh)
    for province in ("15", "96"):
        for act, data in (("", {}), ("duyet/", {}), ("tra-lai/", {"reason": REASON})):
            address = f"/tinh/{province}/duyet/htx/{cooperative.slug}/{act}"
            answer = post(client, address, **data) if act else client.get(address)
            assert answer.status_code == 404
    cooperative.refresh_from_db()
    assert cooperative.state == State.WAITING


def test_a_viewer_reads_and_does_not_decide() -> None:
    viewer = StaffRoleFactory(role=StaffRole.Role.VIEWER).user
    cooperative = waiting()
    client = client_of(viewer)
    address = f"/tinh/15/duyet/htx/{cooperative.slug}/"
    page = client.get(address)
    assert page.status_code == 200
    assert "/tra-lai/" not in page.content.decode()
    assert post(client, f"{address}duyet/").status_code == 404
    assert client.get("/tinh/15/duyet/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_decide_once() -> None:
    cooperative = waiting()
    reviewers = [UserFactory(), UserFactory()]
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def decide(number: int) -> None:
        row = Cooperative.objects.get(pk=cooperative.pk)
        barrier.wait()
        try:
            if number:
                approve_cooperative(cooperative=row, reviewer=reviewers[0])
            else:
                return_cooperative(cooperative=row, reviewer=reviewers[1], reason=REASON)
            outcomes.append(row.state)
        except NotWaiting as refusal:
            outcomes.append(f"after {refusal.details['state']}")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cooperative.refresh_from_db()
    assert sorted(outcomes) == sorted([cooperative.state, f"after {cooperative.state}"])
    assert OutboxMessage.objects.filter(topic="coops.cooperative.reviewed").count() == 1


def test_the_history_tells_who_did_what_and_why(cast: Cast) -> None:
    mai = UserFactory(display_name="Chị Mai")
    manager = client_of(mai)
    manager.post("/lam-viec/htx-moi/", registration(commune=cast.coop_a.commune_id))
    cooperative = Cooperative.objects.get(tax_code=registration()["tax_code"])
    review = f"/tinh/15/duyet/htx/{cooperative.slug}/"
    post(client_of(cast.ha), f"{review}tra-lai/", reason=REASON)
    data = registration(commune=cooperative.commune_id, story="Chuyện dài hơn.")
    manager.post(f"/lam-viec/{cooperative.slug}/ho-so/", data)
    post(client_of(cast.ha), f"{review}duyet/")

    changes = history_of(cooperative)
    assert [(change.who, change.tone) for change in changes] == [
        ("Hà", "done"),
        ("Chị Mai", "wait"),
        ("Chị Mai", "quiet"),
        ("Hà", "warn"),
        ("Chị Mai", "info"),
    ]
    assert changes[3].note == REASON
    assert len(changes[2].fields) == 1
    page = client_of(cast.ha).get(review).content.decode()
    assert "Chị Mai" in page
    assert REASON in page


def test_staff_of_the_province_are_listed(cast: Cast) -> None:
    page = client_of(cast.ha).get("/tinh/15/can-bo/").content.decode()
    assert "Hà" in page
    assert "Bình" not in page


def test_staff_are_granted_and_revoked_by_command_and_signed_out(cast: Cast) -> None:
    client = client_of(cast.lan)
    call_command("grant_staff", "0912000005", "15", "viewer", stdout=io.StringIO())
    assert cast.lan.staff_roles.get().role == "viewer"
    assert client.get("/tai-khoan/").status_code == 302, "the role came after this session began"

    client = client_of(cast.lan)
    assert client.get("/tinh/15/htx/").status_code == 200
    call_command("grant_staff", "0912000005", "15", "viewer", "--revoke", stdout=io.StringIO())
    assert not cast.lan.staff_roles.exists()
    assert client.get("/tinh/15/htx/").status_code == 302


@pytest.mark.parametrize(
    ("phone", "province"), [("0987654321", "15"), ("0912000005", "00"), ("x", "15")]
)
def test_the_command_explains_what_is_missing(cast: Cast, phone: str, province: str) -> None:
    with pytest.raises(CommandError):
        call_command("grant_staff", phone, province, "viewer")


@pytest.mark.parametrize("code", ["1", "999", "15 ", "'", "x" * 300])
def test_an_odd_province_is_missing(cast: Cast, code: str) -> None:
    assert client_of(cast.ha).get(f"/tinh/{code}/duyet/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_the_database_a_fixed_number_of_times(
    cast: Cast, count: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(count):
        waiting()
    client = client_of(cast.ha)
    client.get("/tinh/15/duyet/")
    with django_assert_max_num_queries(14):
        client.get("/tinh/15/duyet/")


def test_a_co_op_is_suspended_at_once_and_let_back(cast: Cast) -> None:
    cooperative = cast.coop_a
    address = f"/tinh/15/duyet/htx/{cooperative.slug}/"
    client = client_of(cast.ha)
    assert "Tạm ngừng hợp tác xã" in client.get(address).content.decode()
    assert post(client, f"{address}tam-ngung/", reason="").status_code == 422

    assert post(client, f"{address}tam-ngung/", reason=REASON).status_code == 302

    cooperative.refresh_from_db()
    assert (cooperative.state, cooperative.reviewed_by) == (State.SUSPENDED, cast.ha)
    assert not Cooperative.objects.public().filter(pk=cooperative.pk).exists()
    assert client_of(cast.mai).get(f"/htx/{cooperative.slug}/").status_code == 404
    desk = client_of(cast.mai).get(f"/lam-viec/{cooperative.slug}/").content.decode()
    assert REASON in desk
    assert history_of(cooperative)[0].note == REASON

    assert "Cho bán trở lại" in client.get(address).content.decode()
    assert post(client, f"{address}mo-lai/", reason="Đã bổ sung giấy tờ.").status_code == 302
    cooperative.refresh_from_db()
    assert cooperative.state == State.APPROVED
    assert "cho hợp tác xã bán trở lại" in history_of(cooperative)[0].what


def test_two_reviewers_who_suspend_at_once_suspend_once(cast: Cast) -> None:
    suspend_cooperative(cooperative=cast.coop_a, reviewer=cast.ha, reason=REASON)

    with pytest.raises(NotWaiting):
        suspend_cooperative(cooperative=cast.coop_a, reviewer=cast.ha, reason=REASON)


def test_a_co_op_of_another_province_is_not_suspended(cast: Cast) -> None:
    address = f"/tinh/15/duyet/htx/{cast.coop_a.slug}/tam-ngung/"

    assert post(client_of(cast.binh), address, reason=REASON).status_code == 404
    cast.coop_a.refresh_from_db()
    assert cast.coop_a.state == State.APPROVED


# What was shown is what is decided about


def shown_form(client: Any, cooperative: Cooperative, act: str) -> tuple[str, dict[str, str]]:
    """The address and the fields of a form of the review page, as a browser sends them."""
    page = client.get(f"/tinh/15/duyet/htx/{cooperative.slug}/").content.decode()
    address = f"/tinh/15/duyet/htx/{cooperative.slug}/{act}/"
    return address, form_with(page, "idempotency_key", address)


def edit_story(cooperative: Cooperative) -> None:
    Cooperative.objects.filter(pk=cooperative.pk).update(story="Chuyện khác hẳn.")


def change_account(cooperative: Cooperative) -> None:
    Cooperative.objects.filter(pk=cooperative.pk).update(bank_account_number="9990001112")


def add_picture(cooperative: Cooperative) -> None:
    CooperativePhotoFactory(cooperative=cooperative)


def send_again(cooperative: Cooperative) -> None:
    """Returned by a colleague, and sent once more, while the page was open."""
    colleague = StaffRoleFactory().user
    return_cooperative(cooperative=cooperative, reviewer=colleague, reason=REASON)
    resubmit_cooperative(cooperative=cooperative)


CHANGES = [edit_story, change_account, add_picture, send_again]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("act", ["duyet", "tra-lai"])
def test_what_changed_after_the_page_was_shown_is_not_decided(
    cast: Cast, change: Callable[[Cooperative], None], act: str
) -> None:
    cooperative, client = waiting(), client_of(cast.ha)
    address, fields = shown_form(client, cooperative, act)
    change(cooperative)
    answer = client.post(address, {**fields, "reason": REASON})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "chưa có gì được quyết định" in page
    if change is edit_story:
        assert "Chuyện khác hẳn." in page
    if act == "tra-lai":
        assert form_with(page, "reason", address)["reason"] == REASON
    cooperative.refresh_from_db()
    assert cooperative.state == State.WAITING
    again = {**form_with(page, "idempotency_key", address), "reason": REASON}
    assert client.post(address, again).status_code == 302
    cooperative.refresh_from_db()
    assert cooperative.reviewed_by == cast.ha


@pytest.mark.parametrize(("act", "state"), [("tam-ngung", "suspended"), ("mo-lai", "approved")])
def test_a_suspension_asks_about_a_newer_decision_not_about_a_newer_story(
    cast: Cast, act: str, state: str
) -> None:
    cooperative, client = CooperativeFactory(), client_of(cast.ha)
    colleague = StaffRoleFactory().user
    given: dict[str, Any] = {"cooperative": cooperative, "reviewer": colleague, "reason": REASON}
    if act == "mo-lai":
        suspend_cooperative(**given)
    address, fields = shown_form(client, cooperative, act)
    there, back = suspend_cooperative, reinstate_cooperative
    first, second = (there, back) if act == "tam-ngung" else (back, there)
    first(**given)
    second(**given)
    assert client.post(address, {**fields, "reason": REASON}).status_code == 409
    address, fields = shown_form(client, cooperative, act)
    edit_story(cooperative)
    assert client.post(address, {**fields, "reason": REASON}).status_code == 302
    cooperative.refresh_from_db()
    assert cooperative.state == state


def test_the_second_of_two_reviewers_sees_that_the_first_has_approved(
    cast: Cast, settings: Any
) -> None:
    settings.TWO_REVIEWERS = True
    cooperative, client = waiting(), client_of(cast.ha)
    address, fields = shown_form(client, cooperative, "duyet")
    colleague = StaffRoleFactory(user__display_name="Chị Sua").user
    approve_cooperative(cooperative=cooperative, reviewer=colleague)
    answer = client.post(address, fields)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Chị Sua" in page
    again = form_with(page, "idempotency_key", address)
    assert client.post(address, again).status_code == 302
    cooperative.refresh_from_db()
    assert cooperative.state == State.APPROVED
