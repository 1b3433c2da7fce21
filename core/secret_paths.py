"""Addresses that end in a secret token, which is a credential."""

import re

SECRET_PATHS = ("/don/", "/hang-cho/", "/api/orders/", "/api/standby/", "/live/console/")
_SECRET_IN_TEXT = re.compile(rf"({'|'.join(SECRET_PATHS)})[^/\s?#\"']+")


def without_secret(path: str) -> str:
    """`path` up to where its secret begins."""
    return next((secret for secret in SECRET_PATHS if path.startswith(secret)), path)


def hide_secrets_in_text(text: str) -> str:
    """`text` with … for the secret in each address it names."""
    return _SECRET_IN_TEXT.sub(r"\1…", text)
