from django.urls import path, re_path

from traceability import public_views, views, views_recalling

urlpatterns = [
    path("t/", public_views.find_origin, name="find-origin"),
    # without a slash at the end: each character makes the printed code denser
    path("t/<str:code>", public_views.show_origin, name="show-origin"),
    re_path("^[tT]/(?P<code>[^/]+)/?$", public_views.lead_to_origin, name="lead-to-origin"),
    path("lam-viec/<slug:cooperative_slug>/lo/", views.list_lots, name="list-lots"),
    path("lam-viec/<slug:cooperative_slug>/ma.json", views.list_code_work, name="list-code-work"),
    path("lam-viec/lo/<int:lot_id>/", views.show_lot, name="show-lot"),
    path("lam-viec/lo/<int:lot_id>/buoc/", views.add_step, name="add-step"),
    path("lam-viec/buoc/<int:event_id>/", views.correct_step, name="correct-step"),
    path("lam-viec/lo/<int:lot_id>/ma/", views.request_codes, name="request-codes"),
    path("lam-viec/lo/<int:lot_id>/thu-hoi/", views_recalling.recall_one, name="recall-code"),
    path(
        "lam-viec/lo/<int:lot_id>/thu-hoi/<str:code>/thoi/",
        views_recalling.lift_one,
        name="lift-recall",
    ),
    path("lam-viec/ma/<int:batch_id>/", views.show_batch, name="show-batch"),
    path(
        "lam-viec/ma/<int:batch_id>/tien-do.json",
        views.show_batch_progress,
        name="show-batch-progress",
    ),
    path("lam-viec/ma/<int:batch_id>/lai/", views.redraw_batch, name="redraw-batch"),
    path(
        "lam-viec/ma/<int:batch_id>/nhan.<slug:file_format>",
        views.download_labels,
        name="download-labels",
    ),
]
