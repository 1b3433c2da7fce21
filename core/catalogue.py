"""Message catalogues without GNU gettext: marked strings of the code, and their Vietnamese.

English is the source and needs no catalogue. `manage.py messages` is the way in.
"""

import difflib
import fcntl
import io
import os
import re
import tokenize
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po
from django.utils.translation.template import templatize

LOCALE = "vi"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
NOT_OURS = {"var", "tests", "migrations", "bench", "deploy", "docs", "static", "staticfiles"}
TEMPLATE_SUFFIXES = {".html", ".txt", ".svg"}
PLACEHOLDER = re.compile(r"%%|(%\(\w+\)[a-z]|%[a-z]|\{\w*(?::[^}]*)?\})")
HEADER = """\
# Vietnamese words of Chợ Phiên. `manage.py messages` writes this file; words come in by `--add`.
msgid ""
msgstr ""
"Language: vi\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""

Key = tuple[str, str | None]


class CatalogueError(Exception):
    """A file of words cannot be read; the text says which and why."""


@dataclass
class Marked:
    """What the code marks for translation, and the files that could not be read."""

    catalogue: Catalog = field(default_factory=lambda: Catalog(locale=LOCALE, charset="utf-8"))
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass
class Merge:
    """What one merge did."""

    added: int = 0
    replaced: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)  # not marked anywhere -> nearest marked


def key_of(message: Message) -> Key:
    return (singular(message), message.context)


def singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def words_of(message: Message) -> list[str]:
    """The translation, one text for each plural form; empty when there is none."""
    if isinstance(message.string, str):
        return [message.string]
    return list(message.string or ())


def is_translated(message: Message) -> bool:
    words = words_of(message)
    return not message.fuzzy and bool(words) and all(words)


# Out of the code


def marked_in(root: Path) -> Marked:
    """Every string that Python and templates under `root` mark for translation."""
    marked = Marked()
    for path in sorted(sources(root)):
        name = path.relative_to(root).as_posix()
        try:
            found = list(messages_of(path))
        except (SyntaxError, tokenize.TokenError, UnicodeDecodeError) as error:
            marked.unreadable[name] = str(error)
            continue
        for words, context in found:
            marked.catalogue.add(words, locations=[(name, 1)], context=context)
    return marked


def sources(root: Path) -> Iterator[Path]:
    for folder, below, files in os.walk(root):
        below[:] = [name for name in below if name not in NOT_OURS and not name.startswith(".")]
        here = Path(folder)
        is_of_templates = "templates" in here.relative_to(root).parts
        for name in files:
            suffix = Path(name).suffix
            if suffix == ".py" or (is_of_templates and suffix in TEMPLATE_SUFFIXES):
                yield here / name


def messages_of(path: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # templatize keeps the template's indentation, which Python's tokenizer would refuse
        text = "\n".join(line.lstrip() for line in templatize(text, path.name).splitlines())
    stream = io.BytesIO(text.encode())
    for _line, words, _comments, context in extract("python", stream, keywords=KEYWORDS):
        yield words, context


# In and out of the file


def catalogue_path(root: Path) -> Path:
    return root / "locale" / LOCALE / "LC_MESSAGES" / "django.po"


def read(path: Path) -> Catalog:
    if not path.exists():
        return Catalog(locale=LOCALE, charset="utf-8")
    try:
        with path.open("rb") as stream:
            return read_po(stream, locale=LOCALE, charset="utf-8", abort_invalid=True)
    except PoFileError as error:
        msg = f"{path}: {error}"
        raise CatalogueError(msg) from error


def write(catalogue: Catalog, path: Path) -> None:
    out = io.BytesIO(HEADER.encode())
    out.seek(0, io.SEEK_END)
    write_fragment(catalogue, out)
    replace(path, out.getvalue())


def write_fragment(catalogue: Catalog, out: BinaryIO) -> None:
    write_po(out, catalogue, width=100, omit_header=True, include_lineno=False, sort_by_file=True)


def compile_catalogue(root: Path) -> int:
    """Write the .mo that Django reads; return how many messages it holds."""
    path = catalogue_path(root)
    catalogue, out = read(path), io.BytesIO()
    write_mo(out, catalogue)
    replace(path.with_suffix(".mo"), out.getvalue())
    return sum(1 for message in catalogue if message.id and is_translated(message))


def compile_if_older(root: Path) -> None:
    """Compile unless the .mo is as young as its source."""
    source = catalogue_path(root)
    compiled = source.with_suffix(".mo")
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        with locked(root):
            compile_catalogue(root)


def replace(path: Path, content: bytes) -> None:
    """Write whole or not at all: a process that starts meanwhile reads the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(content)
    draft.replace(path)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """One writer at a time; the kernel lets go of the lock when the process ends."""
    folder = catalogue_path(root).parent
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# Together


