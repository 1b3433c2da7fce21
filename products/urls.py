from django.urls import path

from products.views import editor, packs, photos, province, public, recognitions, workspace

MINE = "lam-viec/<slug:cooperative_slug>/san-pham/"
ONE = "lam-viec/san-pham/<int:product_id>/"
PHOTO = "lam-viec/anh-san-pham/<int:photo_id>/"
PACK = "lam-viec/goi/<int:variant_id>/"
STARS = "lam-viec/ocop/<int:recognition_id>/"
PROVINCE = "tinh/<slug:province_code>/"

urlpatterns = [
    # buyers
    path("san-pham/", public.list_products, name="list-products"),
    path("san-pham/<slug:product_slug>/", public.show_product, name="show-product"),
    path("htx/<slug:cooperative_slug>/", public.show_cooperative, name="show-cooperative"),
    # co-ops
    path(MINE, workspace.list_my_products, name="list-my-products"),
    path(f"{MINE}moi/", workspace.create_product, name="create-product"),
    path(ONE, editor.edit_product, name="edit-product"),
    path(f"{ONE}giu-nhap/", editor.keep_draft, name="keep-draft"),
    path(f"{ONE}len-ban/", workspace.publish_product, name="publish-product"),
    path(f"{ONE}an/", workspace.hide_product, name="hide-product"),
    path(f"{ONE}xoa/", workspace.delete_draft, name="delete-draft"),
    path(f"{ONE}lich-su/", workspace.show_product_history, name="show-product-history"),
    path(f"{ONE}anh/", photos.add_photos, name="add-photos"),
    path(f"{ONE}anh/lay-lai/", photos.put_back_photo, name="restore-photo"),
    path(PHOTO, photos.edit_photo, name="edit-photo"),
    path(f"{PHOTO}bo/", photos.remove_photo, name="remove-photo"),
    path(f"{ONE}goi/", packs.add_variant, name="add-variant"),
    path(PACK, packs.edit_variant, name="edit-variant"),
    path(f"{PACK}bo/", packs.retire_variant, name="retire-variant"),
    path(f"{PACK}kho/", packs.show_stock, name="show-stock"),
    path("lam-viec/lo/<int:lot_id>/kiem-kho/", packs.count_lot, name="count-lot"),
    path(f"{ONE}ocop/", recognitions.add_recognition, name="add-recognition"),
    path(STARS, recognitions.edit_recognition, name="edit-recognition"),
    path(f"{STARS}rut/", recognitions.withdraw_recognition, name="withdraw-recognition"),
    # the province
    path(f"{PROVINCE}duyet/ocop/", province.review_recognitions, name="review-recognitions"),
    path(
        f"{PROVINCE}duyet/ocop/<int:recognition_id>/",
        province.review_recognition,
        name="review-recognition",
    ),
    path(f"{PROVINCE}so-ocop/", province.list_registers, name="list-registers"),
    path(
        f"{PROVINCE}so-ocop/<int:register_id>/",
        province.correct_register,
        name="correct-register",
    ),
]
