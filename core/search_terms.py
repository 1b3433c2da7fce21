"""What a search is for: its words, with other words for the same thing.

North and south name the same goods differently, and a legal form is written short or long.
"""

from core.text import fold, search_query

SAME = [
    ("htx", "hop tac xa"),
    ("tht", "to hop tac"),
    ("che", "tra"),
    ("lon", "heo"),
    ("ngo", "bap"),
    ("lac", "dau phong"),
    ("san", "khoai mi"),
    ("mien dong", "bun tau"),
    ("tap hoa", "thuc pham kho"),
    ("nam huong", "nam dong co"),
    ("qua", "trai"),
]
OTHERS = {
    fold(phrase): [fold(other) for other in group if other != phrase]
    for group in SAME
    for phrase in group
}
LONGEST = max(len(phrase.split()) for phrase in OTHERS)


def terms_of(typed: str) -> list[list[str]]:
    """The search as terms; a row is found when it holds, of each term, one of its phrases."""
    words = search_query(typed).split()
    terms: list[list[str]] = []
    while words:
        length = next((n for n in range(LONGEST, 0, -1) if " ".join(words[:n]) in OTHERS), 0)
        phrase = " ".join(words[: length or 1])
        terms.append([phrase, *OTHERS.get(phrase, [])])
        words = words[length or 1 :]
    return terms
