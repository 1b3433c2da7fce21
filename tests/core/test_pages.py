import pytest
from django.test import Client
from django.urls import reverse


@pytest.mark.parametrize("name", ["show-about", "show-help", "show-rules", "show-privacy"])
@pytest.mark.parametrize(("cookie", "word"), [("", "hợp tác xã"), ("lang=en", "co-op")])
@pytest.mark.django_db
def test_prose_pages_speak_both_languages(name: str, cookie: str, word: str) -> None:
    page = Client(HTTP_COOKIE=cookie).get(reverse(name))
    assert page.status_code == 200
    assert word in page.text
