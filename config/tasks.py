"""Work of the demonstration that its start does not wait for."""

from celery import shared_task
from django.conf import settings

from config.demo.loading import origin, pictures

DRAW_WITHIN_S = 150  # well below the time limit of a task; what is left then is asked for again


@shared_task(name="config.draw_pictures")
def draw_pictures() -> None:
    """Draw the pictures the start left over, and ask for the codes that waited for them."""
    if settings.DEMO:
        pictures.load_pictures(within_s=DRAW_WITHIN_S)
        origin.request_codes()
