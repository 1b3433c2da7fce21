"""Every address of the platform. Each app keeps its own; public paths are Vietnamese."""

from django.conf import settings
from django.urls import include, path

from core.media import serve_media

urlpatterns = [
    # First: an order is in the greatest hurry
    path("api/", include("config.api_urls")),
    path("", include("orders.urls")),
    path("", include("core.urls")),
    path("", include("accounts.urls")),
    path("", include("coops.urls")),
    path("", include("products.urls")),
    path("", include("livestreams.urls")),
    path("", include("traceability.urls")),
    path("", include("dashboards.urls")),
    path(f"{settings.MEDIA_URL.strip('/')}/<path:path>", serve_media, name="show-media"),
]

handler400 = "core.views.bad_request"
handler403 = "core.views.forbidden"
handler404 = "coops.views.missing.not_found"
handler500 = "core.views.server_error"
