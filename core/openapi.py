"""The OpenAPI document, read off what the views of core.rest say of themselves."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from core.idempotency import KEY_HEADER, KEY_LENGTHS

SAFE = {"GET", "HEAD", "OPTIONS"}


class Refusal(serializers.Serializer):
    """Why something was not done. `code` is for programs, `message` for people."""

    code = serializers.CharField()
    message = serializers.CharField(help_text="In the language of the cookie `lang` (vi, en).")
    field = serializers.CharField(allow_null=True, help_text="The input at fault, if there is one.")
    details = serializers.DictField(help_text="What a program may need to offer a way on.")


class HouseSchema(AutoSchema):
    """Takes words, input and answers from the view's `says`, `takes`, `gives` and `asks`."""

    view: Any

    def get_summary(self) -> str:
        return str(self.view.says[self.method])

    def get_description(self) -> str:  # type: ignore[override]  # spectacular asks without words
        return str(self.view.__doc__ or "")

    def get_extensions(self) -> dict[str, Any]:
        rule = self.view.access_rule
        return {"x-access": {"audience": str(rule.audience), "roles": list(rule.roles)}}

    def get_request_serializer(self) -> Any:
        return self.view.takes.get(self.method)

    def get_response_serializers(self) -> Any:
        return {
            self.view.status_of(self.method): self.view.gives.get(self.method),
            "default": Refusal,
        }

    def get_override_parameters(self) -> list[Any]:
        if self.method in SAFE:
            return [self.view.asks] if self.view.asks else []
        return [
            OpenApiParameter(
                KEY_HEADER,
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                required=True,
                description=(
                    f"{KEY_LENGTHS.start} to {KEY_LENGTHS.stop - 1} characters of your own, new for"
                    " every new wish. The same key brings the same answer again."
                ),
            )
        ]
