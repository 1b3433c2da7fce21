"""Public pictures, served by the application where there is no nginx in front of it."""

import re

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.static import serve

from core.access import public

PUBLIC_PATH = re.compile(r"pictures/[\w-]{2}/[\w-]+\.(avif|webp|jpg)")


@public
def serve_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """A picture file; anything else below MEDIA_ROOT is not public and looks missing."""
    if not PUBLIC_PATH.fullmatch(path):
        raise Http404
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
