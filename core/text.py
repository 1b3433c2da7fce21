"""Vietnamese text: one spelling for storage, keys for searching and for sorting.

Text is stored as typed (NFC); the keys made here are compared instead of it.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from core.refusals import InputRefused

# Letters that no decomposition takes apart; people write them without the stroke when in a hurry.
_STROKES = str.maketrans(
    {
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "ɖ": "d",
        "Ɖ": "D",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
    }
)
_LOOK_LIKE_D = str.maketrans({"Ð": "Đ", "ð": "đ", "Ɖ": "Đ", "ɖ": "đ"})
# Without a shape, though Unicode does not call them “format”: Hangul fillers, grapheme joiner.
_SHAPELESS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_MAX_MARKS = 4  # on one letter, over and above its own; more would cover other people's lines
_PLAIN = re.compile("[ -~\u00c0-\u024f\u1e00-\u1eff]*")  # nothing that is not seen
_SPACES = re.compile(r"[ \t]+")
_MANY_BREAKS = re.compile(r"\n{3,}")
_NOT_A_WORD = re.compile(r"[\W_]+")
_Y_FOR_I = re.compile(r"(?<=[bcdfghjklmnpqrstvwxz])y|(?<=qu)y")


class UnusableText(InputRefused):
    """Text that no page or database can hold."""

    messages: ClassVar[dict[str, Any]] = {
        "unreadable": _("This text holds characters that cannot be read. Please type it again.")
    }


def nfc(s: str) -> str:
    """`s` with one code point per Vietnamese letter, however the keyboard made it.

    Letters of Icelandic (Ð) and Ewe (Ɖ) look like Đ and come out of old fonts and key tables; no
    search, sorting or bank's transcription would know them.
    """
    return unicodedata.normalize("NFC", s.translate(_LOOK_LIKE_D))


def clean_line(s: str) -> str:
    """`s` as one line: NFC, no invisible characters, single spaces, none at the ends.

    Raises UnusableText for NUL and lone surrogates, which mean broken or hostile input.
    """
    return " ".join((s if _is_plain(s) else clean_text(s)).split())


def _is_plain(s: str) -> bool:
    """Whether `s` holds only what is seen, of the letters that Vietnamese is typed with."""
    return _PLAIN.fullmatch(s) is not None and nfc(s) == s


def clean_text(s: str) -> str:
    """Like clean_line, but line breaks stay (at most one empty line between paragraphs)."""
    if "\0" in s or any("\ud800" <= c <= "\udfff" for c in s):
        raise UnusableText("unreadable")
    visible = "".join(_visible(nfc(s.replace("\r\n", "\n"))))
    lines = (_SPACES.sub(" ", line).strip() for line in nfc(visible).split("\n"))
    return _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip()


def _visible(s: str) -> Iterator[str]:
    marks = 0
    for c in s:
        category = unicodedata.category(c)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if c in "\n\r\u2028\u2029\x85":
            yield "\n"
        elif c in "\t\v\f\u2800" or category == "Zs":
            yield " "
        elif category not in {"Cc", "Cf"} and marks <= _MAX_MARKS and not _is_nothing(c):
            yield c


def _is_nothing(c: str) -> bool:
    return c in _SHAPELESS or ord(c) & 0xFFFE == 0xFFFE or "\ufdd0" <= c <= "\ufdef"


def ascii_fold(s: str) -> str:
    """`s` in ASCII, capitals kept: “Chè Đắng” is “Che Dang”. What has no ASCII form is dropped."""
    decomposed = unicodedata.normalize("NFKD", s.translate(_STROKES))
    return decomposed.encode("ascii", "ignore").decode("ascii")


def fold(s: str) -> str:
    """The key `s` is found by: lower case, no marks, no punctuation, single spaces.

    Spellings of one word meet: hoà/hòa, thuỷ/thủy, kỹ/kĩ, quý/quí, Đ/D. Letters of other scripts
    stay. Folding the beginning of a word gives the beginning of its key, so typing ahead works.
    """
    decomposed = unicodedata.normalize("NFKD", s.casefold().translate(_STROKES))
    bare = "".join(c for c in decomposed if unicodedata.category(c) not in {"Mn", "Me", "Cf"})
    return _Y_FOR_I.sub("i", _NOT_A_WORD.sub(" ", bare.casefold()).strip())


def search_query(s: str) -> str:
    """What a visitor typed as a key of at most eight words; each is to be found in a fold()."""
    return " ".join(fold(s[:200]).split()[:8])


def slugify_vi(s: str, *, max_length: int = 60) -> str:
    """`s` as a part of an address or a file name: “Chè Shan Tuyết” is “che-shan-tuyet”."""
    words = re.findall(r"[a-z0-9]+", ascii_fold(s).lower())
    slug = "-".join(words)
    if len(slug) <= max_length:
        return slug
    return slug[: max_length + 1].rpartition("-")[0] or slug[:max_length]


# Sorting: Unicode's rules for Vietnamese (CLDR `vi`) as one string to be compared by code point.
# Level 1 is the letter (ă, â, đ, ê, ô, ơ, ư are their own), level 2 the tone, 3 the case.

_ORDER = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_PLACE = {c: chr(0x20 + i) for i, c in enumerate(_ORDER)}
_LETTER_MARKS = frozenset("\u0306\u0302\u031b")  # breve, circumflex, horn: parts of a letter
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
_OTHER_MARK = "6"
_LEVEL = "\x1f"  # below every character of a level


def sort_key(s: str) -> str:
    """The key `s` is sorted by in a column with the C (code point) collation.

    a ă â b c d đ … and, where only tones differ, none, huyền, hỏi, ngã, sắc, nặng; small letters
    before capitals when nothing else differs.
    """
    letters: list[str] = []
    tones: list[str] = []
    cases: list[str] = []
    for c in unicodedata.normalize("NFKC", s):
        for letter, tone in _letters_of(c.lower()):
            if letter:
                letters.append(_PLACE.get(letter, letter))
                tones.append(tone)
                cases.append("1" if c != c.lower() else "0")
            elif tones:
                tones[-1] = tone
    levels = ("".join(letters), "".join(tones).rstrip("0"), "".join(cases).rstrip("0"))
    return _LEVEL.join(levels)


def _letters_of(lower: str) -> Iterator[tuple[str, str]]:
    """Each letter of `lower` with its tone; ("", tone) for a mark without a letter."""
    for c in unicodedata.normalize("NFC", lower):
        parts = unicodedata.normalize("NFD", c)
        base, marks = parts[0], parts[1:]
        if unicodedata.combining(base):
            yield "", _TONES.get(base, _OTHER_MARK)
        elif unicodedata.category(base)[0] in "LNPSZ":
            own = nfc(base + "".join(m for m in marks if m in _LETTER_MARKS))
            if own not in _PLACE:
                own = base
            left = [m for m in marks if m not in _LETTER_MARKS or own == base]
            yield own, _TONES.get(left[0], _OTHER_MARK) if left else "0"
