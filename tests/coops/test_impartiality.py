"""Nobody decides on their own, and where an installation wants it, two decide."""

import uuid
from typing import Any

import pytest

from coops.errors import OwnMatter, SecondReviewerNeeded
from coops.models import Cooperative, Membership, StaffRole
from coops.services import impartiality
from coops.services.cooperatives import Particulars, update_cooperative
from coops.services.members import remove_member
from coops.services.province import approve_cooperative, return_cooperative
from products.services.recognitions import refuse_recognition, verify_recognition
from tests.cast import Cast, client_of, make_cast
from tests.coops.forms_data import registration
from tests.factories.accounts import UserFactory
from tests.factories.coops import CooperativeFactory, MembershipFactory, StaffRoleFactory
from tests.factories.products import OcopRecognitionFactory

pytestmark = pytest.mark.django_db
State = Cooperative.State


@pytest.fixture
def cast() -> Cast:
    return make_cast()


def approve(client: Any, cooperative: Cooperative) -> Any:
    path = f"/tinh/15/duyet/htx/{cooperative.slug}/duyet/"
    return client.post(path, {"idempotency_key": str(uuid.uuid4())})


def registered_by(user: Any, cast: Cast) -> Cooperative:
    client = client_of(user)
    data = registration(commune=cast.coop_a.commune_id)
    assert client.post("/lam-viec/htx-moi/", data).status_code == 302
    return Cooperative.objects.get(tax_code=data["tax_code"])


def test_a_reviewer_cannot_approve_the_co_op_they_registered(cast: Cast) -> None:
    cooperative = registered_by(cast.ha, cast)
    page = client_of(cast.ha).get(f"/tinh/15/duyet/htx/{cooperative.slug}/")
    assert str(OwnMatter.message) in page.content.decode()
    assert "/duyet/htx/" + cooperative.slug + "/duyet/" not in page.content.decode()
    approve(client_of(cast.ha), cooperative)
    cooperative.refresh_from_db()
    assert cooperative.state == State.WAITING

    other = StaffRoleFactory(province=cast.coop_a.commune.province).user
    approve(client_of(other), cooperative)
    cooperative.refresh_from_db()
    assert (cooperative.state, cooperative.reviewed_by) == (State.APPROVED, other)


def test_nor_one_they_work_in_or_left_for_the_purpose(cast: Cast) -> None:
    cooperative = CooperativeFactory(waiting=True)
    MembershipFactory(cooperative=cooperative)
    place = MembershipFactory(cooperative=cooperative, user=cast.ha, role="packer")
    with pytest.raises(OwnMatter):
        approve_cooperative(cooperative=cooperative, reviewer=cast.ha)
    remove_member(membership=Membership.objects.get(pk=place.pk))
    with pytest.raises(OwnMatter):
        approve_cooperative(cooperative=cooperative, reviewer=cast.ha)


def test_without_the_rule_they_could(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impartiality, "is_own_matter", lambda *_a: False)
    cooperative = registered_by(cast.ha, cast)
    assert approve_cooperative(cooperative=cooperative, reviewer=cast.ha).is_approved


def test_nor_stars_of_a_co_op_of_their_own(cast: Cast) -> None:
    own = OcopRecognitionFactory(product__cooperative=cast.coop_a, waiting=True)
    handed_in = OcopRecognitionFactory(waiting=True, submitted_by=cast.ha)
    MembershipFactory(cooperative=cast.coop_a, user=cast.ha, role="diarist")
    for recognition in (own, handed_in):
        with pytest.raises(OwnMatter):
            verify_recognition(recognition=recognition, by=cast.ha)
    page = client_of(cast.ha).get(f"/tinh/15/duyet/ocop/{own.pk}/").content.decode()
    assert str(OwnMatter.message) in page
    assert 'value="verify"' not in page
    refuse_recognition(recognition=own, by=cast.ha, note="Số không khớp.")


def test_two_reviewers_have_to_approve_where_the_setting_says_so(cast: Cast, settings: Any) -> None:
    settings.TWO_REVIEWERS = True
    cooperative = CooperativeFactory(waiting=True)
    second = StaffRoleFactory(province=cooperative.commune.province).user
    approve(client_of(cast.ha), cooperative)
    approve(client_of(cast.ha), cooperative)
    cooperative.refresh_from_db()
    assert (cooperative.state, cooperative.first_approved_by) == (State.WAITING, cast.ha)
    with pytest.raises(SecondReviewerNeeded):
        approve_cooperative(cooperative=cooperative, reviewer=cast.ha)

    page = client_of(second).get(f"/tinh/15/duyet/htx/{cooperative.slug}/").content.decode()
    assert "Hà" in page
    approve(client_of(second), cooperative)
    cooperative.refresh_from_db()
    assert (cooperative.state, cooperative.reviewed_by) == (State.APPROVED, second)


def test_what_changed_after_the_first_approval_needs_two_again(cast: Cast, settings: Any) -> None:
    settings.TWO_REVIEWERS = True
    cooperative = CooperativeFactory(waiting=True)
    approve_cooperative(cooperative=cooperative, reviewer=cast.ha)
    values = {name: getattr(cooperative, name) for name in Particulars.__dataclass_fields__}
    update_cooperative(
        cooperative=cooperative, particulars=Particulars(**{**values, "name": "HTX Tên khác"})
    )
    cooperative.refresh_from_db()
    assert cooperative.first_approved_by is None
    approve_cooperative(cooperative=cooperative, reviewer=cast.ha)
    return_cooperative(cooperative=cooperative, reviewer=cast.ha, reason="Thiếu giấy tờ.")
    cooperative.refresh_from_db()
    assert cooperative.first_approved_by is None


def test_two_verify_stars_where_the_setting_says_so(cast: Cast, settings: Any) -> None:
    settings.TWO_REVIEWERS = True
    recognition = OcopRecognitionFactory(product__cooperative=cast.coop_a, waiting=True)
    second = UserFactory()
    StaffRoleFactory(user=second, role=StaffRole.Role.REVIEWER)
    verify_recognition(recognition=recognition, by=cast.ha, note="Đã xem quyết định")
    assert recognition.is_waiting
    with pytest.raises(SecondReviewerNeeded):
        verify_recognition(recognition=recognition, by=cast.ha, note="Đã xem quyết định")
    verify_recognition(recognition=recognition, by=second, note="Đã xem quyết định")
    assert recognition.is_verified
