"""How sessions, offers and the board look to programs."""

from django.urls import reverse
from rest_framework import serializers

from coops.api import CooperativeNameSerializer
from core.rest import (
    CountField,
    InstantField,
    PictureSerializer,
    PlainText,
    VndField,
    WholeField,
    absolute,
)
from livestreams.forms import (
    MAX_FEE_VND,
    MAX_MINUTES,
    MAX_PRICE_VND,
    MAX_UNITS,
    MIN_MINUTES,
    MIN_PRICE_VND,
    HttpsField,
    why_no_fee,
)
from livestreams.models import MAX_UNITS_PER_CLAIM, LivestreamSession, Offer
from livestreams.querysets import ENDED, LIVE, SCHEDULED

MAX_VERSION = 2**63 - 1

# What is shown


class SessionSerializer(serializers.ModelSerializer):
    """Of sessions from `.for_cards()`."""

    cooperative = CooperativeNameSerializer(help_text="Who holds it.")
    guests = CooperativeNameSerializer(many=True, help_text="Other co-ops that sell in it.")
    cover = PictureSerializer(allow_null=True)
    page_url = serializers.SerializerMethodField()

    class Meta:
        model = LivestreamSession
        fields = [
            "id", "title", "summary", "state", "starts_at", "planned_minutes", "went_live_at",
            "ended_at", "cooperative", "guests", "shipping_fee_vnd", "stream_url", "cover",
            "is_simulated", "page_url",
        ]  # fmt: skip

    def get_page_url(self, session: LivestreamSession) -> str:
        return absolute(reverse("show-session", args=[session.pk]))


class OfferSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="lot.variant.product.name")
    product_slug = serializers.CharField(source="lot.variant.product.slug")
    pack = serializers.CharField(source="lot.variant.name")
    net_weight_g = serializers.IntegerField(source="lot.variant.net_weight_g")
    cooperative = CooperativeNameSerializer()
    quantity_left = serializers.IntegerField(
        help_text="None may be ordered while somebody stands in line."
    )
    standby_waiting = serializers.IntegerField(help_text="How many stand in line.")

    class Meta:
        model = Offer
        fields = [
            "id", "live_code", "product", "product_slug", "pack", "net_weight_g", "cooperative",
            "unit_price_vnd", "quantity_offered", "quantity_left", "standby_waiting",
            "limit_per_buyer", "state",
        ]  # fmt: skip


class SessionDetailSerializer(SessionSerializer):
    now_selling = serializers.IntegerField(source="now_selling_id", allow_null=True)
    offers = OfferSerializer(many=True, source="shown_offers")

    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "now_selling", "offers"]


class MyOfferSerializer(OfferSerializer):
    lot = serializers.IntegerField(source="lot_id")

    class Meta(OfferSerializer.Meta):
        fields = [*OfferSerializer.Meta.fields, "lot", "quantity_claimed", "position"]


class MySessionSerializer(SessionSerializer):
    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "created_at"]


class HostedSessionSerializer(MySessionSerializer):
    now_selling = serializers.IntegerField(source="now_selling_id", allow_null=True)
    board_version = serializers.IntegerField(help_text="A press carries it; see `Press`.")

    class Meta(MySessionSerializer.Meta):
        fields = [*MySessionSerializer.Meta.fields, "now_selling", "board_version"]


class PressedOfferSerializer(MyOfferSerializer):
    board_version = serializers.IntegerField(help_text="The board's version after the press.")

    class Meta(MyOfferSerializer.Meta):
        fields = [*MyOfferSerializer.Meta.fields, "board_version"]


class BoardOfferSerializer(serializers.Serializer):
    i = serializers.IntegerField(help_text="id")
    c = serializers.CharField(help_text="live code")
    n = serializers.CharField(help_text="product")
    p = serializers.CharField(help_text="pack")
    v = serializers.IntegerField(help_text="price in đồng")
    q = serializers.IntegerField(help_text="units offered")
    l = serializers.IntegerField(help_text="units left")  # noqa: E741 - as on the wire
    m = serializers.IntegerField(help_text="limit for each buyer")
    k = serializers.CharField(required=False, help_text="token of the picture")
    g = serializers.CharField(required=False, help_text="crop sign while there is no picture")
    x = serializers.CharField(required=False, help_text="w lined up, s sold out")
    w = serializers.IntegerField(required=False, help_text="how many stand in line for it")


class BoardSerializer(serializers.Serializer):
    at = serializers.IntegerField(help_text="milliseconds since 1970 by the database's clock")
    s = serializers.CharField(help_text="state of the session")
    t = serializers.CharField(help_text="title")
    n = serializers.IntegerField(allow_null=True, help_text="id of the offer being sold now")
    h = serializers.DictField(
        child=serializers.CharField(), help_text="co-ops by the letter of their live codes"
    )
    o = BoardOfferSerializer(many=True, help_text="offers in the order of selling")


class Press(serializers.Serializer):
    board_version = WholeField(
        required=False,
        max_value=MAX_VERSION,
        help_text=(
            "The board the host saw, from the session or the last press. When somebody else pressed"
            " since: 409 `pressed_meanwhile`, and nothing is done. Without it the press holds."
        ),
    )


class GoLiveWish(serializers.Serializer):
    early = serializers.BooleanField(
        default=False, help_text="Needed hours before the announced time."
    )


class NotOpenedSerializer(serializers.Serializer):
    live_code = serializers.CharField()
    reason = serializers.CharField()


class WentLiveSerializer(serializers.Serializer):
    session = MySessionSerializer()
    not_opened = NotOpenedSerializer(many=True, help_text="Offers that stay lined up, and why.")


# What is taken in


class SessionQuery(serializers.Serializer):
    state = serializers.ChoiceField([SCHEDULED, LIVE, ENDED], required=False)
    q = PlainText(required=False, max_length=80, help_text="Words, with or without accents.")
    cooperative = serializers.SlugField(required=False, max_length=80)


class NewSession(serializers.Serializer):
    title = PlainText(max_length=120)
    starts_at = InstantField(help_text="ISO 8601; without an offset it is local time in Vietnam.")
    planned_minutes = WholeField(default=120, min_value=MIN_MINUTES, max_value=MAX_MINUTES)
    shipping_fee_vnd = VndField(max_vnd=MAX_FEE_VND, help_text="0, or at least 1000.")
    summary = PlainText(required=False, max_length=1000, has_lines=True)
    stream_url = serializers.CharField(required=False, allow_blank=True, max_length=300)
    is_draft = serializers.BooleanField(default=False, help_text="Seen by its own people only.")

    def validate_shipping_fee_vnd(self, fee_vnd: int) -> int:
        if reason := why_no_fee(fee_vnd):
            raise serializers.ValidationError(reason)
        return fee_vnd

    def validate_stream_url(self, link: str) -> str:
        from django.core.exceptions import ValidationError

        try:
            return HttpsField(required=False, max_length=300).clean(link)
        except ValidationError as error:
            raise serializers.ValidationError(error.messages) from error


class OfferTerms(serializers.Serializer):
    unit_price_vnd = VndField(min_vnd=MIN_PRICE_VND, max_vnd=MAX_PRICE_VND)
    quantity_offered = CountField(min_value=1, max_value=MAX_UNITS)
    limit_per_buyer = CountField(default=10, min_value=1, max_value=MAX_UNITS_PER_CLAIM)
    price_is_meant = serializers.BooleanField(
        required=False, help_text="Needed for a price at a third of the usual, or three times it."
    )


class NewOffer(OfferTerms):
    lot = WholeField(min_value=1, help_text="Id of a lot of your own.")
