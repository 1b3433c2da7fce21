"""The factories make true things: pictures are on disk, tax codes would pass the form."""

from pathlib import Path

import pytest
from django.conf import settings

from core.models import PICTURE_FILES
from core.tax_codes import normalize_tax_code
from tests.cast import client_of, make_cast, second_factor, totp_code
from tests.factories.coops import CooperativePhotoFactory, tax_code

pytestmark = pytest.mark.django_db


def test_a_photo_has_all_its_files():
    picture = CooperativePhotoFactory().picture
    for size, fmt in PICTURE_FILES:
        assert (Path(settings.MEDIA_ROOT) / picture.path(size, fmt)).stat().st_size > 50


def test_tax_codes_have_a_right_check_digit_and_differ():
    codes = [tax_code(n) for n in range(50)]
    assert len(set(codes)) == 50
    assert [normalize_tax_code(code) for code in codes] == codes


def test_reviewers_of_the_cast_come_with_their_second_factor():
    cast = make_cast()
    client_of(cast.ha)
    device = second_factor(cast.ha)
    assert device.verify_token(totp_code(device))
    assert not cast.lan.totpdevice_set.exists()
