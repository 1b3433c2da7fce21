"""What people type or paste, as they mean it: the one step before any reader of numbers, phones,
codes and days.

Phones, chats and spreadsheets put in what nobody sees (zero-width marks, marks of direction,
variation selectors, no-break blanks) and what looks like a key (dashes, full-width digits).
"""

import unicodedata

# Categories that show nothing by themselves
_UNSEEN = {"Cf", "Cc", "Cn", "Co"}
_DASHES = dict.fromkeys("‐‑‒–—―−﹘﹣－⁃➖", "-")
_QUOTES = dict.fromkeys("’‘′´`", "'")
_STOPS = {"。": ".", "、": ",", "٫": ".", "٬": ",", "∕": "/", "⁄": "/", "：": ":"}
_BY_KEY = str.maketrans({**_DASHES, **_QUOTES, **_STOPS})


def as_meant(typed: str) -> str:
    """`typed` with the digits, dashes and blanks of a keyboard, single blanks, none at the ends.

    For what is read, not kept: numbers, codes, phones, days. Names and stories go through
    core.text.clean_line and clean_text, which keep their signs.
    """
    if typed.isascii() and typed.isprintable():
        return " ".join(typed.split())
    shown = "".join(_shown(c) for c in typed.translate(_BY_KEY)).translate(_BY_KEY)
    kept = (" " if c.isspace() else c for c in shown if not _is_unseen(c))
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


def _shown(c: str) -> str:
    """Full-width signs as those of a keyboard; other letters stay: ſ is no S."""
    is_letter = c.isalpha() and not "\uff21" <= c <= "\uff5a"
    return c if is_letter else unicodedata.normalize("NFKC", c)


def _is_unseen(c: str) -> bool:
    return (unicodedata.category(c) in _UNSEEN and not c.isspace()) or _is_selector(c)


def _is_selector(c: str) -> bool:
    """Variation selectors, the keycap's frame, the grapheme joiner, Hangul fillers, braille blank."""
    return "\ufe00" <= c <= "\ufe0f" or c in "\u20e3\u034f\u115f\u1160\u3164\uffa0\u2800"
