from django.urls import path

from orders.views import (
    changing,
    crowd,
    following,
    hosting,
    packing,
    packing_papers,
    placing,
    refunds,
    standing_by,
)

ORDER = "don/<str:order_token>/"
STANDBY = "hang-cho/<str:entry_token>/"
PARCELS = "lam-viec/<slug:cooperative_slug>/kien-hang/"
PARCEL = f"{PARCELS}<int:parcel_id>/"
SESSION = "lam-viec/phien/<int:session_id>/"
REFUNDS = "lam-viec/<slug:cooperative_slug>/tien-tra-lai/"
REFUND = f"{REFUNDS}<int:refund_id>/"
HOSTED = f"{SESSION}don/<int:order_id>/"
CALL = f"{SESSION}goi-lai/<int:call_back_id>/"

urlpatterns = [
    # buyers
    path("phien/<int:session_id>/dat/", placing.order_offers, name="place-order"),
    path(ORDER, following.show_order, name="show-order"),
    path(f"{ORDER}trang-thai.json", following.show_order_state, name="show-order-state"),
    path(f"{ORDER}vietqr.png", following.show_payment_code, name="show-payment-code"),
    path(f"{ORDER}sua/", changing.change_own_order, name="change-order"),
    path(f"{ORDER}da-chuyen/", following.say_paid, name="say-paid"),
    path(f"{ORDER}huy/", following.cancel_own_order, name="cancel-own-order"),
    path(f"{ORDER}lay/", standing_by.take_order, name="take-order"),
    path(
        "phien/<int:session_id>/cho/<int:offer_id>/",
        standing_by.join_standby,
        name="join-standby",
    ),
    path(STANDBY, standing_by.show_standby, name="show-standby"),
    path(f"{STANDBY}trang-thai.json", standing_by.show_standby_state, name="show-standby-state"),
    path(f"{STANDBY}roi/", standing_by.leave_standby, name="leave-standby"),
    path("tra-don/", following.find_order, name="find-order"),
    # those who pack
    path(PARCELS, packing.list_parcels, name="list-parcels"),
    path(f"{PARCELS}chuyen/", packing.move_parcels, name="move-parcels"),
    path(f"{PARCELS}lui/", packing.undo_parcels, name="undo-parcels"),
    path(f"{PARCELS}hien-so/", packing.reveal_phones, name="reveal-phones"),
    path(f"{PARCELS}in/", packing_papers.print_parcels, name="print-parcels"),
    path(f"{PARCELS}tai-ve/", packing_papers.export_parcels, name="export-parcels"),
    path(PARCEL, packing.show_parcel, name="show-parcel"),
    path(f"{PARCEL}chuyen/", packing.move_parcel, name="move-parcel"),
    path(f"{PARCEL}lui/", packing.undo_parcel_step, name="undo-parcel-step"),
    path(f"{PARCEL}hien-so/", packing.reveal_phone, name="reveal-phone"),
    # those who run the session
    path(f"{SESSION}don/", hosting.list_session_orders, name="list-session-orders"),
    path(f"{SESSION}so-lieu.json", hosting.show_session_figures, name="show-session-figures"),
    path(f"{HOSTED}tien/", hosting.confirm_payment, name="confirm-payment"),
    path(f"{HOSTED}khong-thay/", hosting.dismiss_claim, name="dismiss-claim"),
    path(f"{SESSION}don-la/huy/", crowd.call_off_pattern, name="call-off-pattern"),
    path(f"{SESSION}goi-lai/so/", crowd.reveal_call_phones, name="reveal-call-phones"),
    path(f"{CALL}nhan/", crowd.take_call_back, name="take-call-back"),
    path(f"{CALL}bo/", crowd.drop_call_back, name="drop-call-back"),
    path(f"{HOSTED}huy/", hosting.call_off_order, name="call-off-order"),
    path(REFUNDS, refunds.list_refunds, name="list-refunds"),
    path(f"{REFUND}da-tra/", refunds.send_refund, name="send-refund"),
    path(f"{REFUND}dat-lai/", refunds.place_anew, name="place-anew"),
    path(f"{REFUND}lui/", refunds.undo_refund, name="undo-refund"),
    path(f"{REFUND}hien-so/", refunds.reveal_refund_phone, name="reveal-refund-phone"),
]
