"""Photos of a product: taken in, described, moved, removed and put back."""

from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core import access
from core.drafts import note_done
from core.errors import DomainError
from core.idempotency import idempotent
from core.models import Picture
from core.picture_fields import take_in
from core.pictures import pictures_first, sent_by_script
from products.access import get_photo_to_manage, get_product_to_manage
from products.forms import PhotosForm
from products.models import Product, ProductPhoto
from products.services import photos as services
from products.views.editor import alt_form, editor_page, editor_url

UNDO = "products.photo.removed"
UNDO_S = 3600
MOVES = {"earlier": -1, "later": 1, "first": -services.MAX_PHOTOS}


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@pictures_first
@idempotent
def add_photos(request: HttpRequest, product_id: int) -> HttpResponse:
    """Take in one or several photos. Good ones stay, whatever is wrong with the others."""
    product = get_product_to_manage(request.user, product_id)
    if request.method != "POST":
        return redirect(editor_url(product, "photos"))
    form = PhotosForm(request.POST, request.FILES, auto_id="photos_%s")
    kept, refused = 0, list[str]()
    if form.is_valid():
        kept, refused = take_in(
            form.cleaned_data["photos"],
            lambda picture: services.add_photo(product=product, picture=picture),
        )
    if not kept:
        for words in refused:
            form.add_error("photos", words)
        if sent_by_script(request):
            return JsonResponse({"refused": form.errors["photos"]}, status=422)
        return editor_page(request, product, "photos", bound={"photos": form}, status=422)
    if sent_by_script(request):
        return JsonResponse({"kept": kept, "refused": refused})
    for words in refused:
        messages.warning(request, words)
    return redirect(editor_url(product, "photos"))


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def edit_photo(request: HttpRequest, photo_id: int) -> HttpResponse:
    """POST `move` (earlier, later, first) or `alt`, what the photo shows."""
    photo = get_photo_to_manage(request.user, photo_id)
    if request.method != "POST":
        return redirect(editor_url(photo.product, "photos"))
    if "move" in request.POST:
        if request.POST["move"] not in MOVES:
            raise Http404
        services.move_photo(photo=photo, by=MOVES[request.POST["move"]])
        return redirect(editor_url(photo.product, "photos"))
    photo.refresh_from_db(from_queryset=ProductPhoto.objects.select_for_update(no_key=True))
    form = alt_form(photo, request.POST)
    if not form.is_valid():
        bound = {f"alt-{photo.pk}": form}
        return editor_page(request, photo.product, "photos", bound=bound, status=422)
    services.describe_photo(photo=photo, **{"alt": photo.alt, **form.changes})
    note_done(request, f"product-{photo.product_id}-alt-{photo.pk}")
    messages.success(request, _("Saved."))
    return redirect(editor_url(photo.product, "photos"))


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def remove_photo(request: HttpRequest, photo_id: int) -> HttpResponse:
    """Take the photo off; the page that follows can put it back."""
    photo = get_photo_to_manage(request.user, photo_id)
    product = photo.product
    if request.method != "POST":
        return redirect(editor_url(product, "photos"))
    removed = {
        "product": product.pk,
        "picture": photo.picture_id,
        "alt": photo.alt,
        "position": photo.position,
    }
    services.remove_photo(photo=photo)
    undo = signing.dumps(removed, salt=UNDO)
    return redirect(editor_url(product, "photos").replace("#", f"&undo={undo}#"))


@access.cooperative("manager")
@require_http_methods(["GET", "HEAD", "POST"])
@idempotent
def put_back_photo(request: HttpRequest, product_id: int) -> HttpResponse:
    """Undo a removal: POST `undo`, the word the removal gave."""
    product = get_product_to_manage(request.user, product_id)
    if request.method != "POST":
        return redirect(editor_url(product, "photos"))
    removed = read_undo(request.POST.get("undo", ""), product)
    if removed is None:
        raise DomainError(_("This photo can no longer be put back. Please add it again."))
    picture = Picture.objects.filter(pk=removed["picture"]).first()
    if picture and not product.photos.filter(picture=picture).exists():
        services.add_photo(
            product=product, picture=picture, alt=removed["alt"], position=removed["position"]
        )
    messages.success(request, _("The photo is back."))
    return redirect(editor_url(product, "photos"))


def read_undo(word: str, product: Product) -> dict[str, Any] | None:
    """What was removed from this product within the last hour; None for any other word."""
    try:
        removed = signing.loads(word, salt=UNDO, max_age=UNDO_S)
    except signing.BadSignature:
        return None
    return removed if removed["product"] == product.pk else None
