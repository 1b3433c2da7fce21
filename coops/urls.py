from django.urls import URLPattern, path

from coops.views import bank_account, members, photos, province, public, workspace

MINE = "lam-viec/<slug:cooperative_slug>/"
PHOTO = f"{MINE}anh/<int:photo_id>/"
PROVINCE = "tinh/<slug:province_code>/"
REVIEW = f"{PROVINCE}duyet/htx/<slug:cooperative_slug>/"

urlpatterns: list[URLPattern] = [
    path("htx/", public.list_coops, name="list-coops"),
    path("dia-gioi/", public.find_communes, name="find-communes"),
    path("lam-viec/", workspace.show_workspace, name="show-workspace"),
    path("lam-viec/htx-moi/", workspace.register_coop, name="register-cooperative"),
    path(MINE, workspace.show_cooperative_desk, name="show-cooperative-desk"),
    path(f"{MINE}ho-so/", workspace.edit_cooperative, name="edit-cooperative"),
    path(
        f"{MINE}tai-khoan-ngan-hang/",
        bank_account.change_bank_account,
        name="change-bank-account",
    ),
    path(
        f"{MINE}tai-khoan-ngan-hang/huy/",
        bank_account.call_off_change,
        name="call-off-bank-change",
    ),
    path(f"{MINE}gui-duyet/", workspace.resubmit_coop, name="resubmit-cooperative"),
    path(f"{MINE}anh/", photos.edit_coop_photos, name="edit-coop-photos"),
    path(f"{MINE}anh/giu/", photos.hold_picture, name="hold-picture"),
    path(f"{MINE}giay/giu/", photos.hold_paper, name="hold-paper"),
    path(f"{PHOTO}chuyen/", photos.move_coop_photo, name="move-coop-photo"),
    path(f"{PHOTO}chu-thich/", photos.caption_coop_photo, name="caption-coop-photo"),
    path(f"{PHOTO}bo/", photos.remove_coop_photo, name="remove-coop-photo"),
    path(f"{MINE}thanh-vien/", members.list_members, name="list-members"),
    path(f"{MINE}thanh-vien/them/", members.add_membership, name="add-member"),
    path(
        f"{MINE}thanh-vien/<int:membership_id>/bo/",
        members.remove_membership,
        name="remove-membership",
    ),
    path(
        f"{MINE}thanh-vien/<int:membership_id>/xac-nhan/",
        members.vouch_for_member,
        name="vouch-for-member",
    ),
    path(
        f"{REVIEW}xac-nhan/<int:membership_id>/",
        province.vouch_for_manager,
        name="vouch-for-manager",
    ),
    path(f"{PROVINCE}duyet/", province.review_cooperatives, name="review-cooperatives"),
    path(REVIEW, province.review_cooperative, name="review-cooperative"),
    path(f"{REVIEW}duyet/", province.approve_coop, name="approve-cooperative"),
    path(f"{REVIEW}tra-lai/", province.return_coop, name="return-cooperative"),
    path(f"{REVIEW}tam-ngung/", province.suspend_coop, name="suspend-cooperative"),
    path(f"{REVIEW}mo-lai/", province.reinstate_coop, name="reinstate-cooperative"),
    path(f"{PROVINCE}htx/", province.list_province_coops, name="list-province-coops"),
    path(f"{PROVINCE}can-bo/", province.list_staff, name="list-staff"),
]
