"""The people of our stories.

Lan buys. Minh hosts for co-op A (Lào Cai). Thảo manages co-op B (Cà Mau) and may not touch A.
Hà reviews for Lào Cai; Bình views and reviews for Cà Mau. Everyone's password is PASSWORD.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from coops.models import Cooperative
from tests.factories.accounts import PASSWORD, TOTP_KEY, TotpDeviceFactory, UserFactory
from tests.factories.coops import (
    CommuneFactory,
    CooperativeFactory,
    MembershipFactory,
    ProvinceFactory,
    StaffRoleFactory,
)

__all__ = ["PASSWORD", "TOTP_KEY", "Cast", "client_of", "make_cast", "second_factor", "totp_code"]


@dataclass
class Cast:
    coop_a: Cooperative
    coop_b: Cooperative
    lan: User
    minh: User
    thao: User
    ha: User
    binh: User
    mai: User  # manages co-op A
    extra: dict[str, Any] = field(default_factory=dict)


def make_cast() -> Cast:
    """Both co-ops and everyone; call it inside a test that may use the database."""
    coop_a = CooperativeFactory(
        name="HTX Chè Shan tuyết Phình Hồ",
        slug="htx-che-shan-tuyet-phinh-ho",
        is_women_led=True,
        commune=CommuneFactory(),
    )
    coop_b = CooperativeFactory(
        name="HTX Ba khía Đầm Dơi",
        slug="htx-ba-khia-dam-doi",
        commune=CommuneFactory(ca_mau=True),
        phone="+84918765432",
        address_line="Ấp Bà Hính",
        story="Ba khía muối theo lối của bà.",
    )
    minh = UserFactory(display_name="Minh", phone="+84912000001")
    thao = UserFactory(display_name="Thảo", phone="+84912000002")
    ha = UserFactory(display_name="Hà", phone="+84912000003")
    binh = UserFactory(display_name="Bình", phone="+84912000004")
    mai = UserFactory(display_name="Mai", phone="+84912000006")
    MembershipFactory(user=minh, cooperative=coop_a, role="host")
    MembershipFactory(user=mai, cooperative=coop_a, role="manager")
    MembershipFactory(user=thao, cooperative=coop_b, role="manager")
    lao_cai = ProvinceFactory()
    ca_mau = ProvinceFactory(code="96", name="Cà Mau")
    StaffRoleFactory(user=ha, province=lao_cai, role="reviewer")
    StaffRoleFactory(user=binh, province=ca_mau, role="reviewer")
    StaffRoleFactory(user=binh, province=ca_mau, role="viewer")
    lan = UserFactory(display_name="Lan", phone="+84912000005")
    return Cast(coop_a, coop_b, lan, minh, thao, ha, binh, mai)


def client_of(user: User, *, verified: bool | None = None) -> Client:
    """A test client signed in as `user`; staff have shown their second factor unless told not to."""
    client = Client()
    user = User.objects.get(pk=user.pk)  # as the rows are now: sessions may have been ended
    client.force_login(user, backend="accounts.backends.PhoneBackend")
    if verified is None:
        verified = user.is_staff or user.staff_roles.exists()
    if verified:
        device = second_factor(user)
        session = client.session
        session["otp_device_id"] = device.persistent_id
        session.save()
    return client


def second_factor(user: User) -> TOTPDevice:
    """The person's confirmed device, made when there is none."""
    return user.totpdevice_set.filter(confirmed=True).first() or TotpDeviceFactory(user=user)


def totp_code(device: TOTPDevice, *, steps: int = 0) -> str:
    """What the authenticator shows now, or `steps` half-minutes later."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
    totp.time = time.time() + steps * device.step
    return f"{totp.token():0{device.digits}d}"
