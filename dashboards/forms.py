"""The period a reader asks for."""

import datetime as dt
from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.clock import db_today, start_of_local_day
from core.errors import DomainError
from core.forms import FormLook, LocalDateField


@dataclass(frozen=True)
class Period:
    """Local days `starts_on` to `ends_on`, both counted; `with_simulated` lines or without."""

    starts_on: dt.date
    ends_on: dt.date
    with_simulated: bool = False

    @property
    def starts_at(self) -> dt.datetime:
        return start_of_local_day(self.starts_on)

    @property
    def ends_before(self) -> dt.datetime:
        return start_of_local_day(self.ends_on + dt.timedelta(days=1))

    @property
    def day_count(self) -> int:
        return (self.ends_on - self.starts_on).days + 1


def first_day_of_year(today: dt.date) -> dt.date:
    return today.replace(month=1, day=1)


def latest_day(today: dt.date) -> dt.date:
    """No period may end later: sessions are planned for next year at most."""
    return dt.date(today.year + 1, 12, 31)


EARLIEST = dt.date(2020, 1, 1)
PRESETS = {
    "7": (_("7 days"), lambda today: today - dt.timedelta(days=6)),
    "30": (_("30 days"), lambda today: today - dt.timedelta(days=29)),
    "year": (_("this year"), first_day_of_year),
    "12": (_("12 months"), lambda today: today - dt.timedelta(days=364)),
    "all": (_("all time"), lambda _today: EARLIEST),
}
DEFAULT_PRESET = "year"


class PeriodForm(FormLook, forms.Form):
    """Two days, read as local days; a wrong one is said at its field and the default is shown."""

    tu = LocalDateField(label=_("From"), required=False)
    den = LocalDateField(
        label=_("To"), required=False, earliest=EARLIEST, latest=lambda: latest_day(db_today())
    )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        starts_on, ends_on = cleaned.get("tu"), cleaned.get("den")
        if starts_on and starts_on < EARLIEST:
            self.add_error("tu", _("The platform has no figures before 2020."))
        if starts_on and ends_on and starts_on > ends_on:
            self.add_error("den", _("The last day is before the first. Please swap them."))
        return cleaned


class WrongPeriod(DomainError):
    """A file is kept and passed on: it never holds another period than its address names."""

    status = 400
    code = "wrong_period"
    message = _("There is no such period. Please choose it again on the page of the table.")


def must_be_a_period(query: dict[str, str], form: PeriodForm) -> None:
    """Raises WrongPeriod, with what is wrong, unless the period is the one that was asked for."""
    wrong = [f"{form.fields[name].label}: {errors[0]}" for name, errors in form.errors.items()]
    if wrong:
        raise WrongPeriod(" ".join(wrong))
    if query.get("ky", DEFAULT_PRESET) not in PRESETS:
        raise WrongPeriod


def read_period(query: dict[str, str]) -> tuple[Period, PeriodForm, str]:
    """(period, form, preset in use) for a query string; never fails on what was typed."""
    today = db_today()
    with_simulated = settings.DEMO or query.get("mo_phong") == "1"
    form = PeriodForm(query)
    typed = form.cleaned_data if form.is_valid() else {}
    if typed.get("tu") or typed.get("den"):
        ends_on = typed.get("den") or today
        starts_on = typed.get("tu") or first_day_of_year(ends_on)
        return Period(min(starts_on, ends_on), ends_on, with_simulated), form, ""
    preset = query.get("ky", DEFAULT_PRESET)
    preset = preset if preset in PRESETS else DEFAULT_PRESET
    return Period(PRESETS[preset][1](today), today, with_simulated), form, preset
