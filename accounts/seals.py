"""Six digits as they are kept: a keyed hash to compare with, and a seal only the sender opens."""

import secrets

from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

CODE_DIGITS = 6
_HASH_SALT = "accounts.seals.hash"
_STREAM_SALT = "accounts.seals.stream"
_SEAL_SALT = "accounts.seals.seal"
_NONCE_BYTES = 16


def new_code() -> str:
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def code_hash(*, phone: str, purpose: str, code: str) -> str:
    """Useless without SECRET_KEY, although there are only a million codes."""
    words = f"{purpose}:{phone}:{code}"
    return salted_hmac(_HASH_SALT, words, algorithm="sha256").hexdigest()


def is_same_hash(one: str, other: str) -> bool:
    return constant_time_compare(one, other)


def api_token_hash(text: bytes) -> str:
    """Keyed hash of a token; without SECRET_KEY it cannot be matched to a token."""
    return salted_hmac("accounts.api_token", text, algorithm="sha256").hexdigest()


def seal(code: str) -> str:
    """`code` encrypted with a key stream of its own (HMAC-SHA256 of a fresh nonce), and signed."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return signing.dumps([nonce.hex(), _mix(code.encode(), nonce).hex()], salt=_SEAL_SALT)


def open_seal(sealed: str) -> str:
    """Raises django.core.signing.BadSignature when the seal is broken or of another key."""
    nonce, mixed = signing.loads(sealed, salt=_SEAL_SALT)
    return _mix(bytes.fromhex(mixed), bytes.fromhex(nonce)).decode()


def _mix(text: bytes, nonce: bytes) -> bytes:
    stream = salted_hmac(_STREAM_SALT, nonce, algorithm="sha256").digest()
    return bytes(a ^ b for a, b in zip(text, stream, strict=False))
