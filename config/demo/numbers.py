"""Numbers of the demonstration: valid in form, and recognisably fictitious."""

import itertools
from collections.abc import Iterator

# GS1 keeps prefix 952 for demonstrations; no shop will ever scan one of these by accident.
GTIN_PREFIX = "952"
# No Vietnamese tax office has the code 99, so no real co-op has such a number.
TAX_OFFICE = "99"
TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def gtin(number: int) -> str:
    """The `number`-th GTIN-14 of the demonstration: a GTIN-13 behind a 0."""
    body = f"0{GTIN_PREFIX}{number:09d}"
    return f"{body}{gs1_check_digit(body)}"


def gs1_check_digit(digits: str) -> int:
    """GS1 General Specifications §7.9.1: weights 3, 1, 3, 1 … from the right."""
    total = sum(int(d) * (1 if i % 2 else 3) for i, d in enumerate(reversed(digits)))
    return -total % 10


def tax_code(number: int) -> str:
    """The `number`-th tax code (from 1) of the office that does not exist."""
    return next(itertools.islice(_tax_codes(), number - 1, None))


def _tax_codes() -> Iterator[str]:
    for serial in itertools.count(1):
        nine = f"{TAX_OFFICE}{serial:07d}"
        check = 10 - sum(int(d) * w for d, w in zip(nine, TAX_WEIGHTS, strict=True)) % 11
        if check < 10:  # 10 cannot be written in one digit, so such a serial is never given out
            yield f"{nine}{check}"


def person_phone(number: int) -> str:
    """Phones of the demonstration's people: 0900 000 000 to 0900 000 999."""
    return f"0900000{number:03d}"


def buyer_phone(number: int) -> str:
    """Phones of simulated buyers: 0900 100 000 to 0900 199 999."""
    return f"09001{number:05d}"


def bank_account(number: int) -> str:
    return f"00000000{number:02d}"
