"""Pictures on a co-op's page."""

from typing import Literal

from django.db import transaction
from django.db.models import Max

from coops.errors import TooManyPhotos
from coops.models import Cooperative, CooperativePhoto
from core.models import Picture

MAX_PHOTOS = 12


@transaction.atomic
def add_photo(*, cooperative: Cooperative, picture: Picture, caption: str = "") -> CooperativePhoto:
    """Put a kept picture last on the page. Raises TooManyPhotos."""
    Cooperative.objects.select_for_update(no_key=True).get(pk=cooperative.pk)
    photos = CooperativePhoto.objects.filter(cooperative=cooperative)
    if photos.count() >= MAX_PHOTOS:
        raise TooManyPhotos(TooManyPhotos.message % {"most": MAX_PHOTOS})
    last = photos.aggregate(last=Max("position"))["last"]
    return CooperativePhoto.objects.create(
        cooperative=cooperative,
        picture=picture,
        caption=caption,
        position=0 if last is None else last + 1,
    )


@transaction.atomic
def move_photo(*, photo: CooperativePhoto, towards: Literal["front", "back"]) -> bool:
    """Change places with the neighbour; False when there is none. The first is the cover."""
    Cooperative.objects.select_for_update(no_key=True).get(pk=photo.cooperative_id)
    photos = list(CooperativePhoto.objects.filter(cooperative=photo.cooperative_id))
    places = [row.pk for row in photos]
    if photo.pk not in places:
        return False
    here = places.index(photo.pk)
    there = here + (-1 if towards == "front" else 1)
    if not 0 <= there < len(photos):
        return False
    photos[here], photos[there] = photos[there], photos[here]
    for position, row in enumerate(photos):
        row.position = position
    CooperativePhoto.objects.bulk_update(photos, ["position"])
    return True


def caption_photo(*, photo: CooperativePhoto, caption: str) -> None:
    CooperativePhoto.objects.filter(pk=photo.pk).update(caption=caption)


def remove_photo(*, photo: CooperativePhoto) -> bool:
    """Take a picture off the page; False when it was gone already."""
    deleted, _rows = CooperativePhoto.objects.filter(pk=photo.pk).delete()
    return deleted > 0
