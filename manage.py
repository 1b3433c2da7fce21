#!/usr/bin/env python
"""The one door to every command of the platform."""

import os
import sys

from core.local.environment import prepare
from core.local.paths import LocalError


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        print("Django is missing: run bin/setup, then .venv/bin/python manage.py.", file=sys.stderr)
        return 1
    try:
        prepare(sys.argv[1:])
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, LocalError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
