"""Places, co-ops and the people's places in them. Place names and codes are true."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from coops.models import (
    Commune,
    Cooperative,
    CooperativePhoto,
    Membership,
    Province,
    StaffRole,
)
from tests.factories.accounts import UserFactory
from tests.factories.core import PictureFactory

TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def tax_code(n: int) -> str:
    """The n-th number of a range of tax codes with a right check digit."""
    first = 530_000_000 + n
    while True:
        digits = f"{first:09d}"
        total = sum(w * int(d) for w, d in zip(TAX_WEIGHTS, digits, strict=True))
        check = 10 - total % 11
        if check < 10:
            return f"{digits}{check}"
        first += 100_000


class ProvinceFactory(DjangoModelFactory[Province]):
    """Lào Cai, unless told otherwise."""

    class Meta:
        model = Province
        django_get_or_create = ("code",)

    code = "15"
    name = "Lào Cai"
    kind = Province.Kind.PROVINCE


class CommuneFactory(DjangoModelFactory[Commune]):
    """xã Phình Hồ, Lào Cai, unless told otherwise."""

    class Meta:
        model = Commune
        django_get_or_create = ("code",)

    code = "04609"
    name = "Phình Hồ"
    kind = Commune.Kind.COMMUNE
    province = factory.SubFactory(ProvinceFactory)

    class Params:
        ca_mau = factory.Trait(
            code="32182",
            name="Quách Phẩm",
            province=factory.SubFactory(ProvinceFactory, code="96", name="Cà Mau"),
        )
        lai_chau = factory.Trait(
            code="03390",
            name="Bình Lư",
            province=factory.SubFactory(ProvinceFactory, code="12", name="Lai Châu"),
        )


class CooperativeFactory(DjangoModelFactory[Cooperative]):
    """An approved co-op that can take bank transfers."""

    class Meta:
        model = Cooperative

    name = factory.Sequence(lambda n: f"HTX Chè Shan tuyết số {n + 1}")
    slug = factory.Sequence(lambda n: f"htx-che-shan-tuyet-so-{n + 1}")
    tax_code = factory.Sequence(tax_code)
    commune = factory.SubFactory(CommuneFactory)
    address_line = "Bản Tà Chơ"
    phone = "+84912345678"
    story = "Chè hái từ những cây cổ thụ trên núi cao."
    bank_bin = "970405"
    bank_account_number = "8800205123456"
    bank_account_name = "HTX CHE SHAN TUYET"
    state = Cooperative.State.APPROVED

    class Params:
        waiting = factory.Trait(state=Cooperative.State.WAITING)


class CooperativePhotoFactory(DjangoModelFactory[CooperativePhoto]):
    class Meta:
        model = CooperativePhoto

    cooperative = factory.SubFactory(CooperativeFactory)
    picture = factory.SubFactory(PictureFactory)
    caption = "Nương chè buổi sớm"
    position = factory.Sequence(lambda n: n % 20)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    cooperative = factory.SubFactory(CooperativeFactory)
    role = Membership.Role.MANAGER


class StaffRoleFactory(DjangoModelFactory[StaffRole]):
    """A reviewer of Lào Cai, unless told otherwise."""

    class Meta:
        model = StaffRole

    user = factory.SubFactory(UserFactory)
    province = factory.SubFactory(ProvinceFactory)
    role = StaffRole.Role.REVIEWER


def member_of(cooperative: Cooperative, role: str = "manager", **user: Any) -> Any:
    """A new person with `role` in `cooperative`."""
    return MembershipFactory(cooperative=cooperative, role=role, user=UserFactory(**user)).user
