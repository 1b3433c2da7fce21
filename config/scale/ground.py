"""Co-ops, products, packs, lots with their diaries and codes: all data that orders refer to."""

import datetime as dt
import random
import secrets
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from config.scale.copying import copy_rows, reserve_ids
from config.scale.shape import Shape
from config.scale.words import GOODS, HAMLETS, KINDS, PACKS
from coops.models import Commune, Cooperative, Province
from core import text
from core.codes import random_code
from products.models import (
    Lot,
    OcopRecognition,
    OcopRegister,
    Product,
    StockMovement,
    Variant,
)
from traceability.models import OriginCode, OriginCodeBatch, Scan, TraceEvent
from traceability.services.issuing import CODE_LENGTH

BIG_PROVINCE_EVERY = 10  # of the co-ops lies in the province of the big one
CODES_IN_A_BATCH = 2000
STEPS = (
    ("harvest", "Thu hái"),
    ("process", "Sơ chế"),
    ("pack", "Đóng gói"),
    ("inspect", "Kiểm tra"),
)


@dataclass
class LotPlan:
    """A lot before it is written: `quantity_made` grows with what offers take of it."""

    pk: int
    variant_id: int
    product_name: str
    variant_name: str
    net_weight_g: int
    price_vnd: int
    code: str
    harvested_on: dt.date
    quantity_made: int = 0


@dataclass
class CoopPlan:
    pk: int
    name: str
    commune: Commune
    account: tuple[str, str, str]  # bank, number, holder
    lots: list[LotPlan] = field(default_factory=list)


