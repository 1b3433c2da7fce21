"""A price far from the usual one: a zero too few is asked about before buyers see it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.money import format_vnd

FAR = 3  # times the usual price, or a third of it
MEANT = "price_meant"


def question_about(price_vnd: int, usual_vnd: int | None) -> str:
    """What to ask about a price at a third of the usual one or less, or at three times; else ""."""
    if not usual_vnd:
        return ""
    words = {"price": format_vnd(price_vnd), "usual": format_vnd(usual_vnd)}
    if price_vnd * FAR <= usual_vnd:
        times = round(usual_vnd / price_vnd)
        return _("%(price)s is only 1/%(times)s of the usual %(usual)s. Is that right?") % {
            **words, "times": times,
        }  # fmt: skip
    if price_vnd >= usual_vnd * FAR:
        times = round(price_vnd / usual_vnd)
        return _("%(price)s is %(times)s times the usual %(usual)s. Is that right?") % {
            **words, "times": times,
        }  # fmt: skip
    return ""


class UsualPriceMixin:
    """Mixin of forms with a price (`priced` names its field), before the form's own class.

    A price far from `usual_vnd` is refused once, with a question; sent again it is meant.
    """

    priced: str

    def __init__(self, *args: Any, usual_vnd: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.usual_vnd = usual_vnd

    def full_clean(self) -> None:
        super().full_clean()
        form: Any = self
        price = getattr(form, "cleaned_data", {}).get(self.priced)
        if not form.is_bound or price is None or price == form.initial.get(self.priced):
            return
        question = question_about(price, self.usual_vnd)
        if not question or str(form.data.get(MEANT, "")) == str(price):
            return
        words = _("%(question)s Send again if it is.") % {"question": question}
        form.add_error(self.priced, ValidationError(words, code="unusual_price"))
        form.data = form.data.copy()
        form.data[MEANT] = str(price)

    @property
    def price_meant(self) -> str:
        """The price that the question was asked about; goes back with the form."""
        form: Any = self
        return str(form.data.get(MEANT, "")) if form.is_bound else ""
