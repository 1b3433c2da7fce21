#!/usr/bin/env python
"""The one door to every command of the platform."""

import os
import sys

from core.local.environment import prepare
from core.local.paths import BASE_DIR, LocalError

REMEDY = "Remove the folder .venv and start ./run again."


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        run(sys.argv)
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if (BASE_DIR / name).is_dir():
            raise  # one of ours
        return refuse(f"The package {name} is missing. {REMEDY}")
    return 0


def run(words: list[str]) -> None:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        prepare(words[1:])
        execute_from_command_line(words)
    except (ImproperlyConfigured, LocalError) as error:
        sys.exit(refuse(str(error)))
    except OperationalError as error:
        if "--traceback" in words:
            raise
        first_line = str(error).strip().partition("\n")[0]
        sys.exit(refuse(f"The database of DATABASE_URL cannot be used: {first_line}"))


def refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
