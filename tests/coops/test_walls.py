"""Who finds which co-op: the querysets every page and API starts from."""

import pytest

from coops.models import Cooperative
from tests.cast import make_cast

pytestmark = pytest.mark.django_db


def test_minh_hosts_for_a_and_manages_nothing():
    cast = make_cast()
    assert list(Cooperative.objects.hosted_by(cast.minh)) == [cast.coop_a]
    assert list(Cooperative.objects.managed_by(cast.minh)) == []


def test_thao_manages_b_and_does_not_find_a():
    cast = make_cast()
    assert list(Cooperative.objects.managed_by(cast.thao)) == [cast.coop_b]
    assert list(Cooperative.objects.of_member(cast.thao)) == [cast.coop_b]


def test_ha_reviews_lao_cai_and_binh_ca_mau():
    cast = make_cast()
    assert list(Cooperative.objects.reviewable_by(cast.ha)) == [cast.coop_a]
    assert list(Cooperative.objects.reviewable_by(cast.binh)) == [cast.coop_b]


def test_lan_who_only_buys_finds_nothing_to_manage_or_review():
    cast = make_cast()
    assert not Cooperative.objects.of_member(cast.lan).exists()
    assert not Cooperative.objects.reviewable_by(cast.lan).exists()


def test_a_viewer_sees_the_province_and_may_not_review():
    cast = make_cast()
    cast.binh.staff_roles.filter(role="reviewer").delete()
    assert list(Cooperative.objects.of_staff(cast.binh)) == [cast.coop_b]
    assert not Cooperative.objects.reviewable_by(cast.binh).exists()
