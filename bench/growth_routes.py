"""Who reads what in bench.growth: pages with rows of the co-op and province that have the most."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count
from django.test import Client
from django.urls import reverse
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from coops.models import Cooperative, Membership, StaffRole
from dashboards.tables import TABLES
from livestreams.models import LivestreamSession
from orders.models import Order, Parcel
from orders.shelves import SHELVES
from products.models import Lot, Product
from traceability.models import OriginCode, OriginCodeBatch

PERIODS = ("7", "30", "year", "all")
Route = tuple[str, str]  # who reads, and where


def big_coop() -> Cooperative:
    most = Parcel.objects.values("cooperative").annotate(n=Count("pk")).order_by("-n")
    found = most.values_list("cooperative", flat=True)[0]
    return Cooperative.objects.select_related("commune").get(pk=found)


def people() -> dict[str, Client]:
    coop = big_coop()
    manager, staff = (reader(f"+8490000001{n}") for n in (1, 2))
    Membership.objects.get_or_create(user=manager, cooperative=coop, role="manager")
    province_id = coop.commune.province_id
    StaffRole.objects.get_or_create(user=staff, province_id=province_id, role="reviewer")
    return {"guest": client_of(None), "manager": client_of(manager), "staff": client_of(staff)}


def reader(phone: str) -> User:
    return User.objects.filter(phone=phone).first() or User.objects.create_user(phone)


def client_of(user: User | None) -> Client:
    """Somebody at a browser, with the second factor shown."""
    client = Client(SERVER_NAME="localhost", headers={"accept-language": "vi"})
    if user is None:
        return client
    device = TOTPDevice.objects.create(user=user, confirmed=True)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    return client


def routes() -> dict[str, Route]:
    coop = big_coop()
    return {**public(coop), **workspace(coop), **province(coop), **programs(coop)}


def at(name: str, *args: Any, **query: Any) -> str:
    path = reverse(name, args=args)
    return f"{path}?{urlencode(query)}" if query else path


def public(coop: Cooperative) -> dict[str, Route]:
    live = LivestreamSession.objects.filter(cooperative=coop, state="live").first()
    session = live or LivestreamSession.objects.filter(cooperative=coop).latest("starts_at")
    ended = LivestreamSession.objects.filter(cooperative=coop, state="ended").latest("starts_at")
    product = Product.objects.filter(cooperative=coop).first()
    code = OriginCode.objects.filter(lot=big_lot(coop)).first()
    order = Order.objects.filter(session=session).latest("pk")
    paths = {
        "home": at("show-home"),
        "sessions": at("list-sessions"),
        "sessions, page 20": at("list-sessions", page=20),
        "sessions found": at("list-sessions", q="phiên chợ"),
        "board": at("show-session", session.pk),
        "board as json": at("show-board-snapshot", session.pk),
        "session that ended": at("show-session", ended.pk),
        "products": at("list-products"),
        "products, page 20": at("list-products", page=20),
        "products found": at("list-products", q="chè"),
        "products by price": at("list-products", sort="price"),
        "product": at("show-product", product.slug if product else ""),
        "co-ops": at("list-coops"),
        "co-op": at("show-cooperative", coop.slug),
        "search": at("search-market", q="chè shan"),
        "origin of a pack": at("show-origin", code.code if code else ""),
        "order form": at("place-order", session.pk),
        "order": at("show-order", order.token),
    }
    return {name: ("guest", path) for name, path in paths.items()}


def big_lot(coop: Cooperative) -> Lot:
    mine = Lot.objects.filter(variant__product__cooperative=coop)
    return mine.annotate(n=Count("origin_code_batches")).order_by("-n")[0]


def workspace(coop: Cooperative) -> dict[str, Route]:
    lot = big_lot(coop)
    session = LivestreamSession.objects.filter(cooperative=coop, state="live").first()
    session = session or LivestreamSession.objects.filter(cooperative=coop).latest("starts_at")
    parcel = Parcel.objects.filter(cooperative=coop).select_related("order").latest("pk")
    batch = OriginCodeBatch.objects.filter(lot=lot).latest("pk")
    digits, name = parcel.order.buyer_phone[-3:], parcel.order.buyer_name
    paths = {
        "workspace": at("show-workspace"),
        "desk": at("show-cooperative-desk", coop.slug),
        "my products": at("list-my-products", coop.slug),
        "my sessions": at("list-my-sessions", coop.slug),
        "my sessions, page 2": at("list-my-sessions", coop.slug, page=2),
        "session prepared": at("prepare-session", session.pk),
        "console": at("run-session", session.pk),
        "session orders": at("list-session-orders", session.pk),
        "session orders, page 5": at("list-session-orders", session.pk, page=5),
        "session orders by name": at("list-session-orders", session.pk, q=name),
        "session orders by digits": at("list-session-orders", session.pk, q=digits),
        "session figures": at("show-session-figures", session.pk),
        **{
            f"parcels {shelf.slug}": at("list-parcels", coop.slug, ke=shelf.slug)
            for shelf in SHELVES
        },
        "parcels, page 20": at("list-parcels", coop.slug, ke="tat-ca", page=20),
        "parcels of a session": at("list-parcels", coop.slug, phien=session.pk),
        "parcels by name": at("list-parcels", coop.slug, q=name),
        "parcels by a common name": at("list-parcels", coop.slug, q="nguyễn thị"),
        "parcels by code": at("list-parcels", coop.slug, q=parcel.order.code),
        "parcels by digits": at("list-parcels", coop.slug, q=digits),
        "parcels by phone": at("list-parcels", coop.slug, q=parcel.order.buyer_phone),
        "parcel": at("show-parcel", coop.slug, parcel.pk),
        "packing list": at("print-parcels", coop.slug),
        "parcels as csv": at("export-parcels", coop.slug, ke="da-goi", dang="csv"),
        "all parcels as csv": at("export-parcels", coop.slug, ke="tat-ca", dang="csv"),
        "refunds": at("list-refunds", coop.slug),
        "refunds settled": at("list-refunds", coop.slug, tab="da-xong"),
        "refunds by name": at("list-refunds", coop.slug, q=name),
        "lots": at("list-lots", coop.slug),
        "lots, page 2": at("list-lots", coop.slug, page=2),
        "lots found": at("list-lots", coop.slug, q="che"),
        "lot": at("show-lot", lot.pk),
        "codes of a lot": at("show-batch", batch.pk),
        "code work": at("list-code-work", coop.slug),
        "stock": at("show-stock", lot.variant_id),
        "history of a product": at("show-product-history", lot.variant.product_id),
        "members": at("list-members", coop.slug),
    }
    return {name: ("manager", path) for name, path in paths.items()}


def province(coop: Cooperative) -> dict[str, Route]:
    code = coop.commune.province_id
    paths = {
        **{f"province, {one}": at("show-province-figures", code, ky=one) for one in PERIODS},
        **{
            f"table {slug}": at("show-province-table", code, slug, ky="all", mo_phong=1)
            for slug in TABLES
        },
        **{
            f"file {slug}": at("export-province-table", code, slug, "csv", ky="all")
            for slug in TABLES
        },
        "file san-pham, xlsx": at("export-province-table", code, "san-pham", "xlsx", ky="all"),
        "co-ops of the province": at("list-province-coops", code),
        "co-ops to review": at("review-cooperatives", code),
        "decisions": at("review-recognitions", code, state="verified"),
        "registers": at("list-registers", code),
        "province by api": at("api-show-province-figures", code, starts_on="2020-01-01"),
        **{
            f"table {slug} by api": at(
                "api-show-province-table", code, slug, starts_on="2020-01-01"
            )
            for slug in TABLES
        },
    }
    return {name: ("staff", path) for name, path in paths.items()}


def last_page(count: int) -> int:
    return max(1, min(20, count // 50))


def programs(coop: Cooperative) -> dict[str, Route]:
    """Programs get an error for a page that is not there: the twentieth, or the last."""
    lot = big_lot(coop)
    mine_page = last_page(Parcel.objects.filter(cooperative=coop).count())
    product_page = last_page(Product.objects.public().count())
    session_page = last_page(LivestreamSession.objects.public().count())
    mine = {
        "parcels by api": at("api-list-parcels", coop.slug),
        "parcels by api, page 20": at("api-list-parcels", coop.slug, page=mine_page),
        "parcels by api, by name": at("api-list-parcels", coop.slug, q="lan"),
        "refunds by api": at("api-list-refunds", coop.slug),
        "my products by api": at("api-list-my-products", coop.slug),
        "my sessions by api": at("api-list-my-sessions", coop.slug),
        "lots by api": at("api-list-lots", lot.variant_id),
        "steps by api": at("api-list-steps", lot.pk),
        "batches by api": at("api-list-batches", lot.pk),
    }
    open_to_all = {
        "products by api, page 20": at("api-list-products", page=product_page),
        "co-ops by api": at("api-list-cooperatives"),
        "sessions by api, page 20": at("api-list-sessions", page=session_page),
    }
    return {
        **{name: ("manager", path) for name, path in mine.items()},
        **{name: ("guest", path) for name, path in open_to_all.items()},
    }
