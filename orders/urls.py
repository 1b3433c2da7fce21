from django.urls import path

from orders.views import following, placing

ORDER = "don/<str:order_token>/"

urlpatterns = [
    # buyers
    path("phien/<int:session_id>/dat/", placing.order_offers, name="place-order"),
    path(ORDER, following.show_order, name="show-order"),
    path(f"{ORDER}trang-thai.json", following.show_order_state, name="show-order-state"),
    path(f"{ORDER}vietqr.png", following.show_payment_code, name="show-payment-code"),
    path(f"{ORDER}huy/", following.cancel_own_order, name="cancel-own-order"),
    path("tra-don/", following.find_order, name="find-order"),
]
