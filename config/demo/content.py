"""What the demonstration holds, read from `data/`: no database and no clock.

Days are relative (`days_ago`, `months_ago`), so the demonstration stays fresh.
"""

import datetime as dt
import functools
import itertools
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.demo import numbers

DATA = Path(__file__).parent / "data"
PASSWORD = "phien-cho-mau"  # noqa: S105 - printed at every start of the demonstration
TOTP_KEY = b"cho-phien-ban-dung-thu".hex()
BANK_BIN = "970436"
BANK_ACCOUNT_NAME = "TAI KHOAN MAU KHONG CHUYEN TIEN"
MINISTRY = "Bộ Nông nghiệp và Môi trường"


@dataclass(frozen=True)
class Step:
    """`after` days from the harvest, `at` the "plot" or the "coop"."""

    step: str
    after: int
    at: str
    title: str
    note: str = ""


@dataclass(frozen=True)
class Variant:
    name: str
    net_weight_g: int
    price_vnd: int
    gtin: str = ""


@dataclass(frozen=True)
class Lot:
    """`variant` counts the product's packs from 0; `units` are packs."""

    code: str
    variant: int
    days_ago: int
    units: int


@dataclass(frozen=True)
class Recognition:
    """`number` is written so that nobody takes it for a real decision."""

    stars: int
    number: str
    months_ago: int
    issuer: str
    state: str


@dataclass(frozen=True)
class Product:
    slug: str
    name: str
    category: str
    story: str
    drawing: dict[str, str]
    process: str
    plot: str
    variants: tuple[Variant, ...]
    lots: tuple[Lot, ...]
    recognitions: tuple[Recognition, ...]
    ingredients: str = ""
    storage_advice: str = ""
    shelf_life_days: int = 0
    state: str = "published"


@dataclass(frozen=True)
class Cooperative:
    number: int
    slug: str
    kind: str
    name: str
    short_name: str
    commune: str
    address_line: str
    is_women_led: bool
    scene: str
    story: str
    products: tuple[Product, ...]
    province: str
    state: str = "approved"

    @property
    def tax_code(self) -> str:
        return numbers.tax_code(self.number)

    @property
    def phone(self) -> str:
        return numbers.person_phone(100 + self.number)


@dataclass(frozen=True)
class Register:
    product_count: int
    counted_on: dt.date
    source: str


@dataclass(frozen=True)
class Province:
    code: str
    name: str
    short: str
    communes: str
    register: Register


@dataclass(frozen=True)
class Offer:
    """`variant` reads `<product slug>#<pack, from 0>`; `sold` is how strongly buyers went for it;
    `in_line` people wait for it in a live session, where it is then sold out.
    """

    variant: str
    price_vnd: int
    units: int
    limit: int
    sold: int = 1
    in_line: int = 0

    @property
    def product_slug(self) -> str:
        return self.variant.partition("#")[0]

    @property
    def pack(self) -> int:
        return int(self.variant.partition("#")[2])


@dataclass(frozen=True)
class Session:
    """A past one has `orders`, and `starts_at` or else `days_ago` with the local `time`."""

    key: str
    title: str
    summary: str
    cooperative: str
    guests: tuple[str, ...]
    minutes: int
    shipping_fee_vnd: int
    scene: str
    offers: tuple[Offer, ...]
    orders: int = 0
    starts_at: dt.datetime | None = None
    days_ago: int = 0
    time: str = ""

    @property
    def cooperatives(self) -> tuple[str, ...]:
        return (self.cooperative, *self.guests)


@dataclass(frozen=True)
class Person:
    """An account of the demonstration. Names are of roles: no private person is named."""

    phone: str
    display_name: str
    role: str  # manager, host, packer, diarist, buyer, reviewer, viewer
    cooperative: str = ""  # slug
    province: str = ""  # code

    @property
    def is_staff_of_province(self) -> bool:
        return self.role in {"reviewer", "viewer"}


@dataclass(frozen=True)
class Sessions:
    past: tuple[Session, ...]
    live: Session
    coming: Session


@functools.cache
def provinces() -> tuple[Province, ...]:
    return tuple(
        Province(**{**row, "register": Register(**row["register"])})
        for row in _read("provinces.toml")["provinces"]
    )


