"""The index of communes, kept in the process and built again when a table of places has changed."""

from threading import Lock
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, F, Func, IntegerField, Sum, Value
from django.db.models.functions import Concat

from coops.commune_index import Index, Unit

KEPT_S = 600
CHECKED = "communes:index-is-right"
DOUBTED_S = 1
DOUBTED = "communes:index-is-doubted"


class Kept(NamedTuple):
    fingerprint: tuple[Any, ...]
    communes: Index


kept: Kept | None = None
building = Lock()


def known_index(communes: Any, *, is_doubted: bool = False) -> Index:
    """The index of the rows of `communes` (the model); changes are seen within KEPT_S.

    Within DOUBTED_S when `is_doubted`: what is not found may have been loaded this moment.
    """
    global kept  # noqa: PLW0603 - one index for all threads
    now = kept
    is_due = not cache.get(CHECKED) or (is_doubted and cache.add(DOUBTED, 1, DOUBTED_S))
    if now is None or is_due:
        with building:  # several threads would build it several times, each the slower for it
            if kept is not None and kept is not now:
                return kept.communes
            fingerprint = fingerprint_of(communes)
            if now is None or now.fingerprint != fingerprint:
                now = kept = Kept(fingerprint, build(communes))
            cache.set(CHECKED, 1, KEPT_S)
    return now.communes


def fingerprint_of(communes: Any) -> tuple[Any, ...]:
    today = communes.objects.order_by().aggregate(
        rows=Count("pk"), words=Sum(hashed("pk", "name", "kind", "province__name"))
    )
    former = communes.objects.order_by().aggregate(
        rows=Count("former"), words=Sum(hashed("pk", "former__name", "former__district"))
    )
    return (*today.values(), *former.values())


def hashed(*names: str) -> Func:
    words = Concat(*[part for name in names for part in (F(name), Value("|"))])
    return Func(words, function="hashtext", output_field=IntegerField())


def build(communes: Any) -> Index:
    index = Index()
    place = ("pk", "province_id", "province__name")
    for code, province, province_name, name, kind in communes.objects.values_list(
        *place, "name", "kind"
    ):
        word = communes.KIND_WORDS[kind]
        index.add(Unit(code, province, name, word, "", "", province_name, is_today=True))
    former = ("name", "kind", "district", "district_kind", "province")
    for row in communes.objects.exclude(former=None).values_list(
        *place[:2], *[f"former__{name}" for name in former]
    ):
        index.add(Unit(*row, is_today=False))
    index.finish()
    return index
