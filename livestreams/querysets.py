"""Which sessions and offers: the vocabulary of the livestreams app."""

import datetime as dt
from functools import reduce
from operator import or_
from typing import Any, Self

from django.db import models
from django.db.models import (
    Case,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Value,
    When,
)

from coops.models import Cooperative
from core.clock import Instant
from core.models import SearchableQuerySet
from core.search_terms import terms_of

DRAFT, SCHEDULED, LIVE, ENDED, CANCELLED = "draft", "scheduled", "live", "ended", "cancelled"
LINED_UP, OPEN, SOLD_OUT, CLOSED = "lined_up", "open", "sold_out", "closed"


LEFT_ON_AIR_AFTER = dt.timedelta(hours=6)


def ends_by_itself_at() -> ExpressionWrapper:
    """The planned end, from when the session went on air, and six hours more."""
    minutes = Value(dt.timedelta(minutes=1), output_field=DurationField())
    planned = ExpressionWrapper(F("planned_minutes") * minutes, output_field=DurationField())
    more = Value(LEFT_ON_AIR_AFTER, output_field=DurationField())
    return ExpressionWrapper(F("went_live_at") + planned + more, output_field=DateTimeField())


class LivestreamSessionQuerySet(SearchableQuerySet):
    def public(self) -> Self:
        """Sessions that buyers may see: announced, of an approved co-op."""
        return self.filter(
            state__in=(SCHEDULED, LIVE, ENDED), cooperative__in=Cooperative.objects.public()
        )

    def addressable(self) -> Self:
        """Sessions whose page answers: those that were called off say so."""
        return self.filter(
            state__in=(SCHEDULED, LIVE, ENDED, CANCELLED),
            cooperative__in=Cooperative.objects.public(),
        )

    def live(self) -> Self:
        return self.filter(state=LIVE).order_by("-went_live_at")

    def left_on_air(self) -> Self:
        """Sessions that end by themselves now: on air, and their planned end long over."""
        return self.filter(state=LIVE).alias(ends=ends_by_itself_at()).filter(ends__lte=Instant())

    def coming(self) -> Self:
        return self.filter(state=SCHEDULED).order_by("starts_at")

    def past(self) -> Self:
        return self.filter(state=ENDED).order_by("-ended_at")

    def matching(self, typed: str) -> Self:
        """Sessions that hold every word typed, in their own words or in those of a co-op in them.

        A co-op's words are read where they are kept: it may have joined, or changed its name, since.
        """
        from livestreams.models import Slot

        places = Slot.objects.joined().filter(session=OuterRef("pk"))
        found = self
        for term in terms_of(typed):
            own = reduce(or_, [Q(search_text__contains=words) for words in term])
            theirs = reduce(or_, [Q(cooperative__search_text__contains=words) for words in term])
            found = found.filter(own | Exists(places.filter(theirs)))
        return found

    def soonest(self) -> Self:
        """On air first, then what comes next, then what is over, the newest first."""
        turn = Case(When(state=LIVE, then=0), When(state=SCHEDULED, then=1), default=2)
        return self.order_by(turn, F("ended_at").desc(nulls_first=True), "starts_at")

    def hostable_by(self, user: Any) -> Self:
        """Sessions `user` may run: manager or host of the co-op that holds them."""
        return self.filter(cooperative__in=Cooperative.objects.hosted_by(user))

    def for_cards(self) -> Self:
        """With what a session card shows, in a fixed number of queries."""
        return self.select_related("cooperative__commune__province", "cover").prefetch_related(
            "slots__cooperative"
        )

    def joined_by(self, user: Any) -> Self:
        """Sessions where a co-op of `user` (manager or host) has a place, invited or joined."""
        return self.of_cooperatives(Cooperative.objects.hosted_by(user))

    def of_cooperatives(self, cooperatives: Any) -> Self:
        """Sessions that one of these co-ops holds or has a place in."""
        from livestreams.models import Slot

        places = Slot.objects.filter(cooperative__in=cooperatives).values("session_id")
        return self.filter(Q(cooperative__in=cooperatives) | Q(pk__in=places))

    def of_staff(self, user: Any) -> Self:
        return self.filter(cooperative__in=Cooperative.objects.of_staff(user))


