"""Accounts of the demonstration: one password for all, a known second factor for staff."""

import time

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from accounts.services import second_factor
from config.demo import content
from coops.models import Cooperative, Membership, Province, StaffRole
from core.clock import db_now
from core.phones import normalize_phone


@transaction.atomic
def load_people() -> int:
    """Make the accounts that are missing; returns how many. Changed passwords stay changed."""
    phones = {normalize_phone(person.phone): person for person in content.people()}
    known = set(User.objects.filter(phone__in=phones).values_list("phone", flat=True))
    missing = [phone for phone in phones if phone not in known]
    if missing:
        password, now = make_password(content.PASSWORD), db_now()
        User.objects.bulk_create(
            User(
                phone=phone,
                display_name=phones[phone].display_name,
                password=password,
                phone_verified_at=now,
            )
            for phone in missing
        )
    return len(missing)


@transaction.atomic
def load_staff() -> None:
    """Give the provinces their reviewers and viewers, each with the known second factor."""
    for person in content.people():
        if not person.is_staff_of_province:
            continue
        user = user_of(person.phone)
        province = Province.objects.get(pk=person.province)
        StaffRole.objects.get_or_create(user=user, province=province, role=person.role)
        # also replaces a device that was moved to a phone: the key printed at every start is valid
        TOTPDevice.objects.update_or_create(
            user=user, name="default", defaults={"key": content.TOTP_KEY, "confirmed": True}
        )


def load_members(cooperative: Cooperative) -> None:
    """Give a co-op its manager and its host."""
    for person in content.people():
        if person.cooperative == cooperative.slug:
            user = user_of(person.phone)
            Membership.objects.get_or_create(user=user, cooperative=cooperative, role=person.role)
            # set up by a visitor, who took the key along
            second_factor.forget_second_factor(user=user)


def user_of(phone: str) -> User:
    return User.objects.get(phone=normalize_phone(phone))


def manager_of(slug: str) -> User:
    return _member(slug, "manager")


def host_of(slug: str) -> User:
    return _member(slug, "host")


def reviewer_of(province: str) -> User:
    person = next(p for p in content.people() if p.role == "reviewer" and p.province == province)
    return user_of(person.phone)


def code_now() -> str:
    """The six digits an authenticator app would show for the staff at this moment."""
    totp = TOTP(bytes.fromhex(content.TOTP_KEY))
    totp.time = time.time()
    return f"{totp.token():06d}"


def _member(slug: str, role: str) -> User:
    person = next(p for p in content.people() if p.role == role and p.cooperative == slug)
    return user_of(person.phone)
