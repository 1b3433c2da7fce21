"""Message catalogues: what is marked, what is said of it, and what keeps it from being complete."""

import multiprocessing
import os
from pathlib import Path

import django
import pytest
import rest_framework
from babel.messages.pofile import read_po

from core import borrowed_words, catalogue

PAGE = """
{% load i18n %}
<p title="{% translate "Find" %}">
    {% blocktranslate trimmed count left=offer.left %}
      {{ left }} bag left
      {% plural %}
      {{ left }} bags left
    {% endblocktranslate %}
  <b>{{ name|default:_("Nobody") }}</b>
      {% translate "May" context "month" %} {# not marked: "Comment" #}
</p>
"""
CODE = """
from django.utils.translation import gettext as _, ngettext_lazy, pgettext

def words(n):
    return _("Order %(code)s") % {"code": n}, pgettext("verb", "Order"), _(
        "A long "
        "sentence."
    )
"""
WORDS = """
msgid "Find"
msgstr "Tìm"

msgid "%(left)s bag left"
msgid_plural "%(left)s bags left"
msgstr[0] "còn %(left)s túi"

msgid "Nobody"
msgstr "Không ai"

msgctxt "month"
msgid "May"
msgstr "Tháng Năm"

msgid "Order %(code)s"
msgstr "Đơn %(code)s"

msgctxt "verb"
msgid "Order"
msgstr "Chốt đơn"

msgid "A long sentence."
msgstr "Một câu dài."
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(PAGE)
    (tmp_path / "words.py").write_text(CODE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_words.py").write_text('_("Not for people")')
    return tmp_path


def say(root: Path, words: str) -> catalogue.Merge:
    fragment = root / "fragment.po"
    fragment.write_text(words)
    path = catalogue.catalogue_path(root)
    old = catalogue.read(path)
    new, result = catalogue.merge(
        catalogue.marked_in(root), old, list(catalogue.read(fragment)), prune=False
    )
    catalogue.write(new, path)
    return result


def complaints(root: Path) -> list[str]:
    known = catalogue.read(catalogue.catalogue_path(root))
    return catalogue.problems(catalogue.marked_in(root), known)


def test_python_and_templates_are_read_and_tests_are_not(root):
    marked = catalogue.marked_in(root).catalogue

    found = {catalogue.key_of(message) for message in marked if message.id}
    assert found == {
        ("Find", None),
        ("%(left)s bag left", None),
        ("Nobody", None),
        ("May", "month"),
        ("Order %(code)s", None),
        ("Order", "verb"),
        ("A long sentence.", None),
    }


def test_a_catalogue_with_all_words_is_complete(root):
    result = say(root, WORDS)

    assert (result.added, result.unknown, result.replaced) == (7, {}, [])
    assert complaints(root) == []


def test_each_missing_message_is_named_with_its_file(root):
    say(root, WORDS.replace('"Tìm"', '""').replace('"Không ai"', '""'))

    assert complaints(root) == [
        "No Vietnamese: 'Find' (templates/page.html)",
        "No Vietnamese: 'Nobody' (templates/page.html)",
    ]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("Đơn %(code)s", "Đơn"),
        ("Đơn %(code)s", "Đơn %(cod)s"),
        ("còn %(left)s túi", "còn túi"),
    ],
)
def test_a_lost_placeholder_is_found(root, good, bad):
    say(root, WORDS.replace(good, bad))

    [complaint] = complaints(root)
    assert complaint.startswith(f"Placeholders differ in {bad!r}")


def test_a_fuzzy_message_is_not_a_translation(root):
    say(root, WORDS)
    path = catalogue.catalogue_path(root)
    path.write_text(path.read_text().replace('msgid "Find"', '#, fuzzy\nmsgid "Find"'))

    assert complaints(root) == ["Fuzzy: 'Find' (templates/page.html)"]


def test_words_nothing_marks_are_named_and_come_back_with_their_message(root):
    say(root, WORDS)
    page = root / "templates" / "page.html"
    page.write_text(PAGE.replace('translate "Find"', 'translate "Search"'))
    say(root, 'msgid "Search"\nmsgstr "Tra cứu"\n')

    assert complaints(root) == ["No longer marked anywhere (messages --prune): 'Find'"]

    page.write_text(PAGE)
    result = say(root, "")
    assert result.added == 0
    assert complaints(root) == ["No longer marked anywhere (messages --prune): 'Search'"]


def test_prune_drops_what_nothing_marks(root):
    say(root, WORDS + '\nmsgid "Gone"\nmsgstr "Mất"\n')
    old = catalogue.read(catalogue.catalogue_path(root))

    new, _ = catalogue.merge(catalogue.marked_in(root), old, prune=True)

    assert "Gone" in old.obsolete
    assert not new.obsolete


def test_a_mistyped_message_is_told_with_the_nearest_one(root):
    assert say(root, 'msgid "Fnd"\nmsgstr "Tìm"\n').unknown == {"Fnd": "Find"}


def test_other_words_for_the_same_message_are_told(root):
    say(root, WORDS)

    assert say(root, 'msgid "Find"\nmsgstr "Tra cứu"\n').replaced == ["Find"]


def test_a_file_that_cannot_be_read_loses_no_words_and_fails_the_check(root):
    say(root, WORDS)
    (root / "words.py").write_text('_("Order %(code)s"\n  ) """')

    say(root, "")

    [complaint] = complaints(root)
    assert complaint.startswith("Cannot be read: words.py")
    (root / "words.py").write_text(CODE)
    assert complaints(root) == []


