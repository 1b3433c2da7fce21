"""What the books of the project point at exists: files, tests, commands, decisions."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.core.management import get_commands

from core.local.paths import BASE_DIR

BOOKS = [
    BASE_DIR / "README.md",
    BASE_DIR / "bench" / "README.md",
    *sorted((BASE_DIR / "docs").rglob("*.md")),
]
BROUGHT = {"deploy/tls/"}  # by whoever runs it


def named(book: Path) -> str:
    return str(book.relative_to(BASE_DIR))


@pytest.mark.parametrize("book", BOOKS, ids=named)
def test_links_lead_somewhere(book: Path) -> None:
    text = book.read_text()
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text) + re.findall(r'src="([^"]+)"', text)

    assert [link for link in links if not (book.parent / link).exists()] == []


@pytest.mark.parametrize("book", BOOKS, ids=named)
def test_files_that_are_named_exist(book: Path) -> None:
    text = book.read_text()
    paths = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)(?:::[\w\[\]-]+)?`", text)
    roots = {path.name for path in BASE_DIR.iterdir()} - {"var"}
    ours = [path for path in paths if path.partition("/")[0] in roots]

    assert [path for path in ours if not (BASE_DIR / path).exists() and path not in BROUGHT] == []


@pytest.mark.parametrize("book", BOOKS, ids=named)
def test_commands_that_are_named_exist(book: Path) -> None:
    text = book.read_text()
    commands = set(re.findall(r"manage\.py ([a-z_]+)", text))
    modules = set(re.findall(r"python -m (bench\.\w+)", text))

    assert commands <= set(get_commands())
    assert [m for m in modules if not (BASE_DIR / f"{m.replace('.', '/')}.py").exists()] == []


def test_the_words_of_the_book_are_those_of_the_pages() -> None:
    with (BASE_DIR / "locale/vi/LC_MESSAGES/django.po").open("rb") as stream:
        catalogue = read_po(stream, locale="vi")
    said = [words for message in catalogue for words in as_list(message.string)]
    pages = "\n".join(said).lower()
    book = (BASE_DIR / "docs" / "concepts.md").read_text()
    cells = re.findall(r"^\| [^|]+ \| ([^|]+) \|", book, re.MULTILINE)[2:]
    terms = [re.sub(r"\(.*\)|…", "", term).strip() for c in cells for term in re.split("[,;]", c)]

    assert len(terms) >= 30
    assert [term for term in terms if term.lower() not in pages] == []


def as_list(words: str | Sequence[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words)


def test_every_decision_is_listed_and_those_that_are_referred_to_exist() -> None:
    folder = BASE_DIR / "docs" / "decisions"
    pages = {page.name: page.read_text() for page in folder.glob("0*.md")}
    index = (folder / "README.md").read_text()

    for name, text in pages.items():
        title = text.partition("\n")[0].removeprefix("# ")
        number, _, words = title.partition(". ")
        assert int(number) == int(name[:4])
        assert f"- {number}. [{words}]({name})" in index
    referred = {int(n) for t in pages.values() for n in re.findall(r"decision (\d+)", t)}
    assert referred <= {int(name[:4]) for name in pages}
