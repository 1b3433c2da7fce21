"""Work on the figures. Each may run twice, at once, late and out of order."""

from celery import shared_task

from dashboards.services import rolling_up


@shared_task(name="dashboards.roll_up_changed")
def roll_up_changed() -> int:
    return rolling_up.roll_up_changed()


@shared_task(name="dashboards.check_figures")
def check_figures() -> int:
    return rolling_up.check_some()
