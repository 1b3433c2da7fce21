"""A product from the first tap: drafts, and what was typed into them so far."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from coops.models import Cooperative
from core.codes import random_code
from core.errors import NotAllowed
from core.row_forms import AS_SHOWN
from products import events
from products.models import Product

WORDS = ("name", "category", "story", "ingredients", "storage_advice")


@transaction.atomic
def start_draft(*, cooperative: Cooperative) -> Product:
    """A product that only the co-op's managers can see. It gets its address when published."""
    slug = f"nhap-{random_code(12).lower()}"
    return Product.objects.create(cooperative=cooperative, slug=slug)


@transaction.atomic
def save_words(*, product: Product, words: Mapping[str, Any]) -> None:
    """Write name, category, story, ingredients or storage advice, whichever are given."""
    hold(product)
    changed = [name for name in WORDS if name in words and getattr(product, name) != words[name]]
    for name in changed:
        setattr(product, name, words[name])
    if changed:
        product.save(update_fields=changed)
        if product.is_published:
            events.product_changed(product)


def hold(product: Product) -> None:
    """Lock the product until the end of the transaction and reload its values."""
    product.refresh_from_db(from_queryset=Product.objects.select_for_update(no_key=True))


@transaction.atomic
def keep_typed(*, product: Product, form: str, typed: Mapping[str, str]) -> None:
    """Keep what was typed into `form` as it was typed; nothing typed forgets the form."""
    row = Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    if any(text.strip() for name, text in typed.items() if name != AS_SHOWN):
        row.unfinished[form] = dict(typed)
    else:
        row.unfinished.pop(form, None)
    product.unfinished = row.unfinished
    Product.objects.filter(pk=product.pk).update(unfinished=row.unfinished)


@transaction.atomic
def keep_marks(*, product: Product, form: str, key: str, marks: Mapping[str, str]) -> None:
    """Remember that the form rendered with `key` itself wrote the values that bear these marks."""
    row = Product.objects.select_for_update(no_key=True).get(pk=product.pk)
    known = row.autosaved.get(form, {})
    before = known.get("marks", {}) if known.get("key") == key else {}
    row.autosaved[form] = {"key": key, "marks": {**before, **marks}}
    product.autosaved = row.autosaved
    Product.objects.filter(pk=product.pk).update(autosaved=row.autosaved)


def forget_typed(*, product: Product, form: str) -> None:
    """The form was accepted: what was typed into it is in its rows now."""
    keep_typed(product=product, form=form, typed={})


@transaction.atomic
def delete_draft(*, product: Product) -> None:
    """Delete a product that was never on sale, with its photos and packs.

    Raises NotAllowed when it was published once or has stock or a star rating on record.
    """
    row = Product.objects.select_for_update().get(pk=product.pk)
    if row.published_at or not row.is_draft:
        raise NotAllowed(_("This product has been on sale. Hide it instead; its history stays."))
    if row.recognitions.exists() or row.variants.filter(lots__isnull=False).exists():
        raise NotAllowed(
            _("This product has stock or an OCOP decision on record, so it cannot be deleted.")
        )
    row.delete()
