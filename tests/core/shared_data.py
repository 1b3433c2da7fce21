"""Facts and hostile inputs kept beside the project, in ../shared/data; not copied into it."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core.refusals import InputRefused

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


@cache
def load(name: str) -> Any:
    """The JSON file `name` of the folder; skips the test where the folder is absent."""
    return json.loads(content(name))


def content(name: str) -> bytes:
    """The file `name` of the folder as it is; skips the test where the folder is absent."""
    if not FOLDER.is_dir():
        pytest.skip("needs the vectors in ../shared/data, which are not part of the project")
    return (FOLDER / name).read_bytes()


def tried(call: Callable[..., Any], *args: Any) -> tuple[Any, InputRefused | None]:
    """What `call` answers, or how it refused."""
    try:
        return call(*args), None
    except InputRefused as refused:
        return None, refused


def vectors(name: str, *kinds: str) -> list[dict[str, Any]]:
    chosen = [v for v in load(name)["vectors"] if not kinds or v["kind"] in kinds]
    assert chosen, f"no {kinds} in {name}"
    return chosen


def hostile_vn(kind: str) -> list[dict[str, str]]:
    return [case for case in load("hostile/own_vn/cases.json") if case["class"] == kind]


def hostile_strings() -> list[str]:
    """Naughty strings and injection payloads of every kind."""
    lists = [load(f"hostile/payloads/{name}.json") for name in ("xss", "sqli", "crlf", "xxe")]
    lists.append(load("hostile/blns/blns.json"))
    return [s for one in lists for s in one if isinstance(s, str)]
