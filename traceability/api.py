"""Origin for API clients: data of a code, the diary of a lot, and codes to print."""

from typing import Any

from django.db.models import Count, Min
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from coops.api import CommuneField, CommuneSerializer, CooperativeSerializer
from core.clock import db_today
from core.rest import (
    CountField,
    DayField,
    MemberView,
    PictureSerializer,
    PlainText,
    PublicView,
    absolute,
    members,
    once,
)
from products.api.serializers import RecognitionSerializer
from products.models import Lot, OcopRecognition
from traceability.access import get_batch, get_code_to_recall, get_lot_to_trace
from traceability.forms import MOST_CODES
from traceability.models import OriginCode, OriginCodeBatch, TraceEvent
from traceability.order_of_steps import doubtful
from traceability.public_views import CODE
from traceability.services import issuing, recalling, steps


class StepSerializer(serializers.ModelSerializer):
    commune = CommuneSerializer(allow_null=True)
    pictures = serializers.SerializerMethodField()

    class Meta:
        model = TraceEvent
        fields = ["step", "title", "note", "happened_on", "commune", "place", "pictures"]

    def get_pictures(self, event: TraceEvent) -> PictureSerializer(many=True):  # type: ignore[valid-type]
        return PictureSerializer([photo.picture for photo in event.photos.all()], many=True).data


class MyStepSerializer(StepSerializer):
    class Meta(StepSerializer.Meta):
        fields = ["id", *StepSerializer.Meta.fields, "recorded_at"]


class OriginLotSerializer(serializers.ModelSerializer):
    class Meta:
        model = Lot
        fields = ["code", "harvested_on", "best_before_on", "plot"]


class OriginSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="batch.product_name")
    pack = serializers.CharField(source="batch.pack_name")
    net_weight_g = serializers.IntegerField(source="batch.net_weight_g")
    cooperative = CooperativeSerializer(source="lot.variant.product.cooperative")
    lot = OriginLotSerializer()
    steps = StepSerializer(many=True)
    recognition = RecognitionSerializer(allow_null=True)
    doubtful_steps = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Places in `steps`, from 0, of those whose day cannot be so.",
    )
    scan_count = serializers.IntegerField(help_text="How often people opened the code's page.")
    first_scan_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(
        OriginCode.State.choices, help_text="recalled: the co-op called it back; see recall_reason."
    )
    page_url = serializers.SerializerMethodField()

    class Meta:
        model = OriginCode
        fields = [
            "code", "serial", "issued_at", "state", "recalled_at", "recall_reason", "product",
            "pack", "net_weight_g", "cooperative", "lot", "steps", "doubtful_steps", "recognition",
            "scan_count", "first_scan_at", "page_url",
        ]  # fmt: skip

    def get_page_url(self, origin: OriginCode) -> str:
        return absolute(reverse("show-origin", args=[origin.code]))


class BatchSerializer(serializers.ModelSerializer):
    page_url = serializers.SerializerMethodField(help_text="Where people fetch the label sheet.")

    class Meta:
        model = OriginCodeBatch
        fields = [
            "id", "quantity", "sheet", "state", "quantity_done", "failure", "requested_at",
            "ready_at", "page_url",
        ]  # fmt: skip

    def get_page_url(self, batch: OriginCodeBatch) -> str:
        return absolute(reverse("show-batch", args=[batch.pk]))


class NewStep(serializers.Serializer):
    step = serializers.ChoiceField(TraceEvent.Step.choices)
    title = PlainText(max_length=120, help_text="What was done, in your own words.")
    happened_on = DayField(help_text="A local day, not in the future.")
    place = PlainText(required=False, max_length=160)
    note = PlainText(required=False, max_length=2000, has_lines=True)
    commune = CommuneField(required=False)
    order_is_meant = serializers.BooleanField(
        required=False, help_text="Needed for a day before a step that must come first."
    )

    def validate_happened_on(self, day: Any) -> Any:
        if day > db_today():
            raise serializers.ValidationError(_("This day has not come yet."))
        return day


class NewBatch(serializers.Serializer):
    quantity = CountField(min_value=1, max_value=MOST_CODES)
    sheet = serializers.ChoiceField(
        OriginCodeBatch.Sheet.choices, default=OriginCodeBatch.Sheet.A4_24
    )


