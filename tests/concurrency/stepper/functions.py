"""Functions of the database, with a place to stop before each of their statements.

One call of a function is one statement of its client, but inside it each statement takes a new
snapshot, so others can come between. `with_stops` rewrites a PL/pgSQL body so that they can. A stop
is an ASSERT, the one statement that leaves FOUND alone.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

BODY = re.compile(r"AS (?P<quote>\$\w*\$)(?P<body>.*)(?P=quote)", re.DOTALL)
HEADERS = {"IF": "THEN", "ELSIF": "THEN", "FOR": "LOOP", "WHILE": "LOOP"}
SKIPPED = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
WORD = re.compile(r"[A-Za-z_]+|;|\S")


class NotUnderstood(ValueError):
    """The body uses something this reader of PL/pgSQL does not know."""


@dataclass(frozen=True)
class Stopped:
    """`definition` recreates the function with stops; stop n stands before `pieces[n]`."""

    definition: str
    pieces: list[str]


def with_stops(name: str, definition: str, matters: Callable[[str], bool]) -> Stopped:
    """`definition` as pg_get_functiondef gives it, in PL/pgSQL without EXCEPTION blocks.

    There is a stop before each piece that `matters`; the others run on with the one before.
    """
    found = BODY.search(definition)
    if not found:
        raise NotUnderstood(name)
    body = found["body"]
    cuts = _cuts(name, body)
    pieces = [body[start:end] for start, end in zip(cuts, [*cuts[1:], len(body)], strict=True)]
    stopped = body[: cuts[0]] + "".join(
        f" ASSERT stepper_stop('{name}:{number}'); {piece}" if matters(piece) else piece
        for number, piece in enumerate(pieces)
    )
    return Stopped(definition.replace(body, stopped), pieces)


def _cuts(name: str, body: str) -> list[int]:
    """Where a statement begins, or a branch or round of one."""
    blank = SKIPPED.sub(lambda skipped: " " * len(skipped[0]), body)
    begin = re.search(r"\bBEGIN\b", blank)
    if not begin:
        raise NotUnderstood(name)
    cuts = [begin.end()]
    position = begin.end()
    while word := WORD.search(blank, position):
        first = word[0].upper()
        if first in {"BEGIN", "EXCEPTION", "CASE", "LOOP", "FOREACH", "EXECUTE"}:
            raise NotUnderstood(f"{name}: {first}")
        closer = HEADERS.get(first, ";")
        position = word.end() if first == "ELSE" else _after(closer, blank, word.end())
        if re.fullmatch(r"\s*END\s*;?\s*", blank[word.start() :]):
            break
        cuts.append(position)
    return cuts


def _after(closer: str, blank: str, position: int) -> int:
    for word in WORD.finditer(blank, position):
        if word[0].upper() == closer:
            return word.end()
    return len(blank)
