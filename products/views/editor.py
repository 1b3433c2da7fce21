"""The listing editor: one question at a time on a phone, all on one page on a desk.

Every step has its own form. What is typed is kept after each pause (keep_draft), so a draft may be
incomplete or wrong at any moment; only publishing asks for all of it.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.timezone import localtime
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core import access
from core.clock import db_now
from core.drafts import note_done
from core.forms import FormLook
from core.idempotency import KEY_FIELD, idempotent, is_key, was_accepted
from core.row_forms import RowForm, marks_of, with_marks
from core.text import nfc
from products.access import get_product_to_manage
from products.forms import (
    AltForm,
    NameForm,
    NewPackForm,
    PackForm,
    PhotosForm,
    RecognitionForm,
    StoryForm,
    words_of,
)
from products.models import Product, ProductPhoto
from products.services import drafts, publishing
from products.services.photos import MAX_PHOTOS

STEPS = {
    "photos": gettext_lazy("Photos"),
    "name": gettext_lazy("Name"),
    "story": gettext_lazy("Story"),
    "packs": gettext_lazy("Packs"),
    "stars": gettext_lazy("OCOP"),
    "check": gettext_lazy("Publish"),
}
MAX_TYPED = 5000  # characters of one field kept as typed
Forms = dict[str, FormLook]


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def edit_product(request: HttpRequest, product_id: int) -> HttpResponse:
    """GET: the editor at `step`. POST `form` (name or story): take it in and go on."""
    product = get_product_to_manage(request.user, product_id)
    if request.method != "POST":
        undo = request.GET.get("undo", "")[:500]
        return editor_page(request, product, request.GET.get("step", ""), undo=undo)
    key = request.POST.get("form", "")
    if key not in {"name", "story"}:
        raise Http404
    drafts.hold(product)
    form = sent_form(product, key, request.POST, request.POST.get(KEY_FIELD, ""))
    if not form.is_valid():
        return editor_page(request, product, key, bound={key: form}, status=422)
    drafts.save_words(product=product, words=form.changes)
    accept(request, product, key)
    return redirect(editor_url(product, next_step(key)))


def accept(request: HttpRequest, product: Product, key: str) -> None:
    """The form `key` is in its rows: neither the server nor the device keeps it as typed."""
    drafts.forget_typed(product=product, form=key)
    note_done(request, f"product-{product.pk}-{key}")


@access.cooperative("manager")
@require_POST
@idempotent
def keep_draft(request: HttpRequest, product_id: int) -> HttpResponse:
    """Keep what is typed in `form` so far; JSON with the sentence to show (`say`).

    `form_key` is the key the form itself will be sent with: once that happened, a delayed autosave
    of earlier input changes nothing (`is_old`). `is_wrong`: `say` explains the invalid value.
    """
    product = get_product_to_manage(request.user, product_id)
    drafts.hold(product)
    if was_accepted(request, request.POST.get("form_key", "")):  # overtaken by the form itself
        words = _("This was sent already. Reload the page to change it.")
        return JsonResponse({"say": words, "is_old": True})
    key, form_key = request.POST.get("form", ""), request.POST.get("form_key", "")
    form = sent_form(product, key, request.POST, form_key)
    is_valid, is_new = form.is_valid(), form.has_changed()
    marks: Mapping[str, str] = {}
    if product.is_draft and isinstance(form, NameForm | StoryForm):
        changes = form.changes
        drafts.save_words(product=product, words=changes)
        marks = marks_of(form, changes)
        if is_key(form_key):
            drafts.keep_marks(product=product, form=key, key=form_key, marks=marks)
        is_new = not is_valid
    typed = typed_in(form, request.POST) if is_new else {}
    drafts.keep_typed(product=product, form=key, typed=typed)
    wrong = _wrong_in(form)
    say = _what_was_kept(wrong, bool(typed))
    return JsonResponse({"say": say, "is_valid": is_valid, "is_wrong": bool(wrong), "marks": marks})


def sent_form(product: Product, key: str, data: Any, form_key: str, files: Any = None) -> RowForm:
    """The form `key` as it was sent; what it wrote itself after a pause is no news to it."""
    known = product.autosaved.get(key, {})
    if form_key and known.get("key") == form_key:
        data = with_marks(data, known["marks"])
    return form_of(product, key, data, files)


def editor_page(
    request: HttpRequest,
    product: Product,
    step: str = "",
    *,
    bound: Mapping[str, FormLook] | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """The whole editor with `step` open; `bound` forms replace those with the same key."""
    bound = bound or {}
    missing = publishing.missing_of(product)
    step = step if step in STEPS else first_open_step(product, missing)
    photos = list(product.photos.select_related("picture"))
    context |= {
        "product": product,
        "cooperative": product.cooperative,
        "step": step,
        "steps": steps_to_show(product, step, missing),
        "forms": forms_of(product) | dict(bound),
        "photos": [(photo, bound.get(f"alt-{photo.pk}") or alt_form(photo)) for photo in photos],
        "can_add_photos": len(photos) < MAX_PHOTOS,
        "max_photos": MAX_PHOTOS,
        "photos_left": MAX_PHOTOS - len(photos),
        "packs": packs_to_edit(product, bound),
        "retired_packs": product.variants.filter(is_active=False),
        "recognitions": product.recognitions.order_by("-issued_on"),
        "missing": missing,
        "has_unpublished": bool(product.unfinished) and not product.is_draft,
        "unsent": unsent_of(product),
    }
    response = render(request, "products/product_edit.html", context, status=status)
    add_never_cache_headers(response)  # the way back shows what is kept now, with a key of its own
    return response


def form_of(product: Product, key: str, data: Any = None, files: Any = None) -> RowForm:
    """The form `key` of the editor; with `data` bound to it, else showing what is kept.

    Raises Http404 for keys there are not. Ids carry the key: many forms share the page.
    """
    if data is None and key in product.unfinished:
        data = product.unfinished[key]
    options: dict[str, Any] = {"auto_id": f"{key}_%s"}
    is_shown = not product.is_draft
    match key.partition("-"):
        case ("name", "", _rest):
            words = words_of(product)
            return NameForm(data, initial=words, must_have_name=is_shown, **options)
        case ("story", "", _rest):
            words = words_of(product)
            return StoryForm(data, initial=words, must_have_story=is_shown, **options)
        case ("pack", _dash, "new"):
            return NewPackForm(data, shows_row=False, **options)
        case ("pack", _dash, number) if number.isdecimal() and len(number) < 19:
            variant = product.variants.filter(pk=int(number)).first()
            if variant:
                usual_vnd = variant.price_vnd if product.published_at else None
                values = PackForm.values_of(variant)
                return PackForm(data, initial=values, usual_vnd=usual_vnd, **options)
        case ("stars", "", _rest):
            return RecognitionForm(data, files, shows_row=False, **options)
    raise Http404


def alt_form(photo: ProductPhoto, data: Any = None) -> AltForm:
    return AltForm(data, initial={"alt": photo.alt}, auto_id=f"alt-{photo.pk}_%s")


def forms_of(product: Product) -> Forms:
    keys = ("name", "story", "pack-new", "stars")
    found = {key.replace("-", "_"): form_of(product, key) for key in keys}
    return found | {"photos": PhotosForm(auto_id="photos_%s")}


def packs_to_edit(product: Product, bound: Mapping[str, FormLook]) -> list[tuple[Any, FormLook]]:
    """Packs on sale, with their units, each with its form."""
    packs = product.variants.active().with_units_available()
    return [
        (pack, bound.get(f"pack-{pack.pk}") or form_of(product, f"pack-{pack.pk}"))
        for pack in packs
    ]


def typed_in(form: FormLook, data: Mapping[str, str]) -> dict[str, str]:
    """The fields of `form` as they were typed; PostgreSQL's JSON cannot hold NUL."""
    return {
        name: nfc(data.get(name, ""))[:MAX_TYPED].replace("\0", "")
        for name, field in form.fields.items()
        if not isinstance(field, forms.FileField)
    }


