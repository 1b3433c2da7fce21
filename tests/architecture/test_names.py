"""Constraints read as the sentence they enforce; settings name only what exists."""

import re
from collections import Counter
from importlib import import_module
from pathlib import Path

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string

OURS = {
    "config",
    "core",
    "accounts",
    "coops",
    "products",
    "traceability",
    "livestreams",
    "orders",
    "dashboards",
}


def test_constraints_are_named_as_sentences() -> None:
    wrong = [
        constraint.name
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for constraint in model._meta.constraints
        if not re.fullmatch(r"[a-z]+(_[a-z0-9]+){2,}", constraint.name)
    ]
    assert not wrong


def test_money_weight_time_and_days_carry_their_unit() -> None:
    endings = {"DateTimeField": ("_at", "_by", "last_login"), "DateField": ("_on",)}
    wrong = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in OURS and "Event" not in model.__name__
        for field in model._meta.get_fields()
        for ending in [endings.get(type(field).__name__)]
        if ending and not field.name.endswith(ending)
    ]
    assert not wrong


def test_every_task_in_settings_exists() -> None:
    for app in OURS:
        try:
            import_module(f"{app}.tasks")
        except ModuleNotFoundError as error:
            assert error.name == f"{app}.tasks"  # noqa: PT017
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    named |= {task for routes in settings.OUTBOX_TASKS.values() for task, _ in routes}
    assert named <= set(current_app.tasks)


def test_every_snapshot_in_settings_exists() -> None:
    for dotted in (*settings.LIVE_SNAPSHOTS.values(), *settings.LIVE_FEEDS.values()):
        assert callable(import_string(dotted))


def test_no_two_advisory_locks_share_a_number() -> None:
    """Session 5's recount once waited for the labels of batch 5."""
    sources = [p for app in OURS for p in (Path(settings.BASE_DIR) / app).rglob("*.py")]
    numbers = Counter(n for p in sources for n in re.findall(r"= (7_305_\d{3})\b", p.read_text()))
    assert len(numbers) >= 5
    assert not [number for number, count in numbers.items() if count > 1]
