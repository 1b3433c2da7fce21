"""The import table of the house: imports go down only, also inside functions and in strings."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MAY_IMPORT = {
    "core": set(),
    "accounts": {"core"},
    "coops": {"accounts", "core"},
    "products": {"coops", "accounts", "core"},
    "traceability": {"products", "coops", "accounts", "core"},
    "livestreams": {"products", "coops", "accounts", "core"},
    "orders": {"livestreams", "traceability", "products", "coops", "accounts", "core"},
    "dashboards": {
        "orders",
        "livestreams",
        "traceability",
        "products",
        "coops",
        "accounts",
        "core",
    },
}
APPS = set(MAY_IMPORT) | {"config"}

# Inside an app, from what may be read by all to what reads all
LAYERS = ["errors", "querysets", "models", "events", "access", "services", "forms", "views"]
TOP_LAYER = {"views", "api", "tasks", "urls", "admin", "apps"}


def python_files(app: str) -> list[Path]:
    return [p for p in (ROOT / app).rglob("*.py") if "migrations" not in p.parts]


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def strings(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {
        n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


@pytest.mark.parametrize("app", sorted(MAY_IMPORT))
def test_imports_go_down_only(app: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files(app)
        for name in imported_modules(path)
        if (top := name.split(".")[0]) in APPS and top != app and top not in MAY_IMPORT[app]
    }
    assert not wrong


@pytest.mark.parametrize("app", sorted(MAY_IMPORT))
def test_no_string_reaches_up(app: str) -> None:
    """A model or module named in a string is an import too, only hidden."""
    above = APPS - MAY_IMPORT[app] - {app, "config"}
    allowed = {"core/management"}  # none today: the folder of commands names services by topic
    wrong = {
        f"{path.relative_to(ROOT)}: {text!r}"
        for path in python_files(app)
        if not any(str(path.relative_to(ROOT)).startswith(folder) for folder in allowed)
        for text in strings(path)
        if text.count(".") >= 1
        and " " not in text
        and text.split(".")[0] in above
        and (ROOT / text.split(".")[0] / (text.split(".")[1].lower() + ".py")).exists()
    }
    assert not wrong


@pytest.mark.parametrize("app", sorted(set(MAY_IMPORT) - {"core"}))
def test_layers_inside_an_app_point_down(app: str) -> None:
    wrong = set()
    for path in python_files(app):
        layer = path.relative_to(ROOT / app).parts[0].removesuffix(".py")
        if layer not in LAYERS or layer == "views":
            continue
        higher = set(LAYERS[LAYERS.index(layer) + 1 :]) | TOP_LAYER
        for name in imported_modules(path):
            parts = name.split(".")
            if parts[0] == app and len(parts) > 1 and parts[1] in higher:
                if layer == "querysets" and parts[1] == "models":
                    continue  # prefetches name the models whose managers they are
                wrong.add(f"{path.relative_to(ROOT)} imports {name}")
    assert not wrong


def test_only_the_relay_publishes() -> None:
    """Rule: nothing is handed to the broker in a request or on commit."""
    wrong = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for app in APPS
        for path in python_files(app)
        if path != ROOT / "core" / "relay.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"delay", "apply_async", "send_task", "on_commit"}
    }
    assert not wrong


def test_the_table_catches_a_climber(tmp_path: Path) -> None:
    climber = tmp_path / "climber.py"
    climber.write_text("def f():\n    from orders.models import Order\n")
    assert "orders.models" in imported_modules(climber)
    assert "orders" not in MAY_IMPORT["livestreams"]
