"""Codes that people read aloud, type and put in a bank transfer; and secrets, which are not typed."""

import re
import secrets

from core.typed import as_meant

# No 0 O, 1 I L; no A or U, so that no code spells a word. 29 is prime: see _check_character.
ALPHABET = "23456789BCDEFGHJKMNPQRSTVWXYZ"
ORDER_PREFIX = "CP"
ORDER_CODE_LENGTH = 10
EARLIER_LENGTH = 8  # codes of the first days: found and accepted, no longer given
GROUP = 4

_VALUE = {c: i for i, c in enumerate(ALPHABET)}
_BODY_LENGTH = ORDER_CODE_LENGTH - len(ORDER_PREFIX) - 1
_LENGTHS = (ORDER_CODE_LENGTH, EARLIER_LENGTH)
_WHOLE = re.compile(rf"{ORDER_PREFIX}[{ALPHABET}]+")
_GAP = r"[ .\-]?"
_WRITTEN = [
    re.compile(
        "(?=("
        + _GAP.join([*ORDER_PREFIX, *[f"[{ALPHABET}]"] * (length - len(ORDER_PREFIX))])
        + "))"
    )
    for length in _LENGTHS
]


def random_code(length: int) -> str:
    """`length` characters that cannot be mistaken for one another, 4.8 bits each."""
    number, code = secrets.randbelow(len(ALPHABET) ** length), ""
    for _ in range(length):
        number, at = divmod(number, len(ALPHABET))
        code += ALPHABET[at]
    return code


def in_groups(code: str) -> str:
    """A long code in fours, for people who read it out or type it."""
    return " ".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def order_code() -> str:
    """A new order code such as CP7Q3K9XM4: CP, seven random characters and a check character.

    17 billion codes. With 34 provinces' orders of ten years in them (350 million) one attempt in
    fifty meets a code that is taken, and is repeated.
    """
    while True:
        body = random_code(_BODY_LENGTH)
        code = f"{ORDER_PREFIX}{body}{_check_character(body)}"
        if is_order_code(code):
            return code


def is_order_code(code: str) -> bool:
    """Whether `code` is whole and its check character right. Nothing else is accepted.

    No code begins with one of EARLIER_LENGTH, so that a cut one is not taken for another.
    """
    if len(code) not in _LENGTHS or not _WHOLE.fullmatch(code):
        return False
    if len(code) > EARLIER_LENGTH and is_order_code(code[:EARLIER_LENGTH]):
        return False
    return code[-1] == _check_character(code[len(ORDER_PREFIX) : -1])


def normalize_order_code(typed: str) -> str:
    """An order code as a person typed it, in its one spelling; "" when it cannot be one."""
    code = re.sub(r"[\s.\-]", "", _upper(as_meant(typed)))
    return code if is_order_code(code) else ""


def find_order_codes(memo: str) -> list[str]:
    """Every order code in a bank's text, in order, each once.

    Banks cut, capitalise, and glue text before and behind; people put a space or a dot in. A code
    that is a whole word is preferred to one that is glued to other letters. A cut or mistyped code
    is not found: the money then waits for a person.
    """
    alone: list[str] = []
    glued: list[str] = []
    text = _upper(memo)
    written = [found for pattern in _WRITTEN for found in pattern.finditer(text)]
    for found in sorted(written, key=lambda found: (found.start(1), -found.end(1))):
        code = re.sub(r"[ .\-]", "", found[1])
        if is_order_code(code):
            before, after = text[: found.start(1)][-1:], text[found.end(1) :][:1]
            is_alone = not before.isalnum() and not after.isalnum()
            (alone if is_alone else glued).append(code)
    return list(dict.fromkeys(alone or glued))


def secret_token() -> str:
    """192 random bits for an address that is itself the key."""
    return secrets.token_urlsafe(24)


def _upper(s: str) -> str:
    """Capitals of ASCII letters only: ſ must not become S."""
    return "".join(c.upper() if c.isascii() else c for c in s)


def _check_character(body: str) -> str:
    """Weighted sum modulo a prime: any one wrong character or swapped pair changes it."""
    total = sum(weight * _VALUE[c] for weight, c in enumerate(body, start=2))
    return ALPHABET[-total % len(ALPHABET)]