def test_the_compiled_file_speaks(root):
    say(root, WORDS)

    assert catalogue.compile_catalogue(root) == 7

    import gettext

    with catalogue.catalogue_path(root).with_suffix(".mo").open("rb") as stream:
        words = gettext.GNUTranslations(stream)
    assert words.gettext("Find") == "Tìm"
    assert words.ngettext("%(left)s bag left", "%(left)s bags left", 1) == "còn %(left)s túi"
    assert words.pgettext("month", "May") == "Tháng Năm"


def test_an_old_compiled_file_is_made_anew_and_a_young_one_is_kept(root):
    say(root, WORDS)
    compiled = catalogue.catalogue_path(root).with_suffix(".mo")
    catalogue.compile_if_older(root)
    assert compiled.exists()

    compiled.write_bytes(b"young")
    catalogue.compile_if_older(root)
    assert compiled.read_bytes() == b"young"

    os.utime(compiled, (0, 0))
    catalogue.compile_if_older(root)
    assert compiled.read_bytes() != b"young"


def add_one(root: Path, number: int) -> None:
    with catalogue.locked(root):
        say(root, f'msgid "W{number}"\nmsgstr "T{number}"\n')


def test_writers_at_the_same_time_lose_nothing(root):
    (root / "more.py").write_text("".join(f'_("W{number}")\n' for number in range(8)))
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=add_one, args=(root, number)) for number in range(8)]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    with catalogue.catalogue_path(root).open("rb") as stream:
        words = read_po(stream, locale="vi")
    assert [words[f"W{number}"].string for number in range(8)] == [f"T{n}" for n in range(8)]


def test_without_the_lock_the_second_writer_would_drop_the_words_of_the_first(root):
    (root / "more.py").write_text('_("W1")\n_("W2")\n')
    path = catalogue.catalogue_path(root)
    marked = catalogue.marked_in(root)
    first, second = catalogue.read(path), catalogue.read(path)

    for number, seen in ((1, first), (2, second)):
        fragment = root / "fragment.po"
        fragment.write_text(f'msgid "W{number}"\nmsgstr "T{number}"\n')
        new, _ = catalogue.merge(marked, seen, list(catalogue.read(fragment)))
        catalogue.write(new, path)

    words = catalogue.read(path)
    assert (words["W1"].string, words["W2"].string) == ("", "T2")


def test_borrowed_words_are_still_what_the_frameworks_say():
    places = [
        *(Path(django.__file__).parent / name for name in ("core", "db/models", "forms", "utils")),
        Path(rest_framework.__file__).parent,
    ]
    said = {
        catalogue.key_of(message)[0]
        for place in places
        for message in catalogue.marked_in(place).catalogue
        if message.id
    }

    borrowed = {*borrowed_words.FORMS, *borrowed_words.PAGES, *borrowed_words.API}
    assert borrowed - said == set()
