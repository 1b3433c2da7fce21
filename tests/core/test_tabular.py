"""Exports that open in a spreadsheet as what they are: numbers, days, and text that does nothing."""

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy
from hypothesis import given, strategies as st

from core.tabular import Column, csv_bytes, guarded, xlsx_bytes
from tests.core.shared_data import hostile_strings, hostile_vn

FORMULA = re.compile(r"[\s\u200b\ufeff\"']*[=+\-@＝＋－＠]")
LIVE_AT = datetime(2025, 11, 4, 13, 15, tzinfo=UTC)
# What becomes of a text in a file format that forbids some characters, and nothing else.
printable = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40
)


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def read_xlsx(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data)).active


def sheet_xml(data: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()


def dangerous() -> list[str]:
    own = ["=1+1", "+84912345678", "-5", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "－1", "＠A1", " =1"]
    return [*own, "'=1", "\u200b=1", "a;=1+1", "a\n=1+1", "a\t=1", 'a;"=1', "x|+1"]


# CSV


def test_excel_in_viet_nam_opens_the_file_by_itself():
    data = csv_bytes(["Sản phẩm", "Tiền"], [["Chè Shan Tuyết", 125_000]])
    assert data == "\ufeffSản phẩm,Tiền\r\nChè Shan Tuyết,125000\r\n".encode()


def test_no_weight_can_be_read_as_thousands():
    columns = ["Sản phẩm", Column("Khối lượng (kg)", "weight")]
    rows = [["Chè", 1.25], ["Gạo", 17_936.807], ["Muối", 2.0], ["Cua", None]]
    assert read_csv(csv_bytes(columns, rows)) == [
        ["Sản phẩm", "Khối lượng (g)"], ["Chè", "1250"], ["Gạo", "17936807"], ["Muối", "2000"],
        ["Cua", ""],
    ]  # fmt: skip


def test_plain_values_stay_what_they_are():
    row = [125_000, -3, 1.5, Decimal("2.50"), None, True, LIVE_AT, date(2025, 11, 4), "a, b", "x"]
    assert read_csv(csv_bytes(["a"] * 10, [row]))[1] == [
        *("125000", "-3", "1,5", "2,50", "", "1", "2025-11-04 20:15", "2025-11-04", "a, b", "x")
    ]


@pytest.mark.parametrize("text", dangerous())
def test_a_formula_in_a_cell_is_text(text):
    (cell,) = read_csv(csv_bytes(["a"], [[text]]))[1]
    assert not re.match(r"[=+\-@\t\r＝＋－＠ ]", cell)
    assert cell.replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", ["a;=1+1", "a\n=1+1", "a\t=1", "x|+1", 'b;"=1+1'])
def test_a_program_that_cuts_cells_elsewhere_sees_no_formula_either(text):
    data = csv_bytes(["a", "b"], [["x", text]]).decode("utf-8-sig")
    for sign in ";|\t":
        for line in csv.reader(io.StringIO(data), delimiter=sign):
            assert not any(FORMULA.match(cell) and cell[0] != "'" for cell in line), (sign, line)


@pytest.mark.parametrize(
    "text", ["Chè - loại 1", "3 x 5 = 15", "lan@vidu.vn", "0912 345 678", "1;2"]
)
def test_ordinary_text_is_left_alone(text):
    assert guarded(text) == text


@given(st.lists(st.lists(printable, min_size=2, max_size=2), max_size=4))
def test_any_text_comes_back_but_for_the_guard(rows):
    read = read_csv(csv_bytes(["a", "b"], rows))[1:]
    assert read == [[guarded(cell) for cell in row] for row in rows]
    for row in read:
        assert not any(FORMULA.match(cell) and cell[0] != "'" for cell in row)


def test_control_without_the_guard_a_formula_would_stand_in_the_file():
    out = io.StringIO()
    csv.writer(out).writerow(["=1+1"])
    assert FORMULA.match(out.getvalue())


def test_no_naughty_string_begins_a_formula():
    rows = [[text] for text in [*hostile_strings(), *dangerous()]]
    rows += [
        [case["input"]]
        for kind in ("spreadsheet_formula", "text_hostile")
        for case in hostile_vn(kind)
    ]
    for (cell,) in read_csv(csv_bytes(["a"], rows))[1:]:
        assert not re.match(r"[=+\-@\t\r＝＋－＠]", cell), cell
    sheet = read_xlsx(xlsx_bytes("Hostile", ["a"], rows))
    kinds = {cell.data_type for (cell,) in sheet.iter_rows(min_row=2)}
    assert kinds <= {"s", "n"}
    assert "<f" not in sheet_xml(xlsx_bytes("Hostile", ["a"], rows))
    for (cell,), (text,) in zip(sheet.iter_rows(min_row=2), rows, strict=True):
        assert cell.data_type == "s" or text == ""


# XLSX


def test_numbers_days_and_money_are_real():
    with translation.override("en"):
        sheet = read_xlsx(
            xlsx_bytes(
                "Doanh thu",
                [
                    gettext_lazy("Session"),
                    Column("Tiền", "vnd"),
                    Column("Nặng", "weight"),
                    "Ngày",
                    "Lúc",
                ],
                [
                    ["Phiên Bình Lư", 125_000, 1.5, date(2025, 11, 4), LIVE_AT],
                    [None, -3, 2, None, None],
                ],
            )
        )
    assert sheet.title == "Doanh thu"
    first = [sheet.cell(2, column) for column in range(1, 6)]
    assert [cell.value for cell in first] == [
        "Phiên Bình Lư",
        125_000,
        1.5,
        datetime(2025, 11, 4),
        datetime(2025, 11, 4, 20, 15),
    ]
    assert [cell.number_format for cell in first] == [
        "General",
        '#,##0" ₫"',
        '#,##0.0##" kg"',
        "DD/MM/YYYY",
        "DD/MM/YYYY HH:MM",
    ]
    assert sheet.cell(3, 2).value == -3
    assert sheet.cell(3, 1).value is None


def test_headings_are_bold_and_stay_in_view():
    sheet = read_xlsx(xlsx_bytes("A", ["Tên", "Tiền"], [["x" * 30, 5]] * 3))
    assert all(cell.font.bold for cell in sheet[1])
    assert not sheet["A2"].font.bold
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width == 32
    assert sheet.column_dimensions["B"].width == 8


@pytest.mark.parametrize("text", dangerous())
def test_a_formula_in_a_sheet_is_text_also_after_editing(text):
    data = xlsx_bytes("A", [text], [[text]])
    for row in (1, 2):
        cell = read_xlsx(data).cell(row, 1)
        assert (cell.data_type, cell.value) == ("s", text.replace("\r", "\n"))
    if not text[0].isalnum():
        assert read_xlsx(data).cell(2, 1).quotePrefix
    assert "<f" not in sheet_xml(data)


def test_control_a_careless_sheet_would_hold_the_formula():
    book = openpyxl.Workbook()
    book.active.append(["=1+1"])
    out = io.BytesIO()
    book.save(out)
    assert "<f>" in sheet_xml(out.getvalue())


@given(st.lists(printable.filter(str.strip), min_size=1, max_size=5))
def test_any_text_comes_back_from_a_sheet(texts):
    sheet = read_xlsx(xlsx_bytes("A", ["a"], [[text] for text in texts]))
    assert [cell.value for (cell,) in sheet.iter_rows(min_row=2)] == texts


def test_what_a_sheet_cannot_hold_is_made_to_fit():
    rows = [["a\0b\x07c"], ["x" * 40_000], ["\ud800"], [2**70], [float("nan")], [10**15]]
    cells = [cell.value for (cell,) in read_xlsx(xlsx_bytes("A", ["a"], rows)).iter_rows(min_row=2)]
    assert cells == ["abc", "x" * 32_767, "?", str(2**70), "nan", str(10**15)]
    assert b"ab?" in csv_bytes(["a"], [["a\0b\ud800"]])


@pytest.mark.parametrize(
    ("asked", "title"),
    [
        ("Tháng 11/2025: [tất cả]", "Tháng 11 2025   tất cả"),
        ("", "1"),
        ("x" * 50, "x" * 31),
        ("'", "1"),
    ],
)
def test_any_name_of_a_sheet(asked, title):
    assert read_xlsx(xlsx_bytes(asked, ["a"], [])).title == title


def test_an_empty_table_still_has_its_headings():
    assert [cell.value for cell in read_xlsx(xlsx_bytes("A", ["Tên", "Tiền"], []))[1]] == [
        "Tên",
        "Tiền",
    ]
    assert csv_bytes(["Tên"], []) == "\ufeffTên\r\n".encode()


def test_a_long_row_and_a_short_one():
    sheet = read_xlsx(xlsx_bytes("A", ["a"], [[1, 2, 3], []]))
    assert [cell.value for cell in sheet[2]] == [1, 2, 3]
