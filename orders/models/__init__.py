"""Orders and what belongs to them, one file for each part."""

from orders.models.counting import PhoneReveal, PhoneSearch, SessionTally
from orders.models.crowding import CallBack, KnownNetwork, KnownPhone
from orders.models.ordering import BuyerShare, Order, OrderLine, Parcel
from orders.models.refunding import Refund
from orders.models.standing_by import StandbyEntry

__all__ = [
    "BuyerShare",
    "CallBack",
    "KnownNetwork",
    "KnownPhone",
    "Order",
    "OrderLine",
    "Parcel",
    "PhoneReveal",
    "PhoneSearch",
    "Refund",
    "SessionTally",
    "StandbyEntry",
]
