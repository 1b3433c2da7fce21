"""The photos of a product, in the order the co-op wants them."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.models import Picture
from products import events
from products.errors import TooManyPhotos
from products.models import Product, ProductPhoto

MAX_PHOTOS = 8


@transaction.atomic
def add_photo(
    *, product: Product, picture: Picture, alt: str = "", position: int | None = None
) -> ProductPhoto:
    """Put a picture at `position`, or last. Raises TooManyPhotos beyond MAX_PHOTOS."""
    photos = _in_line(product)
    if len(photos) >= MAX_PHOTOS:
        raise TooManyPhotos(
            _("A product has at most %(count)s photos. Remove one first.") % {"count": MAX_PHOTOS}
        )
    place = len(photos) if position is None else min(position, len(photos))
    photo = ProductPhoto.objects.create(product=product, picture=picture, alt=alt)
    photos.insert(place, photo)
    _number(photos)
    _tell(product)
    return photo


@transaction.atomic
def describe_photo(*, photo: ProductPhoto, alt: str) -> None:
    """Set the alternative text of the picture."""
    ProductPhoto.objects.filter(pk=photo.pk).update(alt=alt)
    _tell(photo.product)


@transaction.atomic
def move_photo(*, photo: ProductPhoto, by: int) -> None:
    """Move a photo `by` places towards the end (+) or the beginning (−), as far as it goes."""
    photos = _in_line(photo.product)
    old = next((place for place, one in enumerate(photos) if one.pk == photo.pk), None)
    if old is None:
        return
    new = max(0, min(len(photos) - 1, old + by))
    photos.insert(new, photos.pop(old))
    _number(photos)
    _tell(photo.product)


@transaction.atomic
def remove_photo(*, photo: ProductPhoto) -> None:
    """Take the photo off the product; its picture stays, so that it can be put back."""
    photos = [one for one in _in_line(photo.product) if one.pk != photo.pk]
    ProductPhoto.objects.filter(pk=photo.pk).delete()
    _number(photos)
    _tell(photo.product)


def _in_line(product: Product) -> list[ProductPhoto]:
    """The photos in order; whoever moves photos of this product too waits until we are done."""
    Product.objects.select_for_update().get(pk=product.pk)
    return list(product.photos.order_by("position", "pk"))


def _number(photos: list[ProductPhoto]) -> None:
    for place, photo in enumerate(photos):
        photo.position = place
    ProductPhoto.objects.bulk_update(photos, ["position"])


def _tell(product: Product) -> None:
    if product.is_published:
        events.product_changed(product)
