"""Co-ops, what they make, their lots with every step so far, and the stars they were given."""

import calendar
import datetime as dt

from django.db import transaction

from accounts.models import User
from config.demo import content, numbers
from config.demo.loading.people import load_members, manager_of, reviewer_of
from coops.models import Cooperative, Province
from core.clock import LOCAL_ZONE, db_now
from core.phones import normalize_phone
from products.models import Lot, OcopRecognition, OcopRegister, Product, Variant
from products.services import stock
from traceability.models import TraceEvent

PAST_ITS_DAY = "Quá hạn dùng, không bán nữa"
EVENING = dt.time(18, 0)  # when the day's steps are written down


def load_goods(today: dt.date) -> int:
    """Load what is missing, each product whole or not at all; returns how many products came."""
    _load_registers()
    known = set(Product.objects.values_list("slug", flat=True))
    rows = [(demo, product) for demo in content.cooperatives() for product in demo.products]
    cooperatives = {demo.slug: _load_cooperative(demo) for demo in content.cooperatives()}
    missing = [
        (number, demo, product)
        for number, (demo, product) in enumerate(rows)
        if product.slug not in known
    ]
    for number, demo, product in missing:
        on_sale_since = db_now() - _days_on_sale(number)
        _load_product(cooperatives[demo.slug], demo, product, today, on_sale_since)
    return len(missing)


def _days_on_sale(number: int) -> dt.timedelta:
    """Neighbours in line came on sale weeks apart, so that “new” shows one of each co-op."""
    return dt.timedelta(days=10 + 5 * (number * 19 % 53))


@transaction.atomic
def fresh_lot(variant: Variant, units: int, today: dt.date) -> Lot:
    """A lot with `units` to sell that is not past its day; a new harvest when there is none."""
    found = variant.lots.filter(quantity_available__gte=units).order_by("-harvested_on", "-pk")
    for lot in found:
        if lot.best_before_on is None or lot.best_before_on >= today:
            return lot
    demo = _product(variant.product.slug)
    cooperative = variant.product.cooperative
    age = min((lot.days_ago for lot in demo.lots), default=1)
    return make_lot(
        demo,
        variant=variant,
        harvested_on=today - dt.timedelta(days=age),
        units=2 * units,
        by=manager_of(cooperative.slug),
        until=today,
    )


def keep_fresh(today: dt.date) -> int:
    """Take off the shelf what is past its day and put a new harvest there; returns how many lots.

    Started again a week later, the demonstration would otherwise offer last week's greens.
    """
    ours = [product.slug for coop in content.cooperatives() for product in coop.products]
    spoiled = Lot.objects.filter(
        variant__product__slug__in=ours, best_before_on__lt=today, quantity_available__gt=0
    ).select_related("variant__product__cooperative__commune")
    for lot in spoiled:
        _renew(lot, today)
    return len(spoiled)


