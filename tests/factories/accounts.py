"""People. Everyone's password is PASSWORD; hashing it once keeps the tests quick."""

import functools

import factory
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django_otp.plugins.otp_totp.models import TOTPDevice
from factory.django import DjangoModelFactory

from accounts.models import User

PASSWORD = "nuong-che-xanh-26"
TOTP_KEY = "3132333435363738393031323334353637383930"  # of RFC 6238, appendix B


class LightHasher(Argon2PasswordHasher):
    time_cost = parallelism = 1
    memory_cost = 8  # kB


@functools.cache
def hashed_password() -> str:
    return make_password(PASSWORD)


class UserFactory(DjangoModelFactory[User]):
    """A person with an account, signed up by phone."""

    class Meta:
        model = User

    phone = factory.Sequence(lambda n: f"+849{10_000_000 + n}")
    display_name = factory.Sequence(lambda n: f"Người thứ {n + 1}")
    password = factory.LazyFunction(hashed_password)


class TotpDeviceFactory(DjangoModelFactory[TOTPDevice]):
    """A confirmed second factor whose key is known."""

    class Meta:
        model = TOTPDevice

    user = factory.SubFactory(UserFactory)
    name = "default"
    key = TOTP_KEY
    confirmed = True
