"""Vietnamese text: cleaned, found without accents, sorted as in a dictionary."""

import unicodedata

import pytest
from hypothesis import given, strategies as st

from core.text import (
    UnusableText,
    ascii_fold,
    clean_line,
    clean_text,
    fold,
    nfc,
    search_query,
    slugify_vi,
    sort_key,
)
from tests.core.shared_data import hostile_strings, hostile_vn, vectors

any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
vietnamese = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyàảãáạằẳẵắặầẩẫấậèéỏụừỹỵ ADĐÝ-", max_size=30)


def test_folding_gives_plain_ascii():
    for v in vectors("vietnamese_text_vectors.json", "fold_to_ascii"):
        assert ascii_fold(v["input"]) == v["output"]
        assert ascii_fold(unicodedata.normalize("NFD", v["input"])) == v["output"]


def test_both_spellings_of_a_word_have_one_key():
    for v in vectors("vietnamese_text_vectors.json", "tone_placement_new_style", "y_to_i"):
        assert fold(v["input"]) == fold(v["output"]), v["input"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hoà Bình", "hòa bình"),
        ("thuỷ", "thủy"),
        ("kỹ", "kĩ"),
        ("cam quýt", "cam quít"),
        ("Chè Shan Tuyết", "che shan tuyet"),
        ("ĐẶNG", "dang"),
        ("Shan-Tuyết, loại 1", "shan tuyet loai 1"),
        ("Ｃｈè", "chè"),
    ],
)
def test_words_that_a_buyer_takes_for_one(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("tay", "tai"), ("thuý", "thúi"), ("chè", "cha"), ("mây", "mai"), ("y", "i")]
)
def test_different_words_stay_apart(one, other):
    assert fold(one) != fold(other)


@given(any_text)
def test_a_key_is_its_own_key(s):
    key = fold(s)
    assert fold(key) == key
    assert key == key.strip()


@given(vietnamese, st.integers(0, 30))
def test_typing_ahead_finds_what_begins_so(s, length):
    assert fold(s).startswith(fold(s[:length]))


def test_a_name_typed_in_pieces_is_the_same_name():
    for case in hostile_vn("name_nfd"):
        whole = nfc(case["input"])
        assert clean_line(case["input"]) == whole
        assert fold(case["input"]) == fold(whole) == fold(ascii_fold(whole))
    for case in hostile_vn("name_nfc"):
        assert clean_line(case["input"]) == case["input"]


def test_a_search_is_short_whatever_is_typed():
    assert search_query("  Chè   SHAN tuyết! ") == "che shan tuyet"
    assert len(search_query("a b " * 5000).split()) == 8
    assert search_query("🍵 ??") == ""


def test_sorted_as_a_vietnamese_dictionary_does():
    for v in vectors("locale_vectors.json", "sort_vi"):
        assert sorted(v["input"], key=sort_key) == v["expect"]


def test_two_words_compared():
    for v in vectors("locale_vectors.json", "compare_vi"):
        a, b = sort_key(v["a"]), sort_key(v["b"])
        assert (a > b) - (a < b) == v["expect"], v["id"]
        a, b = a.split("\x1f")[0], b.split("\x1f")[0]
        assert (a > b) - (a < b) == v["expect_base_insensitive"], v["id"]


def test_code_points_alone_would_sort_wrongly():
    words = ["Đào", "Dừa", "Ăn", "An", "Ổi", "Ong"]
    right = ["An", "Ăn", "Dừa", "Đào", "Ong", "Ổi"]
    assert sorted(words, key=sort_key) == right
    assert sorted(words) != right


@given(any_text, any_text)
def test_sort_keys_can_be_compared_as_bytes(s, t):
    a, b = sort_key(s), sort_key(t)
    assert "\0" not in a
    assert (a < b) == (a.encode() < b.encode())
    assert sort_key(unicodedata.normalize("NFD", s)) == sort_key(unicodedata.normalize("NFC", s))


def test_sorting_puts_the_shorter_name_first_and_small_letters_before_capitals():
    assert sort_key("Chè") < sort_key("Chè xanh")
    assert sort_key("che") < sort_key("Che") < sort_key("chè")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Nguyễn \t Thị\u00a0 Lan ", "Nguyễn Thị Lan"),
        ("\ufeffNguyễn", "Nguyễn"),
        ("Lan\u202e\u200b\u2066 A\u200d", "Lan A"),
        ("a\x1b[31mb\x07", "a[31mb"),
        ("\u3164\u115f\u2800", ""),
        ("một\r\nhai\u2028ba", "một hai ba"),
        ("\ud7ff\ue000\uffff", "\ud7ff\ue000"),
    ],
)
def test_a_line_holds_only_what_can_be_seen(typed, kept):
    assert clean_line(typed) == kept


def test_a_text_keeps_its_paragraphs():
    assert clean_text(" một  hai \r\n\r\n\r\n\r\n ba\tbốn\n") == "một hai\n\nba bốn"


def test_marks_piled_up_on_one_letter_are_cut():
    assert len(clean_line("Z" + "\u0301\u0323\u0302" * 100)) <= 6
    assert clean_line("Ngoḳ Kŕai") == nfc("Ngoḳ Kŕai")


@pytest.mark.parametrize("broken", ["a\0b", "\ud800", "Lan \udfff"])
def test_text_that_no_database_can_hold_is_refused(broken):
    with pytest.raises(UnusableText) as refused:
        clean_line(broken)
    assert refused.value.code == "unreadable"
    assert refused.value.message


@given(any_text)
def test_clean_text_is_clean_and_stays_so(s):
    text = clean_text(s)
    assert clean_text(text) == text
    assert unicodedata.is_normalized("NFC", text)
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs"} for c in text if c != "\n")
    line = clean_line(s)
    assert clean_line(line) == line
    assert "\n" not in line


def test_naughty_strings_give_keys_or_a_refusal():
    for s in hostile_strings():
        try:
            line = clean_line(s)
        except UnusableText:
            continue
        fold(line), sort_key(line), slugify_vi(line), search_query(line)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Chè Shan Tuyết Phình Hồ", "che-shan-tuyet-phinh-ho"),
        ("  Đơn hàng: 04/11/2025 ", "don-hang-04-11-2025"),
        ("../../etc", "etc"),
        ("🍵", ""),
    ],
)
def test_a_name_for_addresses_and_files(name, slug):
    assert slugify_vi(name) == slug


def test_a_long_name_is_cut_between_words():
    assert slugify_vi("mật ong " * 20, max_length=20) == "mat-ong-mat-ong-mat"
    assert slugify_vi("a" * 90, max_length=20) == "a" * 20


@given(st.text(st.one_of(st.characters(), st.sampled_from("aăằđ ẹ\t\u0300\u00ad"))))
def test_plain_text_is_read_faster_and_not_otherwise(s: str) -> None:
    try:
        slowly = " ".join(clean_text(s).split())
    except UnusableText:
        with pytest.raises(UnusableText):
            clean_line(s)
        return
    assert clean_line(s) == slowly