@transaction.atomic
def _renew(lot: Lot, today: dt.date) -> None:
    stock.count_stock(
        lot=lot,
        counted=0,
        seen=lot.quantity_available,
        reason=PAST_ITS_DAY,
        by=manager_of(lot.variant.product.cooperative.slug),
    )
    fresh_lot(lot.variant, max(1, lot.quantity_made // 2), today)


def make_lot(
    demo: content.Product,
    *,
    variant: Variant,
    harvested_on: dt.date,
    units: int,
    by: User,
    until: dt.date,
    code: str = "",
) -> Lot:
    """Bring a lot into stock, with the steps it has been through up to the day `until`."""
    lot = stock.record_harvest(
        variant=variant,
        harvested_on=harvested_on,
        quantity=units,
        code=code,
        best_before_on=best_before(demo, harvested_on),
        plot=demo.plot,
        by=by,
    )
    record_steps(demo, [lot], by=by, until=until)
    return lot


def best_before(demo: content.Product, harvested_on: dt.date) -> dt.date | None:
    if not demo.shelf_life_days:
        return None
    return harvested_on + dt.timedelta(days=demo.shelf_life_days)


def record_steps(demo: content.Product, lots: list[Lot], *, by: User, until: dt.date) -> None:
    """Write the diary of `lots` of one product: every step whose day has come."""
    cooperative = lots[0].variant.product.cooperative
    now = db_now()
    TraceEvent.objects.bulk_create(
        TraceEvent(
            lot=lot,
            step=step.step,
            title=step.title,
            note=step.note,
            happened_on=day,
            place=demo.plot if step.at == "plot" else cooperative.address_line,
            commune=cooperative.commune,
            recorded_by=by,
            recorded_at=min(now, dt.datetime.combine(day, EVENING, tzinfo=LOCAL_ZONE)),
        )
        for lot in lots
        for step in content.steps()[demo.process]
        if (day := lot.harvested_on + dt.timedelta(days=step.after)) <= until
    )


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day of the month `months` earlier, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    month += 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _load_registers() -> None:
    for place in content.provinces():
        register = place.register
        OcopRegister.objects.get_or_create(
            province=Province.objects.get(pk=place.code),
            counted_on=register.counted_on,
            defaults={"product_count": register.product_count, "source": register.source},
        )


@transaction.atomic
def _load_cooperative(demo: content.Cooperative) -> Cooperative:
    is_reviewed = demo.state == Cooperative.State.APPROVED
    now = db_now()
    cooperative, is_new = Cooperative.objects.select_related("commune").get_or_create(
        slug=demo.slug,
        defaults={
            "kind": demo.kind,
            "name": demo.name,
            "tax_code": demo.tax_code,
            "commune_id": demo.commune,
            "address_line": demo.address_line,
            "phone": normalize_phone(demo.phone),
            "is_women_led": demo.is_women_led,
            "story": demo.story,
            "bank_bin": content.BANK_BIN,
            "bank_account_number": numbers.bank_account(demo.number),
            "bank_account_name": content.BANK_ACCOUNT_NAME,
            "state": demo.state,
            "submitted_at": now - dt.timedelta(days=2 if not is_reviewed else 400),
            "reviewed_at": now - dt.timedelta(days=399) if is_reviewed else None,
            "reviewed_by": reviewer_of(demo.province) if is_reviewed else None,
            "is_demo": True,
        },
    )
    if is_new:
        load_members(cooperative)
    return cooperative


@transaction.atomic
def _load_product(
    cooperative: Cooperative,
    demo: content.Cooperative,
    row: content.Product,
    today: dt.date,
    on_sale_since: dt.datetime,
) -> None:
    is_published = row.state == Product.State.PUBLISHED
    product = Product(
        cooperative=cooperative,
        name=row.name,
        slug=row.slug,
        category=row.category,
        story=row.story,
        ingredients=row.ingredients,
        storage_advice=row.storage_advice,
        state=row.state,
        published_at=on_sale_since if is_published else None,
    )
    product.save()
    variants = Variant.objects.bulk_create(
        Variant(
            product=product,
            name=pack.name,
            gtin=pack.gtin,
            net_weight_g=pack.net_weight_g,
            price_vnd=pack.price_vnd,
            position=position,
        )
        for position, pack in enumerate(row.variants)
    )
    manager = manager_of(demo.slug)
    for lot in row.lots:
        make_lot(
            row,
            variant=variants[lot.variant],
            harvested_on=today - dt.timedelta(days=lot.days_ago),
            units=lot.units,
            by=manager,
            until=today,
            code=lot.code,
        )
    _load_recognitions(product, demo, row, today)


def _load_recognitions(
    product: Product, demo: content.Cooperative, row: content.Product, today: dt.date
) -> None:
    reviewer, now = reviewer_of(demo.province), db_now()
    for found in row.recognitions:
        is_verified = found.state == OcopRecognition.State.VERIFIED
        OcopRecognition.objects.create(
            product=product,
            stars=found.stars,
            number=found.number,
            issued_on=months_before(today, found.months_ago),
            issuer=found.issuer,
            state=found.state,
            submitted_at=now - dt.timedelta(days=200 if is_verified else 1),
            reviewed_at=now - dt.timedelta(days=199) if is_verified else None,
            reviewed_by=reviewer if is_verified else None,
        )


def _product(slug: str) -> content.Product:
    return next(p for coop in content.cooperatives() for p in coop.products if p.slug == slug)