class Ground:
    """Reference data, generated from one seed; the first co-op is the largest."""

    def __init__(self, shape: Shape, draw: random.Random, today: dt.date, run: str) -> None:
        self.shape, self.draw, self.today, self.run = shape, draw, today, run
        self.communes = list(Commune.objects.select_related("province").order_by("code"))
        self.coops: list[CoopPlan] = []

    @transaction.atomic
    def write_coops(self) -> None:
        first = reserve_ids(Cooperative, self.shape.cooperatives)
        by_province: dict[str, list[Commune]] = {}
        for commune in self.communes:
            by_province.setdefault(commune.province_id, []).append(commune)
        codes = sorted(by_province)
        rows = []
        for n in range(self.shape.cooperatives):
            province = codes[0] if n % BIG_PROVINCE_EVERY == 0 else codes[n % len(codes)]
            commune = self.draw.choice(by_province[province])
            name = f"HTX {self.draw.choice(GOODS)[0]} {commune.name} {n + 1}"
            holder = text.ascii_fold(name).upper()[:80]
            account = ("970405", f"88{self.draw.randrange(10**10):010d}", holder)
            self.coops.append(CoopPlan(first + n, name, commune, account))
            words = text.fold(f"{name} {commune.name} {commune.province.name}")
            phone = f"+849{self.draw.randrange(10**8):08d}"
            rows.append(
                (
                    first + n, name, self.slug(name), f"{self.run}-{n}"[:14], commune.code,
                    self.draw.choice(HAMLETS), phone, n % 3 == 0, *account, "approved", self.long_ago(), words, text.sort_key(name),
                )
            )  # fmt: skip
        names = (
            "id", "name", "slug", "tax_code", "commune_id", "address_line", "phone", "is_women_led",
            "bank_bin", "bank_account_number", "bank_account_name", "state", "reviewed_at",
            "search_text", "sort_key",
        )  # fmt: skip
        copy_rows(Cooperative, names, rows)

    @transaction.atomic
    def write_products(self) -> None:
        """Products and packs, a few recognised by their province, and what its register counts."""
        products, variants, stars = [], [], []
        first = reserve_ids(Product, self.shape.products)
        first_variant = reserve_ids(Variant, self.shape.products)
        for n in range(self.shape.products):
            coop = self.coops[n % len(self.coops)]
            goods, category = self.draw.choice(GOODS)
            name = f"{goods} {self.draw.choice(KINDS)} {coop.commune.name}"
            place = f"{coop.commune.name} {coop.commune.province.name}"
            words = text.fold(f"{name} {coop.name} {place}")
            slug = self.slug(f"{name} {n}")
            products.append(
                (first + n, coop.pk, name, slug, category, "published", self.long_ago(), words,
                 text.sort_key(name))
            )  # fmt: skip
            pack, weight_g = self.draw.choice(PACKS)
            price_vnd = self.draw.randrange(30, 400) * 1000
            variants.append((first_variant + n, first + n, pack, weight_g, price_vnd))
            self.plan_lots(coop, n, first_variant + n, (name, pack, weight_g, price_vnd))
            if n % 3 == 0:
                issued_on = self.today - dt.timedelta(days=self.draw.randrange(1200))
                stars.append(
                    (first + n, self.draw.choice((3, 4, 4, 5)), f"{n}/QĐ-UBND", issued_on,
                     f"UBND {coop.commune.province.name}", "verified")
                )  # fmt: skip
        names: tuple[str, ...] = (
            "id", "cooperative_id", "name", "slug", "category", "state", "published_at",
            "search_text", "sort_key",
        )  # fmt: skip
        copy_rows(Product, names, products)
        copy_rows(Variant, ("id", "product_id", "name", "net_weight_g", "price_vnd"), variants)
        names = ("product_id", "stars", "number", "issued_on", "issuer", "state")
        copy_rows(OcopRecognition, names, stars)
        registered = OcopRegister.objects.filter(counted_on=self.today).values("province_id")
        provinces = Province.objects.exclude(pk__in=registered).values_list("pk", flat=True)
        rows = [(code, self.today, 200, "Sổ của tỉnh") for code in provinces]
        copy_rows(OcopRegister, ("province_id", "counted_on", "product_count", "source"), rows)

    def plan_lots(self, coop: CoopPlan, n: int, variant_id: int, goods: Any) -> None:
        is_big = coop is self.coops[0]
        rounds = -(-self.shape.products // len(self.coops))
        share = self.shape.big_lots / rounds if is_big else self.shape.lots / self.shape.products
        count = max(1, round(share))
        name, pack, weight_g, price_vnd = goods
        coop.lots += [
            LotPlan(0, variant_id, name, pack, weight_g, price_vnd, f"L{n}-{k + 1}", self.today)
            for k in range(count)
        ]

    @transaction.atomic
    def write_lots(self) -> None:
        """All made and nothing taken yet: offers take their units when they open."""
        lots = [lot for coop in self.coops for lot in coop.lots]
        first = reserve_ids(Lot, len(lots))
        for n, lot in enumerate(lots):
            lot.pk = first + n
            lot.quantity_made += self.draw.randrange(20, 200)
        names: tuple[str, ...] = (
            "id", "variant_id", "code", "harvested_on", "plot", "quantity_made",
            "quantity_available",
        )  # fmt: skip
        copy_rows(
            Lot,
            names,
            (
                (lot.pk, lot.variant_id, lot.code, lot.harvested_on, "Nương Tà Chơ",
                 lot.quantity_made, lot.quantity_made)
                for lot in lots
            ),
        )  # fmt: skip
        made = ((lot.pk, "harvest", lot.quantity_made, self.long_ago()) for lot in lots)
        copy_rows(StockMovement, ("lot_id", "kind", "quantity", "moved_at"), made)
        steps = [(lot, n) for lot in lots for n in range(3)]
        steps += [(self.coops[0].lots[-1], n) for n in range(3, self.shape.big_lot_steps)]
        copy_rows(
            TraceEvent,
            ("lot_id", "step", "title", "happened_on", "place"),
            (
                (lot.pk, STEPS[n % 4][0], STEPS[n % 4][1], lot.harvested_on, "Nương Tà Chơ")
                for lot, n in steps
            ),
        )

    @transaction.atomic
    def write_codes(self) -> None:
        """Most of them of one lot, in batches as large as may be; every tenth lot has a few."""
        asked = [(lot, 24) for lot in self.all_lots()[::10]]
        makers = {lot.pk: coop.name for coop in self.coops for lot in coop.lots}
        whole, rest = divmod(self.shape.big_lot_codes, CODES_IN_A_BATCH)
        sizes = [CODES_IN_A_BATCH] * whole + ([rest] if rest else [])
        asked += [(self.coops[0].lots[-1], size) for size in sizes]
        first = reserve_ids(OriginCodeBatch, len(asked))
        ready_at = self.long_ago()
        copy_rows(
            OriginCodeBatch,
            (
                "id", "lot_id", "quantity", "state", "quantity_done", "ready_at", "product_name",
                "pack_name", "net_weight_g", "cooperative_name",
            ),
            (
                (first + n, lot.pk, size, "ready", size, ready_at, lot.product_name,
                 lot.variant_name, lot.net_weight_g, makers[lot.pk])
                for n, (lot, size) in enumerate(asked)
            ),
        )  # fmt: skip
        first_code = reserve_ids(OriginCode, sum(size for _lot, size in asked))
        codes = [
            (random_code(CODE_LENGTH), lot.pk, first + n, serial + 1)
            for n, (lot, size) in enumerate(asked)
            for serial in range(size)
        ]
        copy_rows(
            OriginCode,
            ("id", "code", "lot_id", "batch_id", "serial"),
            ((first_code + n, *row) for n, row in enumerate(codes)),
        )
        seen = ((first_code + n, ready_at) for n in range(0, len(codes), 5))
        copy_rows(Scan, ("origin_code_id", "scanned_at"), seen)

    def all_lots(self) -> list[LotPlan]:
        return [lot for coop in self.coops for lot in coop.lots]

    def long_ago(self) -> dt.datetime:
        return dt.datetime.combine(self.today - dt.timedelta(days=800), dt.time(2), tzinfo=dt.UTC)

    def slug(self, words: str) -> str:
        return f"{text.slugify_vi(words, max_length=60)}-{self.run}{secrets.token_hex(2)}"