class ShowOrigin(PublicView):
    """Requests here are not counted as scans of a pack."""

    says = {"GET": _("What a printed code tells: product, co-op, lot, harvest day, steps.")}
    gives = {"GET": OriginSerializer}

    def get(self, request: Request, code: str) -> Response:
        found = OriginCode.objects.with_origin().filter(code=code) if CODE.fullmatch(code) else None
        origin: Any = found.first() if found is not None else None
        if origin is None:
            raise Http404
        events = origin.lot.trace_events.standing().select_related("commune__province")
        origin.steps = list(events.prefetch_related("photos__picture"))
        days = [(step.pk, step.step, step.happened_on) for step in origin.steps]
        unlikely = doubtful(days, origin.lot.harvested_on)
        origin.doubtful_steps = [n for n, step in enumerate(origin.steps) if step.pk in unlikely]
        product = origin.lot.variant.product
        origin.recognition = OcopRecognition.objects.valid().filter(product=product).first()
        scans = origin.scans.aggregate(count=Count("pk"), first_at=Min("scanned_at"))
        origin.scan_count, origin.first_scan_at = scans["count"], scans["first_at"]
        return self.answer(origin)


class TracerView(MemberView):
    access_rule = members("manager", "diarist")


class ListSteps(TracerView):
    says = {"GET": _("The diary of a lot as it stands."), "POST": _("Write a step.")}
    takes = {"POST": NewStep}
    gives = {"GET": MyStepSerializer(many=True), "POST": MyStepSerializer}
    makes_new = True

    def get(self, request: Request, lot_id: int) -> Response:
        lot = get_lot_to_trace(request.user, lot_id)
        standing = lot.trace_events.standing().select_related("commune__province")
        return self.page(standing.prefetch_related("photos__picture"))

    @once
    def post(self, request: Request, lot_id: int) -> Response:
        lot = get_lot_to_trace(request.user, lot_id)
        said = self.said()
        is_meant = said.pop("order_is_meant", False)
        event = steps.record_step(lot=lot, recorded_by=self.person, order_is_meant=is_meant, **said)
        event.refresh_from_db()
        return self.answer(event)


class ListBatches(TracerView):
    says = {
        "GET": _("Origin codes asked for, newest first."),
        "POST": _("Ask for origin codes; a worker draws them."),
    }
    takes = {"POST": NewBatch}
    gives = {"GET": BatchSerializer(many=True), "POST": BatchSerializer}
    makes_new = True

    def get(self, request: Request, lot_id: int) -> Response:
        lot = get_lot_to_trace(request.user, lot_id)
        return self.page(lot.origin_code_batches.order_by("-requested_at", "-pk"))

    @once
    def post(self, request: Request, lot_id: int) -> Response:
        lot = get_lot_to_trace(request.user, lot_id)
        batch = issuing.request_origin_codes(lot=lot, requested_by=self.person, **self.said())
        batch.refresh_from_db()
        return self.answer(batch)


class ShowBatch(TracerView):
    says = {"GET": _("How far the drawing of codes has come.")}
    gives = {"GET": BatchSerializer}

    def get(self, request: Request, batch_id: int) -> Response:
        return self.answer(get_batch(request.user, batch_id))


class NewRecall(serializers.Serializer):
    reason = PlainText(max_length=200, help_text="Buyers read this.")


class RecalledSerializer(serializers.ModelSerializer):
    state = serializers.ChoiceField(OriginCode.State.choices)

    class Meta:
        model = OriginCode
        fields = ["code", "serial", "state", "recalled_at", "recall_reason"]


class RecallCode(MemberView):
    access_rule = members("manager")
    says = {"POST": _("Call a code back: its page says so, and why.")}
    takes = {"POST": NewRecall}
    gives = {"POST": RecalledSerializer}

    @once
    def post(self, request: Request, lot_id: int, code: str) -> Response:
        origin = get_code_to_recall(request.user, lot_id, code)
        recalling.recall_code(origin=origin, reason=self.said()["reason"], by=self.person)
        return self.answer(origin)


class LiftRecall(MemberView):
    access_rule = members("manager")
    says = {"POST": _("Let a code that was called back hold again.")}
    gives = {"POST": RecalledSerializer}

    @once
    def post(self, request: Request, lot_id: int, code: str) -> Response:
        origin = get_code_to_recall(request.user, lot_id, code)
        recalling.lift_recall(origin=origin)
        return self.answer(origin)
