"""Who changed what, in words: read from the events that pghistory's triggers record."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models.functions import RowNumber
from django.utils.translation import gettext as _

from core.money import format_vnd
from core.numbers import format_number, format_weight

Thing = tuple[str, Any, Mapping[str, Any]]  # what to call it, the row, {field: what to call it}
LONGEST = 200  # characters of an old or new value shown


@dataclass(frozen=True)
class Change:
    """One field of one thing that became another; `field` is empty when the thing was made.

    `who` is a name, or empty when no person acted (a task, a command).
    """

    who: str
    when: dt.datetime
    thing: str
    field: str
    old: str
    new: str


def changes_of(rows: Iterable[Thing], *, most: int = 200) -> list[Change]:
    """The newest changes of `rows`: (what to call it, row, {field: what to call it}).

    The rows' models are tracked by pghistory. Other fields are left out.
    """
    found: list[tuple[int | None, Change]] = []
    for things in _by_model(rows).values():
        for pk, events in _newest_events(things, most + 1):
            found += _changes(*things[pk], events, most)
    found.sort(key=lambda pair: pair[1].when, reverse=True)
    names = _names(user for user, _change in found[:most])
    return [
        Change(**{**change.__dict__, "who": names.get(user, "")}) for user, change in found[:most]
    ]


def _by_model(rows: Iterable[Thing]) -> dict[type[models.Model], dict[Any, Thing]]:
    """The things of each model by their keys: their events are read in one query."""
    found: dict[type[models.Model], dict[Any, Thing]] = defaultdict(dict)
    for thing in rows:
        found[type(thing[1])][thing[1].pk] = thing
    return found


def _newest_events(things: Mapping[Any, Thing], most: int) -> Iterator[tuple[Any, list[Any]]]:
    """Key and newest events of each thing, the last one first."""
    model: Any = type(next(iter(things.values()))[1])
    nth = models.Window(RowNumber(), partition_by="pgh_obj_id", order_by="-pgh_id")
    events = model.pgh_event_model.objects.filter(pgh_obj_id__in=list(things))
    newest = events.annotate(nth=nth).filter(nth__lte=most).select_related("pgh_context")
    of_each = newest.order_by("pgh_obj_id", "-pgh_id")
    for pk, found in groupby(of_each, key=lambda event: event.pgh_obj_id):
        yield pk, list(found)


def _changes(
    thing: str, row: Any, labels: Mapping[str, Any], newest: list[Any], most: int
) -> Iterator[tuple[int | None, Change]]:
    """Pairs of the acting user's id and what changed between an event and the one before."""
    for after, before in pairwise(newest):
        for name, label in labels.items():
            old, new = getattr(before, name), getattr(after, name)
            if old != new:
                words = [_words(row, name, value) for value in (old, new)]
                change = Change("", after.pgh_created_at, thing, str(label), *words)
                yield _user_of(after), change
    if len(newest) <= most and newest:
        yield _user_of(newest[-1]), _made(thing, newest[-1])


def _made(thing: str, event: Any) -> Change:
    return Change("", event.pgh_created_at, thing, "", "", "")


def _user_of(event: Any) -> int | None:
    return event.pgh_context.metadata.get("user") if event.pgh_context else None


def _names(ids: Iterable[int | None]) -> dict[int | None, str]:
    people = get_user_model().objects.filter(pk__in={pk for pk in ids if pk is not None})
    return {person.pk: str(person) for person in people}


def _words(row: models.Model, name: str, value: Any) -> str:
    """A stored value as people read it."""
    field: Any = row._meta.get_field(name.removesuffix("_id"))
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field.is_relation:
        return str(field.related_model.objects.filter(pk=value).first() or "–")
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return _plain(name, value)


def _plain(name: str, value: Any) -> str:
    if isinstance(value, int):
        unit = "_" + name.rpartition("_")[2]
        return {"_vnd": format_vnd, "_g": format_weight}.get(unit, format_number)(value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.strftime("%d/%m/%Y")
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
