"""Photos in a form with other fields: a bad one is named, a good one is never lost.

With js/send_photos.js each photo is sent by itself before the form is, and the form brings signed
words for those that have arrived (`held`, see core.pictures). Without script the files come with
the form; those that are good come back as such words when something else has to be corrected.
"""

from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, cast

from django import forms
from django.utils.translation import gettext as _

from core.errors import DomainError
from core.images.intake import PictureRefused
from core.models import Picture
from core.pictures import held_picture, hold_word, keep_pages, keep_picture

LONGEST_NAME = 60
PHOTOS = "image/*,.heic,.heif"
PAPERS = f"{PHOTOS},application/pdf"


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """At most `most` photos, with `papers` also PDFs; cleans to what was sent, unread."""

    def __init__(self, *, most: int, papers: bool = False, **kwargs: Any) -> None:
        self.most, self.papers = most, papers
        attrs = {"accept": PAPERS if papers else PHOTOS}
        several = FilesInput(attrs=attrs) if most > 1 else forms.FileInput(attrs=attrs)
        super().__init__(**{"required": False, "widget": several, **kwargs})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [file for file in (data if isinstance(data, list) else [data]) if file]
        if self.required and not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return files


class PicturesForm(forms.BaseForm):
    """Mixin for a form with one PicturesField; cleans that field to a list of Pictures."""

    arrived: tuple[Picture, ...] = ()

    def clean(self) -> dict[str, Any]:
        super().clean()
        name = next(n for n, field in self.fields.items() if isinstance(field, PicturesField))
        field = cast("PicturesField", self.fields[name])
        kept = [picture for word in self._words()[: field.most] if (picture := held_picture(word))]
        for file in self.cleaned_data.get(name) or []:
            try:
                pages = _pages_of(file, field)
            except PictureRefused as refusal:
                self.add_error(name, named(file, refusal.message))
                continue
            kept = [] if field.most == 1 else kept  # the new one takes its place
            if len(kept) + len(pages) <= field.most:
                kept += pages
            else:
                words = _("at most %(most)s pictures fit; this one was left out.")
                self.add_error(name, named(file, words % {"most": field.most}))
        self.arrived = tuple(kept)
        self.cleaned_data[name] = kept
        return self.cleaned_data

    @property
    def held(self) -> list[tuple[str, Picture]]:
        """Word and picture of all that has arrived; they go back with a form that has errors."""
        return [(hold_word(picture), picture) for picture in self.arrived]

    def _words(self) -> list[str]:
        return self.data.getlist("held") if hasattr(self.data, "getlist") else []


def named(file: Any, words: Any) -> str:
    """A sentence about one file, beginning with its name."""
    return f"{file.name[:LONGEST_NAME]}: {words}"


def _pages_of(file: BinaryIO, field: PicturesField) -> list[Picture]:
    return keep_pages(file) if field.papers else [keep_picture(file)]


def take_in(files: Iterable[Any], add: Callable[[Picture], object]) -> tuple[int, list[str]]:
    """How many of `files` were kept and added, and a sentence for each that was not."""
    kept, refused = 0, list[str]()
    for file in files:
        try:
            add(keep_picture(file))
        except (PictureRefused, DomainError) as refusal:
            refused.append(named(file, refusal.message))
        else:
            kept += 1
    return kept, refused
