from django.urls import path

from dashboards import views

urlpatterns = [
    path("tinh/", views.list_provinces, name="list-provinces"),
    path("tinh/<slug:province_code>/", views.show_province_figures, name="show-province-figures"),
    path(
        "tinh/<slug:province_code>/so-lieu/<slug:table>/",
        views.show_province_table,
        name="show-province-table",
    ),
    path(
        "tinh/<slug:province_code>/so-lieu/<slug:table>.<slug:file_format>",
        views.export_province_table,
        name="export-province-table",
    ),
]
