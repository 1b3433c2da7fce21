"""A co-op's program settles money that has to go back."""

from tests.api.conftest import Api
from tests.factories.orders import RefundFactory
from tests.world import World


def where(world: World) -> str:
    return f"my/cooperatives/{world.a.cooperative.slug}/refunds/"


def test_refunds_are_read_masked_and_filtered(mai: Api, world: World) -> None:
    found = mai.get(where(world)).json()["results"]
    assert [(row["id"], row["state"], row["reason"]) for row in found] == [
        (world.a.refund.pk, "due", "late")
    ]
    assert found[0]["buyer_phone"].startswith("09•• •••")
    assert mai.get(where(world), state="sent").json()["results"] == []


def test_sent_back_by_a_program_needs_the_reference(mai: Api, world: World) -> None:
    settle = f"{where(world)}{world.a.refund.pk}/settle/"
    refused = mai.post(settle, {"state": "sent"})
    assert refused.status_code == 400
    sent = mai.post(settle, {"state": "sent", "reference": "FT1"})
    assert (sent.status_code, sent.json()["state"]) == (200, "sent")
    assert mai.post(settle, {"state": "replaced"}).status_code == 409


def test_placed_anew_by_a_program_names_the_new_order(mai: Api, world: World) -> None:
    answer = mai.post(f"{where(world)}{world.a.refund.pk}/settle/", {"state": "replaced"}).json()
    assert answer["state"] == "replaced"
    assert answer["replacement"].startswith("CP")


def test_a_foreign_refund_is_missing(mai: Api, world: World) -> None:
    foreign = RefundFactory(order__offer=world.b.offer)
    assert mai.post(f"{where(world)}{foreign.pk}/settle/", {"state": "replaced"}).status_code == 404
