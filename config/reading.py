"""How settings are read from the environment: each is validated, with one sentence as the error."""

import os
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
LONGEST_NUMBER = 9  # digits
SHORTEST_KEY = 32


def env(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None or value == "":
        msg = f"{name} is not set. Start ./run first, or see docs/operations.md, “Settings”."
        raise ImproperlyConfigured(msg)
    return value


def env_flag(name: str, *, default: bool = False) -> bool:
    value = os.environ.get(name, "true" if default else "false")
    if value not in {"true", "false"}:
        msg = f"{name} must be true or false, not “{value}”."
        raise ImproperlyConfigured(msg)
    return value == "true"


def env_int(name: str, default: int, *, least: int = 1, most: int = 10**LONGEST_NUMBER) -> int:
    value = os.environ.get(name, str(default))
    if not (value.isascii() and value.isdigit()):
        msg = f"{name} must be a whole number, not “{value}”."
        raise ImproperlyConfigured(msg)
    if len(value) > LONGEST_NUMBER or not least <= int(value) <= most:
        msg = f"{name} must be from {least} to {most}, not {value}."
        raise ImproperlyConfigured(msg)
    return int(value)


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def env_key(name: str) -> str:
    """A secret that cannot be guessed."""
    value = env(name)
    if len(value) < SHORTEST_KEY:
        msg = f"{name} is too short: it needs {SHORTEST_KEY} random characters or more."
        raise ImproperlyConfigured(msg)
    return value


def env_log_level(name: str, default: str) -> str:
    value = os.environ.get(name, default)
    if value.upper() not in LOG_LEVELS:
        msg = f"{name} must be one of {', '.join(LOG_LEVELS)}, not “{value}”."
        raise ImproperlyConfigured(msg)
    return value.upper()


def env_address(name: str) -> str:
    """An http:// address that ends with a slash, or empty."""
    value = os.environ.get(name, "")
    if value and not (value.startswith("http://") and value.endswith("/")):
        msg = f"{name} must look like http://nginx:8080/publish/, not “{value}”."
        raise ImproperlyConfigured(msg)
    return value


def env_site(name: str, default: str) -> str:
    """Scheme and host of the site, without a slash at the end."""
    value = env(name, default).rstrip("/")
    if not value.startswith(("http://", "https://")):
        msg = f"{name} must start with http:// or https://."
        raise ImproperlyConfigured(msg)
    msg = f"{name} must be a scheme and a host such as https://chophien.example, not “{value}”."
    parts = split(value, msg)
    if not parts.hostname or value != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        raise ImproperlyConfigured(msg)
    return value


def env_hosts(name: str, site_url: str) -> list[str]:
    """Names the site answers to; that of its own address has to be among them."""
    host = str(urlsplit(site_url).hostname)
    host = f"[{host}]" if ":" in host else host
    hosts = env_list(name, host)
    if not validate_host(host, hosts):
        msg = f"{name} must hold “{host}”, the host of SITE_URL."
        raise ImproperlyConfigured(msg)
    return hosts


def split(address: str, msg: str) -> SplitResult:
    """The parts of `address`; its port is a number or `msg` is raised."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(msg) from error
    if any(letter.isspace() for letter in address):
        raise ImproperlyConfigured(msg)
    return parts


def database(url: str) -> dict[str, Any]:
    """Django's database settings from postgresql://user:password@host:port/name?option=value."""
    msg = "DATABASE_URL must look like postgresql://user:password@host:5432/name."
    parts = split(url, msg)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(msg)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": options.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": env_int("DATABASE_CONN_MAX_AGE", 60, least=0),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            # A server that vanished from the network is noticed (Unix sockets need none of this)
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": 15_000,
            # Smallest inside, largest outside: a lock gives up before its statement does.
            "options": "-c lock_timeout=2000 -c statement_timeout=30000"
            " -c idle_in_transaction_session_timeout=60000",
            **options,
        },
    }


def broker_url(redis_url: str) -> str:
    """Celery's spelling of the same server: Unix sockets are redis+socket:// there."""
    msg = "REDIS_URL must look like redis://host:6379/0 or unix:///path/to.sock?db=0."
    if redis_url.startswith("unix:///"):
        path, _, query = redis_url.removeprefix("unix://").partition("?")
        number = dict(parse_qsl(query)).get("db", "0")
        if number.isdigit():
            return f"redis+socket://{path}?virtual_host={number}"
    elif redis_url.startswith(("redis://", "rediss://")) and split(redis_url, msg).hostname:
        return redis_url
    raise ImproperlyConfigured(msg)
