"""Every address below /api/. Names are those of the pages with `api-` before them."""

from django.urls import path

from config.api_pages import OpenApiDocument, show_api
from coops import api as coops, api_own as own
from dashboards import api as dashboards
from livestreams.api import public as sessions, workspace as hosting
from orders import (
    api as orders,
    api_changing as changing,
    api_placing as placing,
    api_refunds as refunds,
    api_standby as standby,
)
from products.api import public as products, workspace as listing
from traceability import api as origin

MY_COOP = "my/cooperatives/<slug:cooperative_slug>/"
MY_PRODUCT = "my/products/<int:product_id>/"
MY_VARIANT = "my/variants/<int:variant_id>/"
MY_LOT = "my/lots/<int:lot_id>/"
MY_SESSION = "my/sessions/<int:session_id>/"
MY_OFFER = "my/offers/<int:offer_id>/"
ORDER = "orders/<str:order_token>/"
STANDBY = "standby/<str:entry_token>/"
FIGURES = "provinces/<str:province_code>/figures/"

urlpatterns = [
    # First: an order is in the greatest hurry
    path("orders/", placing.PlaceOrder.as_view(), name="api-place-order"),
    path("", show_api, name="api-show-guide"),
    path("schema/", OpenApiDocument.as_view(), name="api-show-schema"),
    # anyone
    path("provinces/", coops.ListProvinces.as_view(), name="api-list-provinces"),
    path("communes/", coops.ListCommunes.as_view(), name="api-list-communes"),
    path("cooperatives/", coops.ListCooperatives.as_view(), name="api-list-cooperatives"),
    path(
        "cooperatives/<slug:cooperative_slug>/",
        coops.ShowCooperative.as_view(),
        name="api-show-cooperative",
    ),
    path("products/", products.ListProducts.as_view(), name="api-list-products"),
    path("products/<slug:product_slug>/", products.ShowProduct.as_view(), name="api-show-product"),
    path("sessions/", sessions.ListSessions.as_view(), name="api-list-sessions"),
    path("sessions/<int:session_id>/", sessions.ShowSession.as_view(), name="api-show-session"),
    path("sessions/<int:session_id>/board/", sessions.ShowBoard.as_view(), name="api-show-board"),
    path("origin/<str:code>/", origin.ShowOrigin.as_view(), name="api-show-origin"),
    # buyers
    path(ORDER, orders.ShowOrder.as_view(), name="api-show-order"),
    path(f"{ORDER}change/", changing.ChangeOrder.as_view(), name="api-change-order"),
    path(f"{ORDER}paid/", orders.SayPaid.as_view(), name="api-say-paid"),
    path(f"{ORDER}cancel/", orders.CancelOrder.as_view(), name="api-cancel-order"),
    path(f"{ORDER}take/", standby.TakeOrder.as_view(), name="api-take-order"),
    path("standby/", standby.JoinStandby.as_view(), name="api-join-standby"),
    path(STANDBY, standby.ShowStandby.as_view(), name="api-show-standby"),
    path(f"{STANDBY}leave/", standby.LeaveStandby.as_view(), name="api-leave-standby"),
    # co-ops
    path("my/cooperatives/", own.MyCooperatives.as_view(), name="api-list-my-cooperatives"),
    path(MY_COOP, own.ShowMyCooperative.as_view(), name="api-show-my-cooperative"),
    path(f"{MY_COOP}resubmit/", own.ResubmitCooperative.as_view(), name="api-resubmit-cooperative"),
    path(f"{MY_COOP}products/", listing.ListMyProducts.as_view(), name="api-list-my-products"),
    path(f"{MY_COOP}sessions/", hosting.ListMySessions.as_view(), name="api-list-my-sessions"),
    path(f"{MY_COOP}parcels/", orders.ListParcels.as_view(), name="api-list-parcels"),
    path(
        f"{MY_COOP}parcels/<int:parcel_id>/move/",
        orders.MoveParcel.as_view(),
        name="api-move-parcel",
    ),
    path(f"{MY_COOP}refunds/", refunds.ListRefunds.as_view(), name="api-list-refunds"),
    path(
        f"{MY_COOP}refunds/<int:refund_id>/settle/",
        refunds.SettleRefund.as_view(),
        name="api-settle-refund",
    ),
    path(MY_PRODUCT, listing.ShowMyProduct.as_view(), name="api-show-my-product"),
    path(f"{MY_PRODUCT}publish/", listing.PublishProduct.as_view(), name="api-publish-product"),
    path(f"{MY_PRODUCT}hide/", listing.HideProduct.as_view(), name="api-hide-product"),
    path(f"{MY_PRODUCT}variants/", listing.AddVariant.as_view(), name="api-add-variant"),
    path(MY_VARIANT, listing.ChangeVariant.as_view(), name="api-change-variant"),
    path(f"{MY_VARIANT}lots/", listing.ListLots.as_view(), name="api-list-lots"),
    path(f"{MY_LOT}steps/", origin.ListSteps.as_view(), name="api-list-steps"),
    path(f"{MY_LOT}codes/<str:code>/recall/", origin.RecallCode.as_view(), name="api-recall-code"),
    path(
        f"{MY_LOT}codes/<str:code>/recall/lift/",
        origin.LiftRecall.as_view(),
        name="api-lift-recall",
    ),
    path(f"{MY_LOT}batches/", origin.ListBatches.as_view(), name="api-list-batches"),
    path("my/batches/<int:batch_id>/", origin.ShowBatch.as_view(), name="api-show-batch"),
    path(MY_SESSION, hosting.ShowMySession.as_view(), name="api-show-my-session"),
    path(f"{MY_SESSION}announce/", hosting.AnnounceSession.as_view(), name="api-announce-session"),
    path(f"{MY_SESSION}offers/", hosting.ListOffers.as_view(), name="api-list-offers"),
    path(f"{MY_SESSION}go-live/", hosting.GoLive.as_view(), name="api-go-live"),
    path(f"{MY_SESSION}end/", hosting.EndSession.as_view(), name="api-end-session"),
    path(f"{MY_SESSION}figures/", orders.ShowFigures.as_view(), name="api-show-figures"),
    path(MY_OFFER, hosting.ChangeOffer.as_view(), name="api-change-offer"),
    path(f"{MY_OFFER}sell-now/", hosting.SellNow.as_view(), name="api-sell-now"),
    path(f"{MY_OFFER}sold-out/", hosting.MarkSoldOut.as_view(), name="api-mark-sold-out"),
    # provinces
    path(FIGURES, dashboards.ShowProvinceFigures.as_view(), name="api-show-province-figures"),
    path(
        f"{FIGURES}<slug:table>/",
        dashboards.ShowProvinceTable.as_view(),
        name="api-show-province-table",
    ),
]
