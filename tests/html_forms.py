"""Forms of a page as a browser would send them back."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PageForm:
    action: str
    fields: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._inside: PageForm | None = None
        self._select = self._textarea = ""
        self._first = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._inside = PageForm(given.get("action", ""))
            self.forms.append(self._inside)
        elif self._inside is None:
            return
        elif tag == "input" and name:
            is_box = given.get("type") in {"checkbox", "radio"}
            if given.get("type") != "file" and ("checked" in given or not is_box):
                self._inside.fields[name] = given.get("value", "on" if is_box else "")
        elif tag == "textarea":
            self._textarea, self._first = name, True
            self._inside.fields[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            known = given.get("value", "")
            if "selected" not in given:
                self._inside.fields.setdefault(self._select, known)
            else:
                self._inside.fields[self._select] = known

    def handle_data(self, data: str) -> None:
        if self._textarea and self._inside:
            text = data.removeprefix("\n") if self._first else data
            self._first = False
            self._inside.fields[self._textarea] += text

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""


def forms_in(html: str) -> list[PageForm]:
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def form_with(html: str, name: str, action: str = "") -> dict[str, str]:
    """What the first form with a field `name` (and this action) would send."""
    return next(
        form.fields for form in forms_in(html) if name in form.fields and action in form.action
    )
