from django.urls import path

from core import file_views, pages, views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("gioi-thieu/", pages.show_about, name="show-about"),
    path("tro-giup/", pages.show_help, name="show-help"),
    path("quy-che/", pages.show_rules, name="show-rules"),
    path("rieng-tu/", pages.show_privacy, name="show-privacy"),
    path("tep/", file_views.list_files, name="list-files"),
    path("tep/tien-do.json", file_views.show_file_progress, name="show-file-progress"),
    path("tep/tai", file_views.download_file, name="download-file"),
    path("gui-tiep/", views.send_kept_form, name="send-kept-form"),
    path("ngon-ngu", views.set_language, name="set-language"),
]
