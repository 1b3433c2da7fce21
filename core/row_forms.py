"""Forms over existing rows: only changed fields are written; newer values of others are kept.

A hidden field holds a mark of each value as the page showed it. What still bears its mark was not
changed by this user, so the row keeps its value; a field changed by both this user and another
is refused once, with the newer value beside it, and accepted when it is submitted again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from core.forms import FormLook, IdempotencyKeyField

AS_SHOWN = "as_shown"
MOST_MARKS = 8000  # characters of the hidden field
SHOWN_AT_MOST = 300  # characters of a newer value in its sentence
UNMARKED = (forms.FileField, IdempotencyKeyField)
Marks = dict[str, str]


class RowForm(FormLook):
    """Mixin of forms that show a row (`initial`) and change it. Use it in the place of FormLook.

    Give it the current row, locked when the form is submitted; write `changes` alone.
    Without the hidden field (a program's post) every field given counts as changed.
    """

    def __init__(self, data: Any = None, *args: Any, shows_row: bool = True, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        self.kept: set[str] = set()
        if shows_row:
            self.fields[AS_SHOWN] = forms.CharField(
                required=False, widget=forms.HiddenInput, initial=self._pack
            )

    @property
    def changes(self) -> dict[str, Any]:
        """Of a valid form: the cleaned value of each field that is to be written."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in self.fields and name != AS_SHOWN and self._is_change(name, value)
        }

    @property
    def changed_data(self) -> list[str]:
        """Names of the fields whose content differs from the row, untouched ones left out."""
        if AS_SHOWN not in self.fields:
            return list(super().changed_data)
        files = [
            name
            for name, field in self.fields.items()
            if isinstance(field, forms.FileField) and self.add_prefix(name) in self.files
        ]
        typed = [
            n for n, mark in self._now.items() if n not in self.kept and self._typed(n) != mark
        ]
        return [*typed, *files] if self.is_bound else []

    def full_clean(self) -> None:
        if not self.is_bound or AS_SHOWN not in self.fields:
            super().full_clean()
            return
        shown = read_marks(str(self.data.get(self.add_prefix(AS_SHOWN)) or ""))
        self.kept = {
            name
            for name in self._now
            if name in shown and not self.fields[name].disabled and self._typed(name) == shown[name]
        }
        with self._standing(self.kept):
            super().full_clean()
        newer = {name for name in self._now if name in shown and shown[name] != self._now[name]}
        for name in newer - self.kept:
            self._ask_about(name)
        if shown.keys() - self.fields.keys():
            self.add_error(None, _("Something here was taken away meanwhile. Please look again."))
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix(AS_SHOWN)] = self._pack()
        self.data = data

    @cached_property
    def _now(self) -> Marks:
        """Marks of the row's current values, by field."""
        return {
            name: mark_of(field, self.get_initial_for_field(field, name))
            for name, field in self.fields.items()
            if name != AS_SHOWN and not isinstance(field, UNMARKED)
        }

    def _pack(self) -> str:
        return pack(self._now)

    def _typed(self, name: str) -> str:
        field = self.fields[name]
        raw = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        return mark_of(field, raw, is_typed=True)

    def _is_change(self, name: str, value: Any) -> bool:
        if isinstance(self.fields[name], IdempotencyKeyField):
            return False
        if name not in self._now:  # files
            return bool(value)
        return name not in self.kept and _mark(value) != self._now[name]

    @contextmanager
    def _standing(self, names: set[str]) -> Iterator[None]:
        """These fields are read from the row and rendered with its values, though not disabled."""
        for name in names:
            self.fields[name].disabled = True
        yield
        for name in names:
            self.fields[name].disabled = False
            self.fields[name].bound_data = _initial_alone  # type: ignore[method-assign, assignment]

    def _ask_about(self, name: str) -> None:
        if name not in self.cleaned_data or _mark(self.cleaned_data[name]) == self._now[name]:
            return
        words = _(
            "This was changed meanwhile; it is now: %(now)s. Send again to put yours instead."
        )
        now = self._in_words(name)
        self.add_error(name, ValidationError(words % {"now": now}, code="changed_meanwhile"))

    def _in_words(self, name: str) -> str:
        """The row's value as a person reads it."""
        field = self.fields[name]
        value = self.get_initial_for_field(field, name)
        if isinstance(field, forms.BooleanField):
            return _("yes") if value else _("no")
        for choice, label in getattr(field, "choices", ()):
            if str(choice) == str(value):
                return str(label)
        if isinstance(value, models.Model):
            return str(value)
        text = str(as_typed(field, value)).replace("T", " ") if _is_time(field) else None
        shown = text or str(field.prepare_value(value) if value is not None else "")
        return Truncator(f"“{shown}”" if shown else _("empty")).chars(SHOWN_AT_MOST)


def marks_of(form: RowForm, written: Mapping[str, Any]) -> Marks:
    """Marks of the values that `form` wrote, by field."""
    return {name: _mark(value) for name, value in written.items() if name in form.fields}


def with_marks(data: Any, marks: Mapping[str, str]) -> Any:
    """`data` of a form as if its page had shown the values that bear `marks`."""
    shown = read_marks(str(data.get(AS_SHOWN) or ""))
    copy = data.copy()
    copy[AS_SHOWN] = pack({**shown, **marks}) if shown else ""
    return copy


def read_marks(packed: str) -> Marks:
    """The marks that came back with a form; none when they cannot be read."""
    try:
        marks = json.loads(packed[:MOST_MARKS])
    except (ValueError, RecursionError):
        return {}
    return marks if isinstance(marks, dict) else {}


def pack(marks: Marks) -> str:
    return json.dumps(marks, separators=(",", ":"))


def mark_of(field: forms.Field, value: Any, *, is_typed: bool = False) -> str:
    """A mark that is equal for equal values, however they are typed."""
    raw = value if is_typed else as_typed(field, value)
    try:
        return _mark(field.clean(raw))
    except ValidationError:
        return _mark("" if raw is None else raw)


def as_typed(field: forms.Field, value: Any) -> Any:
    """`value` as the page shows it and the browser would send it back."""
    prepared = field.prepare_value(value)
    if _is_time(field) and prepared is not None:
        return field.widget.format_value(prepared)
    return prepared


def _is_time(field: forms.Field) -> bool:
    return isinstance(field, forms.DateTimeField)


def _mark(value: Any) -> str:
    if isinstance(value, models.Model):
        value = value.pk
    if isinstance(value, datetime):  # pages show minutes
        value = int(value.timestamp()) // 60
    text = "" if value is None else str(value)
    return hashlib.blake2s(text.encode(), digest_size=6).hexdigest()


def _initial_alone(_data: Any, initial: Any) -> Any:
    return initial