def steps_to_show(
    product: Product, now: str, missing: list[publishing.Missing]
) -> list[dict[str, Any]]:
    """The steps with address, number, and whether something is missing there."""
    open_steps = {item.step for item in missing}
    return [
        {
            "key": key,
            "label": label,
            "number": number,
            "url": editor_url(product, key),
            "is_now": key == now,
            "is_open": key in open_steps,
            "is_done": key not in open_steps and key not in {"stars", "check"},
        }
        for number, (key, label) in enumerate(STEPS.items(), start=1)
    ]


def unsent_of(product: Product) -> list[dict[str, Any]]:
    """What is typed and waits for a press of its own button, with the way there."""
    words = {
        "name": _("The changed name is not saved yet."),
        "story": _("The changed story is not saved yet."),
        "stars": _("The OCOP decision is typed but not sent to the province yet."),
        "pack": _("A pack is typed but not saved yet."),
    }
    steps = {"pack": "packs"}
    kinds = sorted({key.partition("-")[0] for key in product.unfinished} & set(words))
    return [
        {"words": words[kind], "url": editor_url(product, steps.get(kind, kind))} for kind in kinds
    ]


def first_open_step(product: Product, missing: list[publishing.Missing]) -> str:
    """A draft opens where something is missing, a finished listing at the look over."""
    return missing[0].step if missing else "check"


def next_step(step: str) -> str:
    keys = list(STEPS)
    return keys[min(keys.index(step) + 1, len(keys) - 1)]


def editor_url(product: Product, step: str) -> str:
    return f"{reverse('edit-product', args=[product.pk])}?step={step}#step-{step}"


def _wrong_in(form: FormLook) -> list[str]:
    """A sentence for each field that cannot be so; what is still empty is not wrong yet."""
    return [
        f"{form.fields[name].label}: {errors[0]}"
        for name, errors in form.errors.items()
        if form[name].value()
    ]


def _what_was_kept(wrong: list[str], is_kept_as_typed: bool) -> str:  # noqa: FBT001
    clock = localtime(db_now()).strftime("%H:%M")
    if wrong:
        return _("Kept %(time)s. %(wrong)s") % {"time": clock, "wrong": " ".join(wrong)}
    if is_kept_as_typed:
        return _("Kept %(time)s. Press “Save” when it is right.") % {"time": clock}
    return _("Saved %(time)s") % {"time": clock}