@functools.cache
def cooperatives() -> tuple[Cooperative, ...]:
    """All co-ops by number. GTINs are given out in that order."""
    rows = [tomllib.loads(file.read_text()) for file in (DATA / "cooperatives").glob("*.toml")]
    gtins = map(numbers.gtin, itertools.count(1))
    return tuple(_cooperative(row, gtins) for row in sorted(rows, key=lambda row: row["number"]))


@functools.cache
def steps() -> dict[str, tuple[Step, ...]]:
    """Steps of a lot by kind of processing."""
    return {kind: tuple(Step(**row) for row in rows) for kind, rows in _read("steps.toml").items()}


@functools.cache
def sessions() -> Sessions:
    data = _read("sessions.toml")
    return Sessions(
        past=tuple(_session(row) for row in data["past"]),
        live=_session(data["live"]),
        coming=_session(data["coming"]),
    )


@functools.cache
def people() -> tuple[Person, ...]:
    """Every account: 1xx managers, 2xx hosts, 4pp reviewers, 5pp viewers (pp: province), a buyer;
    and one co-op's packer (3xx) and diary keeper (6xx).
    """
    found = [Person(numbers.person_phone(900), "Người mua (mẫu)", "buyer")]
    for coop in cooperatives():
        manager, host = (
            numbers.person_phone(100 + coop.number),
            numbers.person_phone(200 + coop.number),
        )
        found += [
            Person(manager, f"Quản lý {coop.short_name} (mẫu)", "manager", cooperative=coop.slug),
            Person(host, f"Người dẫn {coop.short_name} (mẫu)", "host", cooperative=coop.slug),
        ]
        if coop.slug == sessions().live.cooperative:
            packer = numbers.person_phone(300 + coop.number)
            diarist = numbers.person_phone(600 + coop.number)
            found += [
                Person(packer, f"Người đóng gói {coop.short_name} (mẫu)", "packer", coop.slug),
                Person(diarist, f"Người ghi nhật ký {coop.short_name} (mẫu)", "diarist", coop.slug),
            ]
    for place in provinces():
        reviewer = numbers.person_phone(400 + int(place.code))
        viewer = numbers.person_phone(500 + int(place.code))
        found += [
            Person(reviewer, f"Cán bộ duyệt {place.name} (mẫu)", "reviewer", province=place.code),
            Person(viewer, f"Cán bộ xem {place.name} (mẫu)", "viewer", province=place.code),
        ]
    return tuple(found)


def province_of(commune: str) -> Province:
    """The demonstration's province that holds a commune, by `communes` in provinces.toml."""
    return next(place for place in provinces() if commune in place.communes.split())


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / name).read_text())


def _cooperative(row: dict[str, Any], gtins: Any) -> Cooperative:
    place = province_of(row["commune"])
    products = tuple(_product(product, place, gtins) for product in row.pop("products"))
    return Cooperative(
        **{**row, "story": row["story"].strip()}, products=products, province=place.code
    )


def _product(row: dict[str, Any], place: Province, gtins: Any) -> Product:
    return Product(
        **{
            **row,
            "story": row["story"].strip(),
            "variants": tuple(
                Variant(**{**pack, "gtin": next(gtins) if pack.get("gtin") else ""})
                for pack in row["variants"]
            ),
            "lots": tuple(Lot(**lot) for lot in row["lots"]),
            "recognitions": tuple(
                _recognition(found, place) for found in row.get("recognitions", ())
            ),
        }
    )


def _recognition(row: dict[str, Any], place: Province) -> Recognition:
    issued_by_ministry = row["issuer"] == "ministry"
    office = "BNNMT" if issued_by_ministry else "UBND"
    return Recognition(
        stars=row["stars"],
        number=f"MẪU-{place.short}-{row['serial']:03d}/QĐ-{office}",
        months_ago=row["months_ago"],
        issuer=MINISTRY if issued_by_ministry else f"UBND tỉnh {place.name}",
        state=row["state"],
    )


def _session(row: dict[str, Any]) -> Session:
    offers = tuple(Offer(**offer) for offer in row["offers"])
    return Session(**{**row, "guests": tuple(row["guests"]), "offers": offers})
