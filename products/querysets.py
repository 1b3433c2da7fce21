"""Which products, packs, lots and recognitions: the vocabulary of the products app."""

import datetime as dt
from typing import Any, Self

from django.db import models
from django.db.models import Case, Exists, F, Min, OuterRef, Prefetch, Q, Sum, When

from coops.models import Cooperative
from core.clock import Today
from core.models import SearchableQuerySet

PUBLISHED, VERIFIED = "published", "verified"


class ProductQuerySet(SearchableQuerySet):
    def public(self) -> Self:
        """Products that buyers may see: published, of an approved co-op."""
        return self.filter(state=PUBLISHED, cooperative__in=Cooperative.objects.public())

    def managed_by(self, user: Any) -> Self:
        return self.filter(cooperative__in=Cooperative.objects.managed_by(user))

    def of_member(self, user: Any) -> Self:
        return self.filter(cooperative__in=Cooperative.objects.of_member(user))

    def of_staff(self, user: Any) -> Self:
        return self.filter(cooperative__in=Cooperative.objects.of_staff(user))

    def matching(self, typed: str) -> Self:
        """Products that hold every word typed in their own words or in those of their co-op.

        The co-op's words are read where they are kept, so a co-op that changes its name is found
        by the new one at once.
        """
        return self.holding(typed, "search_text", "cooperative__search_text")

    def best_first(self, typed: str) -> Self:
        """As a reader expects what matches: by the words as typed, then the newest."""
        place = "cooperative__commune"
        names = ("name", "cooperative__name", f"{place}__name", f"{place}__province__name")
        return self.newest().likeliest(typed, *names)

    def of_province(self, province_code: str) -> Self:
        return self.filter(cooperative__commune__province_id=province_code)

    def in_stock(self) -> Self:
        """Products of which some pack has units that no offer holds."""
        from products.models import Lot

        lots = Lot.objects.filter(
            variant__product=OuterRef("pk"), variant__is_active=True, quantity_available__gt=0
        )
        return self.filter(Exists(lots.good()))

    def drafts_first(self) -> Self:
        """As their managers look for them: drafts, then the newest."""
        is_draft = Case(When(state="draft", then=0), default=1)
        return self.order_by(is_draft, "-pk")

    def newest(self) -> Self:
        return self.order_by(F("published_at").desc(nulls_last=True), "-pk")

    def cheapest(self) -> Self:
        lowest = Min("variants__price_vnd", filter=Q(variants__is_active=True))
        return self.alias(lowest_price_vnd=lowest).order_by(
            F("lowest_price_vnd").asc(nulls_last=True), "pk"
        )

    def for_cards(self) -> Self:
        """With what a product card shows, in a fixed number of queries."""
        from products.models import OcopRecognition, ProductPhoto, Variant

        return self.select_related("cooperative__commune__province").prefetch_related(
            Prefetch("photos", ProductPhoto.objects.select_related("picture")),
            Prefetch("variants", Variant.objects.active(), to_attr="packs"),
            Prefetch("recognitions", OcopRecognition.objects.valid(), to_attr="valid_recognitions"),
        )


class VariantQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def of_member(self, user: Any) -> Self:
        return self.filter(product__cooperative__in=Cooperative.objects.of_member(user))

    def managed_by(self, user: Any) -> Self:
        return self.filter(product__cooperative__in=Cooperative.objects.managed_by(user))

    def with_units_available(self) -> Self:
        """Adds `units_available`: units no open offer holds, over all lots that are still good."""
        good = Q(lots__best_before_on=None) | Q(lots__best_before_on__gte=Today())
        units = Sum("lots__quantity_available", filter=good, default=0)
        return self.annotate(units_available=units)


class OcopRecognitionQuerySet(models.QuerySet):
    def valid(self) -> Self:
        """Verified and in date today (local day): the only ones whose stars are shown."""
        in_date = self.filter(issued_on__lte=Today(), expires_on__gte=Today())
        return in_date.filter(state=VERIFIED).order_by("-stars", "-issued_on")

    def reviewable_by(self, user: Any) -> Self:
        return self.filter(product__cooperative__in=Cooperative.objects.reviewable_by(user))

    def managed_by(self, user: Any) -> Self:
        return self.filter(product__cooperative__in=Cooperative.objects.managed_by(user))

    def waiting(self) -> Self:
        return self.filter(state="waiting")

    def running_out(self, days: int) -> Self:
        """Valid ones whose last day comes within `days` days from today."""
        return self.valid().filter(expires_on__lte=Today() + dt.timedelta(days=days))


class LotQuerySet(models.QuerySet):
    def managed_by(self, user: Any) -> Self:
        return self.filter(variant__product__cooperative__in=Cooperative.objects.managed_by(user))

    def of_member(self, user: Any) -> Self:
        return self.filter(variant__product__cooperative__in=Cooperative.objects.of_member(user))

    def traced_by(self, user: Any) -> Self:
        return self.filter(variant__product__cooperative__in=Cooperative.objects.traced_by(user))

    def good(self) -> Self:
        """Lots whose best-before day, itself a good day, is not over."""
        return self.filter(Q(best_before_on=None) | Q(best_before_on__gte=Today()))

    def take(self, quantity: int) -> bool:
        """Take units out of what is available, in one statement; False when too few are there."""
        enough = self.filter(quantity_available__gte=quantity)
        return enough.update(quantity_available=F("quantity_available") - quantity) == 1

    def give_back(self, quantity: int) -> bool:
        """Put units back; False when that would exceed what was made."""
        room = self.filter(Q(quantity_made__gte=F("quantity_available") + quantity))
        return room.update(quantity_available=F("quantity_available") + quantity) == 1