def merge(
    marked: Marked, old: Catalog, additions: Iterable[Message] = (), *, prune: bool = False
) -> tuple[Catalog, Merge]:
    """The merged catalogue: all marked strings, translated by `additions`, else by `old`.

    Words for strings that nothing marks any more are kept as obsolete (#~), so that they are back
    when the string is; `prune` drops them. Of files that cannot be read nothing is forgotten.
    """
    known = {key_of(message): message for message in [*old.obsolete.values(), *old] if message.id}
    result = take_in(known, marked, additions)
    new = Catalog(locale=LOCALE, charset="utf-8")
    for message in [*marked.catalogue, *still_marked(old, marked)]:
        if message.id:
            add_with_words(new, message, known.get(key_of(message)))
    if not prune:
        leave_obsolete(new, known.values())
    return new, result


def take_in(known: dict[Key, Message], marked: Marked, additions: Iterable[Message]) -> Merge:
    """Put translated `additions` over what is known."""
    result = Merge()
    everything = {key_of(message): message for message in marked.catalogue if message.id}
    for message in additions:
        if not message.id or not is_translated(message):
            continue
        key = key_of(message)
        before = known.get(key)
        if before and is_translated(before) and before.string != message.string:
            result.replaced.append(key[0])
        if key not in everything:
            near = difflib.get_close_matches(key[0], [words for words, _ in everything], n=1)
            result.unknown[key[0]] = near[0] if near else ""
        known[key] = message
        result.added += 1
    return result


def still_marked(old: Catalog, marked: Marked) -> Iterator[Message]:
    for message in old:
        if any(name in marked.unreadable for name, _line in message.locations):
            yield message


def add_with_words(new: Catalog, message: Message, known: Message | None) -> None:
    fits = known is not None and isinstance(known.id, str) == isinstance(message.id, str)
    new.add(
        message.id,
        known.string if known and fits else None,
        locations=sorted({(name, 1) for name, _line in message.locations}),
        flags={"fuzzy"} if known and fits and known.fuzzy else (),
        context=message.context,
    )


def leave_obsolete(new: Catalog, known: Iterable[Message]) -> None:
    present = {key_of(message) for message in new if message.id}
    for message in known:
        key = key_of(message)
        if key not in present and is_translated(message):
            message.locations = []
            context = message.context
            new.obsolete[(key[0], context) if context else key[0]] = message


# Right or wrong


def problems(marked: Marked, catalogue: Catalog) -> list[str]:
    """What keeps the Vietnamese from being complete, one sentence each; empty when it is."""
    known = {key_of(message): message for message in catalogue if message.id}
    wanted = {key_of(message): message for message in marked.catalogue if message.id}
    found = [f"Cannot be read: {name}: {why}" for name, why in marked.unreadable.items()]
    for key, message in wanted.items():
        if why := problem_with(message, known.get(key)):
            files = ", ".join(sorted({name for name, _line in message.locations}))
            found.append(f"{why}: {key[0]!r} ({files})")
    kept = {key_of(message) for message in still_marked(catalogue, marked)}
    gone = {key_of(message) for message in catalogue.obsolete.values()}
    gone |= set(known) - set(wanted) - kept
    found += [
        f"No longer marked anywhere (messages --prune): {key[0]!r}" for key in sorted(gone, key=str)
    ]
    return found


def problem_with(marked: Message, known: Message | None) -> str | None:
    if known is None or isinstance(known.id, str) != isinstance(marked.id, str):
        return "No Vietnamese"
    if known.fuzzy:
        return "Fuzzy"
    if not is_translated(known):
        return "No Vietnamese"
    source = marked.id if isinstance(marked.id, str) else marked.id[-1]
    for words in words_of(known):
        if placeholders(source) != placeholders(words):
            return f"Placeholders differ in {words!r}"
    return None


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text)) - {""}
