"""An authenticator app as on a reviewer's phone: reads the key as text, shows codes (RFC 6238)."""

import base64
import time

from django_otp.oath import totp


class Authenticator:
    """`Authenticator("MMFL CDEQ …")`; `code()` is what the app shows now."""

    def __init__(self, key_as_text: str) -> None:
        letters = "".join(key_as_text.split())
        self.key = base64.b32decode(letters + "=" * (-len(letters) % 8))

    def code(self) -> str:
        return f"{totp(self.key, t0=0, drift=0):06d}"

    def wait_for_the_next(self) -> None:
        """Each code works once."""
        time.sleep(30 - time.time() % 30)
