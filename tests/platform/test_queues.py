"""Every task has a queue, every queue has workers, and what the clock starts does not pile up."""

from pathlib import Path

import yaml
from pytest_django import Settings

from config.celery import app
from core.local import roles

ROOT = Path(__file__).parents[2]


def ours() -> set[str]:
    app.loader.import_default_modules()
    return {name for name in app.tasks if not name.startswith("celery.")}


def test_every_task_has_a_queue(settings: Settings) -> None:
    routed = [task for tasks in settings.WORK.values() for task in tasks]
    assert set(routed) == ours()
    assert len(routed) == len(set(routed))
    for task in ours():
        queue = app.amqp.router.route({}, task)["queue"].name
        assert task in settings.WORK[queue]


def test_every_queue_has_workers_here_and_in_production(settings: Settings) -> None:
    assert set(roles.WORKERS) == set(settings.WORK)
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    served = [
        (command[command.index("--queues") + 1], command[command.index("--concurrency") + 1])
        for service in services.values()
        if "--queues" in (command := service.get("command", []))
    ]
    assert dict(served) == {queue: str(hands) for queue, hands in roles.WORKERS.items()}


def test_what_the_clock_starts_expires_before_the_next_is_due(settings: Settings) -> None:
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert 0 < entry["options"]["expires"] < entry["schedule"], name
        assert entry["task"] in ours()


def test_messages_are_sent_by_no_worker_of_orders(settings: Settings) -> None:
    """A line moves and a code is made without a word to the gateway."""
    assert {t for t in ours() if "send" in t or "tell" in t} <= set(settings.WORK["messages"])
