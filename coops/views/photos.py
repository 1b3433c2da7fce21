"""Pictures on a co-op's page."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from coops.access import (
    get_cooperative_to_illustrate,
    get_cooperative_to_manage,
    get_photo_to_manage,
)
from coops.forms import CaptionForm, PhotosForm
from coops.models import Cooperative, CooperativePhoto
from coops.services.photos import MAX_PHOTOS, add_photo, caption_photo, move_photo, remove_photo
from core import access
from core.drafts import note_done
from core.idempotency import idempotent
from core.images.intake import PictureRefused
from core.models import Picture
from core.picture_fields import named, take_in
from core.pictures import (
    hold_word,
    keep_pages,
    keep_picture,
    papers_first,
    pictures_first,
    sent_by_script,
)


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@pictures_first
@idempotent
def edit_coop_photos(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Add pictures with POST. The good ones stay when one of them cannot be used."""
    cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
    if request.method != "POST":
        return _page(request, cooperative, PhotosForm())
    form = PhotosForm(request.POST, request.FILES)
    by_script = sent_by_script(request)
    if by_script:
        del form.fields["idempotency_key"]  # each picture has one of its own, in the header
    kept, refusals = 0, list[str]()
    if form.is_valid():
        kept, refusals = take_in(
            form.cleaned_data["pictures"],
            lambda picture: add_photo(cooperative=cooperative, picture=picture),
        )
    if not kept:
        for words in refusals:
            form.add_error("pictures", words)
        if by_script:
            return JsonResponse({"refused": form.errors["pictures"]}, status=422)
        return _page(request, cooperative, form, status=422)
    if by_script:
        return JsonResponse({"kept": kept, "refused": refusals})
    for words in refusals:
        messages.warning(request, words)
    messages.success(request, _("Pictures added: %(count)s.") % {"count": kept})
    return redirect("edit-coop-photos", cooperative.slug)


@access.cooperative("manager", "diarist", "host")
@require_POST
@pictures_first
@idempotent
def hold_picture(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """Keep `photo` for a form that is not sent yet (core.picture_fields).

    Answers `{"held": [{"word", "url"}]}`, or 422 with `refused`.
    """
    return _hold(request, cooperative_slug, lambda file: [keep_picture(file)])


@access.cooperative("manager", "diarist", "host")
@require_POST
@papers_first
@idempotent
def hold_paper(request: HttpRequest, cooperative_slug: str) -> HttpResponse:
    """As hold_picture; of a PDF, `held` has each page."""
    return _hold(request, cooperative_slug, keep_pages)


def _hold(
    request: HttpRequest, cooperative_slug: str, keep: Callable[[BinaryIO], list[Picture]]
) -> HttpResponse:
    get_cooperative_to_illustrate(request.user, cooperative_slug)
    file = request.FILES.get("photo")
    if file is None:
        return JsonResponse({"refused": [_("Choose a picture first.")]}, status=422)
    try:
        pages = keep(cast("BinaryIO", file))
    except PictureRefused as refusal:
        return JsonResponse({"refused": [named(file, refusal.message)]}, status=422)
    held = [{"word": hold_word(page), "url": page.url(320, "webp")} for page in pages]
    return JsonResponse({"held": held})


@access.cooperative("manager")
@require_POST
@idempotent
def move_coop_photo(request: HttpRequest, cooperative_slug: str, photo_id: int) -> HttpResponse:
    """`towards` is "front" or "back"; the first picture is the cover."""
    photo = get_photo_to_manage(request.user, cooperative_slug, photo_id)
    move_photo(photo=photo, towards="front" if request.POST.get("towards") == "front" else "back")
    return redirect("edit-coop-photos", cooperative_slug)


@access.cooperative("manager")
@require_POST
@idempotent
def caption_coop_photo(request: HttpRequest, cooperative_slug: str, photo_id: int) -> HttpResponse:
    photo = get_photo_to_manage(request.user, cooperative_slug, photo_id)
    photo.refresh_from_db(from_queryset=CooperativePhoto.objects.select_for_update(no_key=True))
    form = _caption_form(photo.pk, {"caption": photo.caption}, request.POST)
    if not form.is_valid():
        cooperative = get_cooperative_to_manage(request.user, cooperative_slug)
        return _page(request, cooperative, PhotosForm(), status=422, typed={photo.pk: form})
    caption_photo(photo=photo, **{"caption": photo.caption, **form.changes})
    note_done(request, f"coop-photo-{photo.pk}")
    messages.success(request, _("Saved."))
    return redirect("edit-coop-photos", cooperative_slug)


@access.cooperative("manager")
@require_POST
@idempotent
def remove_coop_photo(request: HttpRequest, cooperative_slug: str, photo_id: int) -> HttpResponse:
    photo = get_photo_to_manage(request.user, cooperative_slug, photo_id)
    remove_photo(photo=photo)
    messages.success(request, _("The picture is removed."))
    return redirect("edit-coop-photos", cooperative_slug)


def _caption_form(photo_id: int, initial: Any = None, data: Any = None) -> CaptionForm:
    """A page has several of these forms: field ids must be unique."""
    return CaptionForm(data, initial=initial, auto_id=f"id_%s_{photo_id}")


def _page(
    request: HttpRequest,
    cooperative: Cooperative,
    form: PhotosForm,
    *,
    status: int = 200,
    typed: Mapping[int, CaptionForm] | None = None,
) -> HttpResponse:
    """`typed`: captions that could not be kept, by picture."""
    photos = list(cooperative.photos.select_related("picture"))
    captions = [
        (photo, (typed or {}).get(photo.pk) or _caption_form(photo.pk, {"caption": photo.caption}))
        for photo in photos
    ]
    context = {
        "cooperative": cooperative,
        "form": form,
        "captions": captions,
        "most": MAX_PHOTOS,
        "photos_left": MAX_PHOTOS - len(photos),
        "is_full": len(photos) >= MAX_PHOTOS,
    }
    return render(request, "coops/photos.html", context, status=status)
