"""One way to a unit of stock, and only the database on it: held by reading the sources."""

import ast
import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("core", "accounts", "coops", "products", "livestreams", "orders", "dashboards", "config")


def sources(*endings: str) -> list[Path]:
    return [
        path
        for app in APPS
        for ending in endings
        for path in sorted((ROOT / app).rglob(f"*.{ending}"))
        if "migrations" not in path.parts
    ]


def test_no_timeout_is_ever_lifted() -> None:
    """Pretix 4227; test_known_failures.py looks at what a connection has."""
    lifted = [
        str(path.relative_to(ROOT))
        for path in sources("py", "sql")
        if re.search(r"(lock|statement)_timeout\s*(=|TO)\s*'?0\b", path.read_text(encoding="utf-8"))
    ]
    assert not lifted


def test_no_redis_on_order_path() -> None:
    """Pretix PR 2408: one Redis lock for each event made a sale serial.

    tests/orders/test_broker_away.py orders with the broker stopped and frozen.
    """
    path = [
        ROOT / "core" / "outbox.py",
        ROOT / "core" / "idempotency.py",
        ROOT / "orders" / "api.py",
    ]
    path += [ROOT / "orders" / "api_placing.py", ROOT / "livestreams" / "querysets.py"]
    path += [
        ROOT / "orders" / "views" / f"{name}.py" for name in ("placing", "refusing", "order_page")
    ]
    path += (ROOT / "orders" / "services").glob("*.py")
    assert len(path) > 10
    assert not {str(source.relative_to(ROOT)): found for source in path if (found := lends(source))}


def test_control_a_redis_lock_is_found(tmp_path: Path) -> None:
    sample = tmp_path / "placing.py"
    sample.write_text("from core.realtime import redis_client\nimport redis\nredis.lock('x')\n")
    assert lends(sample)


# No way round the stock


TAKES = re.compile(
    r"orders_place_order\(|INSERT INTO orders_orderline|OrderLine\.objects\.(bulk_)?create"
    r"|OrderLine\.objects\.filter\(.*\)\.update\(quantity|orderline_set\.create|lines\.create"
)
CLAIMS = re.compile(r"SET quantity_claimed = quantity_claimed \+|\.claim\(")
CALLS = re.compile(r"SELECT orders_place_order\(")


def test_no_order_path_lacks_the_stock_call() -> None:
    """Eventyay 1359: a shortcut left out the lock unless a voucher was used, and sold two of one."""
    ways = {
        str(path.relative_to(ROOT))
        for path in sources("py", "sql")
        if TAKES.search(path.read_text(encoding="utf-8")) and "demo" not in path.parts
    }
    assert ways == {
        "orders/services/placing.py",  # asks the function, which stands in
        "orders/services/placing.sql",
        "orders/services/changing.py",
    }
    claiming = ways - {"orders/services/placing.py"}
    assert all(CLAIMS.search((ROOT / way).read_text(encoding="utf-8")) for way in claiming)
    callers = [p.name for p in sources("py") if CALLS.search(p.read_text(encoding="utf-8"))]
    assert callers == ["placing.py"]


def test_control_a_shortcut_past_the_stock_is_found() -> None:
    assert TAKES.search("OrderLine.objects.bulk_create(lines)")
    assert not CLAIMS.search("OrderLine.objects.bulk_create(lines)")


def test_every_order_of_the_function_claims_before_it_returns() -> None:
    """No branch of the function answers “placed” without the loop that claims."""
    source = (ROOT / "orders" / "services" / "placing.sql").read_text(encoding="utf-8")
    claim = source.index("SET quantity_claimed = quantity_claimed +")
    placed = [found.start() for found in re.finditer(r"'outcome', 'placed'", source)]
    assert len(placed) == 1
    assert claim < placed[0]
    assert "RETURN" not in source[claim : placed[0]].rsplit("END LOOP", 1)[0]


def lends(source: Path) -> list[str]:
    """Names in `source` by which something but the database could decide an order."""
    headers = "django.views.decorators.cache"  # of HTTP: nothing is kept
    bad = {"redis", "celery", "cache", "realtime", "delay", "apply_async", "on_commit"}
    found = []
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            found += [name for name in names if name != headers and bad & set(name.split("."))]
        elif isinstance(node, ast.Attribute) and node.attr in bad:
            found.append(node.attr)
    return found
