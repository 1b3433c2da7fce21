from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """What every page may say about this installation."""
    return {"SITE_URL": settings.SITE_URL, "DEMO": settings.DEMO}