class SlotQuerySet(models.QuerySet):
    def joined(self) -> Self:
        return self.filter(joined_at__isnull=False)

    def waiting(self) -> Self:
        """Invitations not answered, of sessions that can still be joined."""
        return self.filter(joined_at=None, session__state__in=(DRAFT, SCHEDULED, LIVE))

    def filled_by(self, user: Any) -> Self:
        """Joined places of co-ops where `user` is manager or host."""
        return self.joined().filter(cooperative__in=Cooperative.objects.hosted_by(user))

    def answerable_by(self, user: Any) -> Self:
        """Places of co-ops that `user` manages."""
        return self.filter(cooperative__in=Cooperative.objects.managed_by(user))

    def removable_by(self, user: Any) -> Self:
        """Places of co-ops that `user` manages, and those in sessions `user` may run."""
        return self.filter(
            Q(cooperative__in=Cooperative.objects.managed_by(user))
            | Q(session__cooperative__in=Cooperative.objects.hosted_by(user))
        )


class OfferQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(state=OPEN)

    def orderable(self) -> Self:
        """Offers of which a walk-in buyer may order a unit now; see Offer.is_orderable."""
        return self.filter(
            state=OPEN, standby_waiting=0, quantity_claimed__lt=F("quantity_offered")
        )

    def presentable(self) -> Self:
        """Offers of goods that buyers may see: published, and the pack still sold."""
        return self.filter(lot__variant__is_active=True, lot__variant__product__state="published")

    def of_product(self, product: Any) -> Self:
        return self.filter(lot__variant__product=product)

    def on_air_or_coming(self) -> Self:
        """Offers that buyers can take now or look forward to, the soonest first."""
        from livestreams.models import LivestreamSession

        shown = LivestreamSession.objects.public().filter(state__in=(LIVE, SCHEDULED))
        offers = self.filter(session__in=shown, state__in=(OPEN, LINED_UP))
        return offers.order_by("session__went_live_at", "session__starts_at", "session", "position")

    def editable_by(self, user: Any) -> Self:
        """Offers of co-ops where `user` is manager or host: own goods only, in any session."""
        return self.filter(cooperative__in=Cooperative.objects.hosted_by(user))

    def shown_by(self, user: Any) -> Self:
        """Offers of any co-op in sessions that `user` may run."""
        return self.filter(session__cooperative__in=Cooperative.objects.hosted_by(user))

    def runnable_by(self, user: Any) -> Self:
        """Offers that `user` may mark sold out: in sessions run, or of one's own co-op."""
        mine = Cooperative.objects.hosted_by(user)
        return self.filter(Q(session__cooperative__in=mine) | Q(cooperative__in=mine))

    def called(self, live_code: str) -> Self:
        """Offers of sessions on air that hosts and viewers call by this code, such as A01."""
        from livestreams.models import LivestreamSession

        live = LivestreamSession.objects.public().filter(state=LIVE)
        shown = self.filter(session__in=live, live_code__iexact=live_code).exclude(state=LINED_UP)
        return shown.order_by("session__went_live_at", "session").select_related(
            "session", "lot__variant__product"
        )

    def claim(self, quantity: int) -> bool:
        """Take `quantity` units of an open offer in one statement; False when too few are left.

        Every column that guards the claim sits on the row itself: a filter through a join is
        judged on an older snapshot and oversells.
        """
        return self.filter(standby_waiting=0).claim_for_standby(quantity)

    def claim_for_standby(self, quantity: int) -> bool:
        """Take units past the line, for the first in it."""
        left = self.filter(state=OPEN, quantity_claimed__lte=F("quantity_offered") - quantity)
        return left.update(quantity_claimed=F("quantity_claimed") + quantity) == 1

    def with_units_for_line(self) -> Self:
        """Open offers with units that belong to the first in their line."""
        return self.filter(
            state=OPEN, standby_waiting__gt=0, quantity_claimed__lt=F("quantity_offered")
        )

    def shorten_line(self, by: int) -> bool:
        """Count `by` fewer waiting; False when fewer were waiting."""
        line = self.filter(standby_waiting__gte=by)
        return line.update(standby_waiting=F("standby_waiting") - by) == 1

    def release(self, quantity: int) -> bool:
        """Give `quantity` claimed units back; False when fewer were claimed."""
        claimed = self.filter(quantity_claimed__gte=quantity)
        return claimed.update(quantity_claimed=F("quantity_claimed") - quantity) == 1

    def for_cards(self) -> Self:
        """With what an offer's card shows, in a fixed number of queries."""
        return self.select_related(
            "lot__variant__product", "cooperative__commune__province"
        ).prefetch_related("lot__variant__product__photos__picture")
