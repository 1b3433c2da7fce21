"""The production files name only what exists: commands, modules, settings; and hold no secret."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands
from django.test import Client
from pytest_django import Settings

from core.secret_paths import SECRET_PATHS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def settings_words() -> set[str]:
    """Every name that settings read from the environment."""
    text = (ROOT / "config" / "settings.py").read_text()
    return set(re.findall(r"""(?:env\w*\(|environ\.get\(|environ\[)\s*["'](\w+)["']""", text))


DOCKERFILES = [ROOT / "Dockerfile", ROOT / "deploy" / "nginx.Dockerfile"]


def commands(compose: dict[str, Any]) -> list[list[str]]:
    checks = [
        service.get("healthcheck", {}).get("test", []) for service in compose["services"].values()
    ]
    named = [check[1:] for check in checks if check[1:3] == ["python", "manage.py"]]
    named += [
        service["command"] for service in compose["services"].values() if "command" in service
    ]
    usual = [re.search(r"^CMD (\[.*\])$", file.read_text(), re.MULTILINE) for file in DOCKERFILES]
    return [*named, *(yaml.safe_load(found[1]) for found in usual if found)]


def test_every_part_of_the_platform_is_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {
        "nginx",
        "migrate",
        "web",
        "live",
        "worker",
        "messages-worker",
        "files-worker",
        "beat",
        "relay",
        "postgres",
        "valkey",
    }


@pytest.mark.filterwarnings("ignore:No directory at")  # static files are collected elsewhere
def test_every_command_exists(compose: dict[str, Any]) -> None:
    for command in commands(compose):
        match command:
            case ["python", "manage.py", name, *_]:
                assert name in get_commands()
            case ["granian", *_, target]:
                module, _, attribute = target.partition(":")
                assert hasattr(importlib.import_module(module), attribute)
            case ["celery", "-A", module, kind, *_]:
                assert hasattr(importlib.import_module(module), "celery_app")
                assert kind in {"worker", "beat"}
            case ["valkey-server", *_] | ["nginx", *_] | ["postgres", *_]:
                pass
            case _:
                pytest.fail(f"a command nobody checks: {command}")


def test_every_variable_is_one_that_settings_read(
    compose: dict[str, Any], settings_words: set[str]
) -> None:
    for name in ("web", "live", "worker", "beat", "relay", "migrate"):
        given = set(compose["services"][name]["environment"])
        assert given <= settings_words
        assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= given


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search(r"SECRET|PASSWORD|KEY", name):
                assert re.fullmatch(r"\$\{\w+:[?-][^}]*\}", value)
            assert not re.search(r"://[^:/]+:[^$@]+@", str(value))


def test_what_must_live_on_lives_in_volumes(compose: dict[str, Any]) -> None:
    assert set(compose["volumes"]) == {"postgres", "valkey", "media"}
    for name in ("postgres", "valkey", "web"):
        mounts = {str(mount).split(":")[0] for mount in compose["services"][name]["volumes"]}
        assert mounts & set(compose["volumes"])


def test_services_that_others_wait_for_tell_their_health(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        waits = service.get("depends_on", {})
        for name, how in waits.items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in compose["services"][name]


def test_what_serves_and_works_tells_its_health(compose: dict[str, Any]) -> None:
    silent = {name for name, service in compose["services"].items() if "healthcheck" not in service}
    assert silent == {"migrate", "beat"}  # one ends, the other answers nobody


def test_nginx_starts_again_with_what_it_asked_for_the_addresses_of(
    compose: dict[str, Any],
) -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    waits = compose["services"]["nginx"]["depends_on"]
    for name in set(re.findall(r"server (\w+):\d+;", text)):
        assert waits[name]["restart"] is True


def test_the_database_has_connections_for_four_web_containers(
    compose: dict[str, Any], settings: Settings
) -> None:
    image = (ROOT / "Dockerfile").read_text()
    found = re.search(r'"--workers", "(\d+)"', image)
    assert found
    of_one = int(found[1]) * (
        settings.WEB_THREADS + 2 * settings.ORDER_THREADS + settings.UPLOAD_THREADS
    )
    settings_of_server = " ".join(compose["services"]["postgres"]["command"])
    allowed = re.search(r"max_connections=(\d+)", settings_of_server)
    assert allowed
    assert 4 * of_one + 50 <= int(allowed[1])


def test_secrets_beside_the_files_stay_out_of_the_image() -> None:
    kept_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", "deploy/tls", ".git", "var"} <= set(kept_out)


def test_mounted_files_exist(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists()


def test_boards_are_published_where_nginx_takes_them_and_nobody_outside_can(
    compose: dict[str, Any],
) -> None:
    url = compose["services"]["relay"]["environment"]["NCHAN_PUBLISH_URL"]
    found = re.fullmatch(r"http://(\w+):(\d+)(/publish/)", url)
    assert found
    service, port, path = found.groups()
    conf = (ROOT / "deploy" / "nginx.conf").read_text()
    assert f"listen {port};" in conf
    assert f'location ~ "^{path}board/' in conf
    published = {str(mapping).split(":")[-1] for mapping in compose["services"][service]["ports"]}
    assert published == {"80", "443"}


def test_images_that_are_built_have_their_files(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        build = service.get("build")
        if isinstance(build, dict):
            assert (ROOT / build["context"] / build["dockerfile"]).exists()
        elif build:
            assert (ROOT / build / "Dockerfile").exists()


def test_the_dockerfile_copies_what_exists() -> None:
    text = (ROOT / "Dockerfile").read_text()
    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE):
        assert (ROOT / source).exists()


def test_nginx_proxies_to_services_and_hides_secret_addresses(compose: dict[str, Any]) -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    upstreams = re.findall(r"server (\w+):\d+;", text)
    assert set(upstreams) <= set(compose["services"])
    for secret in SECRET_PATHS:
        assert f"~^{secret} {secret}…;" in text
    assert text.count("{") == text.count("}")


def test_the_container_answers_its_own_health_check(
    compose: dict[str, Any], settings: Settings
) -> None:
    asked = re.search(r"http://([\d.]+):8000(/\w+)", str(compose["services"]["web"]["healthcheck"]))
    assert asked
    host, path = asked.groups()
    allowed = compose["services"]["web"]["environment"]["ALLOWED_HOSTS"]
    settings.ALLOWED_HOSTS = ["chophien.example"]
    assert Client(headers={"host": host}).get(path).status_code == 400  # the harm
    settings.ALLOWED_HOSTS = re.sub(r"\$\{.*?\}", "chophien.example", allowed).split(",")
    assert Client(headers={"host": host}).get(path).status_code == 200


def test_the_board_cache_tells_readers_apart_by_all_that_their_pages_differ_in() -> None:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    key = re.search(r'proxy_cache_key "(.*)";', text)
    assert key
    assert {"$host", "$language", "$zipping", "$uri"} <= set(key[1].split("|"))
