"""What a step touches, by table: the ground on which two steps may change places.

PostgreSQL at READ COMMITTED lets a statement see committed rows only. So two steps of different
connections can be told apart by their order in two cases alone: both want a lock on rows of one
table, or one of them ends a transaction and thereby shows what the other looks at. A plain read
never sees the other's uncommitted write, and comes before or after it alike.

Tables stand for their rows: coarser than need be, so more schedules are kept than differ.
"""

import re
from dataclasses import dataclass, field

from django.apps import apps

# New rows that no unique key can set against others': codes and tokens are random, ids counted,
# parcels and lines unique within an order that is new as well
FREE_INSERTS = frozenset(
    {
        "core_outboxmessage",
        "products_stockmovement",
        "orders_order",
        "orders_parcel",
        "orders_orderline",
    }
)
LOCKING = re.compile(r"\bFOR (NO KEY )?UPDATE\b", re.IGNORECASE)
WORDS = re.compile(r"[a-z_]+")
INSERT = re.compile(r'\bINSERT\s+INTO\s+"?([a-z_]+)"?', re.IGNORECASE)
CHANGE = re.compile(r'\b(?:UPDATE|DELETE\s+FROM)\s+"?([a-z_]+)"?', re.IGNORECASE)
UPSERT = re.compile(r"\bON CONFLICT\b", re.IGNORECASE)
ADVISORY = re.compile(r"pg_(try_)?advisory", re.IGNORECASE)
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Touch:
    """`reads` and `locks` are taken, `writes` stay hidden until a later step `shows` them."""

    reads: frozenset[str] = NOTHING
    locks: frozenset[str] = NOTHING
    writes: frozenset[str] = field(default=NOTHING)
    shows: frozenset[str] = NOTHING

    def meets(self, other: "Touch") -> bool:
        """Whether the order of the two steps can matter to anybody."""
        return bool(
            self.locks & other.locks
            or self.shows & (other.reads | other.locks)
            or other.shows & (self.reads | self.locks)
        )

    def __or__(self, other: "Touch") -> "Touch":
        return Touch(
            self.reads | other.reads,
            self.locks | other.locks,
            self.writes | other.writes,
            self.shows | other.shows,
        )

    def showing(self, tables: frozenset[str]) -> "Touch":
        return Touch(self.reads, self.locks, self.writes, self.shows | tables)


def known_tables() -> frozenset[str]:
    return frozenset(model._meta.db_table for model in apps.get_models())


def touch_of(sql: str, tables: frozenset[str]) -> Touch:
    """What one statement (or a piece of a function's body) touches, judged by its words."""
    named = frozenset(WORDS.findall(sql)) & tables
    if not named and not ADVISORY.search(sql):
        return Touch()
    inserted = frozenset(INSERT.findall(sql)) & tables
    changed = frozenset(CHANGE.findall(sql)) & tables
    locks = changed | (inserted - FREE_INSERTS)
    if UPSERT.search(sql):
        locks |= inserted
    if LOCKING.search(sql):
        locks |= named
    if ADVISORY.search(sql):
        locks |= {"advisory"}
    return Touch(reads=named - inserted | changed, locks=locks, writes=inserted | changed | locks)
