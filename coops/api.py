"""Places and co-ops for programs."""

from typing import Any

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coops.commune_field import CommuneField as CommuneChoice, find_by_code
from coops.models import Commune, Cooperative, CooperativePhoto, Membership, Province
from core.access import AccessRule, Audience
from core.rest import PersonalView, PictureSerializer, PlainText, PublicView, absolute
from core.search_limits import count_search

MAX_TYPED = 80
MOST_MEANT = 200  # communes that what was typed may mean


class CommuneField(serializers.CharField):
    """A commune by its code of five digits; read as the Commune."""

    default_error_messages = {"unknown": CommuneChoice.default_error_messages["unknown"]}

    def to_internal_value(self, data: Any) -> Any:
        commune = find_by_code(super().to_internal_value(data))
        if commune is None:
            self.fail("unknown")
        return commune


class ProvinceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Province
        fields = ["code", "name", "kind"]


class CommuneSerializer(serializers.ModelSerializer):
    full_name = serializers.CharField(help_text="As written in an address.")
    province = serializers.CharField(source="province_id")

    class Meta:
        model = Commune
        fields = ["code", "name", "kind", "full_name", "province"]


class CooperativeNameSerializer(serializers.ModelSerializer):
    """The owner of an object, where a co-op is only named."""

    class Meta:
        model = Cooperative
        fields = ["slug", "name"]


class CooperativeSerializer(serializers.ModelSerializer):
    commune = CommuneSerializer()
    page_url = serializers.SerializerMethodField()

    class Meta:
        model = Cooperative
        fields = ["slug", "name", "kind", "commune", "is_women_led", "page_url"]

    def get_page_url(self, cooperative: Cooperative) -> str:
        return absolute(reverse("show-cooperative", args=[cooperative.slug]))


class CooperativePhotoSerializer(serializers.ModelSerializer):
    picture = PictureSerializer()

    class Meta:
        model = CooperativePhoto
        fields = ["caption", "picture"]


class CooperativeDetailSerializer(CooperativeSerializer):
    photos = CooperativePhotoSerializer(many=True)

    class Meta(CooperativeSerializer.Meta):
        fields = [*CooperativeSerializer.Meta.fields, "story", "photos"]


class MyCooperativeSerializer(CooperativeSerializer):
    roles = serializers.SerializerMethodField(help_text="What you are in it.")

    class Meta(CooperativeSerializer.Meta):
        fields = [*CooperativeSerializer.Meta.fields, "state", "review_note", "roles"]

    def get_roles(self, cooperative: Any) -> list[str]:
        return sorted(membership.role for membership in cooperative.my_memberships)


class CommuneQuery(serializers.Serializer):
    q = PlainText(
        required=False, max_length=MAX_TYPED, help_text="Begun name, with or without accents."
    )
    province = serializers.RegexField(r"^[0-9]{2}$", required=False)


class CooperativeQuery(serializers.Serializer):
    q = PlainText(required=False, max_length=MAX_TYPED, help_text="Words, with or without accents.")
    province = serializers.RegexField(r"^[0-9]{2}$", required=False)
    women_led = serializers.BooleanField(required=False, default=False)


class ListProvinces(PublicView):
    says = {"GET": _("The 34 provinces and cities.")}
    gives = {"GET": ProvinceSerializer(many=True)}

    def get(self, request: Request) -> Response:
        return self.page(Province.objects.in_order())


class ListCommunes(PublicView):
    """The official list of 2025. Names of units merged into a commune find it too."""

    says = {"GET": _("Communes and wards, by province or by a name begun.")}
    asks = CommuneQuery
    gives = {"GET": CommuneSerializer(many=True)}

    def get(self, request: Request) -> Response:
        asked = self.asked()
        province = asked.get("province", "")
        if asked.get("q"):
            return self.page(Commune.objects.suggest(asked["q"], MOST_MEANT, province))
        communes = Commune.objects.select_related("province")
        if province:
            communes = communes.of_province(province)
        return self.page(communes.in_order())


class ListCooperatives(PublicView):
    says = {"GET": _("Co-ops that sell here.")}
    asks = CooperativeQuery
    gives = {"GET": CooperativeSerializer(many=True)}

    def get(self, request: Request) -> Response:
        asked = self.asked()
        count_search(request._request, asked.get("q"))
        found = Cooperative.objects.public().matching(asked.get("q", ""))
        if asked.get("province"):
            found = found.filter(commune__province=asked["province"])
        if asked["women_led"]:
            found = found.filter(is_women_led=True)
        return self.page(found.in_order().select_related("commune__province"))


class ShowCooperative(PublicView):
    says = {"GET": _("One co-op with its story and pictures.")}
    gives = {"GET": CooperativeDetailSerializer}
    queryset = Cooperative.objects.public().select_related("commune__province")
    lookup_field = "slug"
    lookup_url_kwarg = "cooperative_slug"

    def get(self, request: Request, cooperative_slug: str) -> Response:
        return self.answer(self.get_object())


class ListMyCooperatives(PersonalView):
    says = {"GET": _("The co-ops you are a member of, and what you are in each.")}
    gives = {"GET": MyCooperativeSerializer(many=True)}
    access_rule = AccessRule(Audience.SIGNED_IN)

    def get(self, request: Request) -> Response:
        mine = Membership.objects.filter(user=request.user)
        memberships = Prefetch("memberships", mine, to_attr="my_memberships")
        found = Cooperative.objects.of_member(request.user).in_order()
        return self.page(found.select_related("commune__province").prefetch_related(memberships))
