from django.urls import path

from core import pages, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("gioi-thieu/", pages.show_about, name="show-about"),
    path("tro-giup/", pages.show_help, name="show-help"),
    path("quy-che/", pages.show_rules, name="show-rules"),
    path("rieng-tu/", pages.show_privacy, name="show-privacy"),
    path("gui-tiep/", views.send_kept_form, name="send-kept-form"),
    path("ngon-ngu", views.set_language, name="set-language"),
]
