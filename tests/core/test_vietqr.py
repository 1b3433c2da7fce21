"""VietQR: what bank apps read is what the buyer owes."""

import pytest
from hypothesis import given, strategies as st

from core.banks import BANK_CHOICES, BANKS, bank_name
from core.codes import order_code
from core.vietqr import InvalidVietQr, VietQr, crc16, parse_vietqr, vietqr_payload
from tests.core.shared_data import load, tried, vectors

AGRIBANK = "970405"
WALLETS = {"971025"}  # MoMo


def payload(**changes):
    transfer = {
        "bank_bin": AGRIBANK,
        "account_number": "8400205123456",
        "amount_vnd": 125_000,
        "memo": "CP7Q3K9X",
    }
    return vietqr_payload(**{**transfer, **changes})


def code_of(call, *args, **kwargs) -> str:
    with pytest.raises(InvalidVietQr) as refused:
        call(*args, **kwargs)
    assert refused.value.message
    return refused.value.code


def sealed(unsigned: str) -> str:
    return unsigned + "6304" + crc16(unsigned + "6304")


def test_our_codes_are_those_of_four_independent_programs():
    for v in vectors("vietqr_vectors.json", "encode"):
        asked = v["input"]
        made = vietqr_payload(
            bank_bin=asked["bin"],
            account_number=asked["account"],
            amount_vnd=asked["amount"],
            memo=asked["message"],
            to_card=asked["service"] == "QRIBFTTC",
        )
        assert made == v["payload"]


def test_letters_with_marks_are_folded_before_they_go_in():
    for v in vectors("vietqr_vectors.json", "ascii_fold"):
        if len(v["output"]) <= 25:
            assert parse_vietqr(payload(memo=v["input"])).memo == v["output"]
    for v in vectors("vietqr_vectors.json", "encode_diacritics_undefined"):
        made = payload(memo=v["input"]["message"])
        assert made.isascii()
        assert made not in v["outputs"].values()
        assert parse_vietqr(made).amount_vnd == 125_000


def test_published_codes_are_read_or_refused_as_they_should():
    for v in vectors("vietqr_vectors.json", "published"):
        if not v["valid"]:
            code_of(parse_vietqr, v["payload"])
            continue
        read, expected = parse_vietqr(v["payload"]), v["decoded"]
        assert read == VietQr(
            bank_bin=expected["bin"],
            account_number=expected["account"],
            is_card=expected["service"] == "QRIBFTTC",
            is_dynamic=expected["init"] == "12",
            amount_vnd=int(expected["amount"]) if expected["amount"] else None,
            memo=expected["purpose"] or "",
            bill_number=expected["bill"] or "",
            reference=expected["reference"] or "",
            terminal=expected["terminal"] or "",
        )


def test_a_right_sum_over_broken_parts_is_refused():
    (misprint,) = [
        v
        for v in vectors("vietqr_vectors.json", "published")
        if "misprint of the specification" in v.get("note", "")
    ]
    assert crc16(misprint["payload"][:-4]) == misprint["payload"][-4:]
    assert code_of(parse_vietqr, misprint["payload"]) == "structure"


def test_the_sum_itself():
    assert crc16("123456789") == "29B1"
    for v in vectors("vietqr_vectors.json", "crc16"):
        text = v["input"].removesuffix(v["crc"])
        assert crc16(text) == v["crc"]


def test_a_code_of_another_scheme_is_not_ours():
    for v in vectors("vietqr_vectors.json", "emvco_sample"):
        assert crc16(v["payload"][:-4]) == v["crc"]
        assert code_of(parse_vietqr, v["payload"]) == "not_vietqr"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"bank_bin": "97040"}, "bank"),
        ({"bank_bin": "97040A"}, "bank"),
        ({"bank_bin": "٩٧٠٤٠٥"}, "bank"),
        ({"account_number": ""}, "account"),
        ({"account_number": "1" * 20}, "account"),
        ({"account_number": "1234 5678"}, "account"),
        ({"account_number": "123\n"}, "account"),
        ({"amount_vnd": 0}, "amount"),
        ({"amount_vnd": -1}, "amount"),
        ({"amount_vnd": 10**13}, "amount"),
        ({"amount_vnd": 125_000.0}, "amount"),
        ({"memo": "a" * 26}, "memo_length"),
        ({"memo": "trà 🍵"}, "memo"),
        ({"memo": "a\x07b"}, "memo"),
    ],
)
def test_what_cannot_stand_in_a_code_is_refused_and_nothing_is_cut(changes, code):
    assert code_of(payload, **changes) == code


def test_without_an_amount_the_payer_types_it():
    read = parse_vietqr(payload(amount_vnd=None, memo=None))
    assert (read.is_dynamic, read.amount_vnd, read.memo) == (False, None, "")


@given(
    st.from_regex(r"[0-9]{6}", fullmatch=True).filter(str.isascii),
    st.text("0123456789ABCxyz", min_size=1, max_size=19),
    st.one_of(st.none(), st.integers(1, 10**13 - 1)),
    st.builds(order_code),
)
def test_what_goes_in_comes_out(bank_bin, account_number, amount_vnd, memo):
    read = parse_vietqr(
        vietqr_payload(
            bank_bin=bank_bin, account_number=account_number, amount_vnd=amount_vnd, memo=memo
        )
    )
    assert (read.bank_bin, read.account_number) == (bank_bin, account_number)
    assert (read.amount_vnd, read.memo) == (amount_vnd, memo)


@given(st.integers(0, 200), st.sampled_from("0123456789AZ"))
def test_one_wrong_character_is_noticed(place, wrong):
    right = payload()
    place %= len(right)
    if right[place] != wrong:
        code_of(parse_vietqr, right[:place] + wrong + right[place + 1 :])


@given(st.text(max_size=120), st.booleans())
def test_any_text_is_a_transfer_or_a_refusal(text, is_sealed):
    read, refused = tried(parse_vietqr, sealed(text) if is_sealed else text)
    assert refused.message if refused else read.bank_bin


@pytest.mark.parametrize(
    "change",
    [
        ("5303704", "5303840"),
        ("5802VN", "5802CN"),
        ("5406125000", "5406012500"),
        ("5406125000", "540612.500"),
        ("5406125000", "54061250005406125000"),
        ("QRIBFTTA", "QRIBFTTX"),
        ("A000000727", "A000000728"),
        ("000201010212", "010212000201"),
        ("000201", ""),
    ],
)
def test_a_code_with_a_right_sum_but_wrong_parts_is_refused(change):
    spoilt = payload()[:-8].replace(*change)
    assert code_of(parse_vietqr, sealed(spoilt)) in {"structure", "not_vietqr"}


def test_an_unknown_part_does_not_hinder():
    assert parse_vietqr(sealed(payload()[:-8] + "8003046")).memo == "CP7Q3K9X"


def test_the_list_of_banks_is_the_published_one():
    published = {b["bin"]: b for b in load("bank_bins.json")["banks"] if not b["deprecated"]}
    for bank_bin, short_name, name in BANKS:
        assert published[bank_bin]["short_name"] == short_name
        assert published[bank_bin]["name"] == name
    takes_transfers = {b for b, bank in published.items() if bank["vietqr_transfer_supported"]}
    assert takes_transfers - WALLETS == {bank_bin for bank_bin, _short, _name in BANKS}


def test_a_wallet_is_not_offered_as_a_bank():
    """Its codes carry more than a bank's: one of ours would lead to nobody's account."""
    assert not WALLETS & dict(BANK_CHOICES).keys()
    payloads = [v.get("payload", "") for v in load("vietqr_vectors.json")["vectors"]]
    assert [payload for payload in payloads if "MOMO" in payload]


def test_banks_are_chosen_by_the_name_people_know():
    assert bank_name(AGRIBANK) == "Agribank"
    assert bank_name("999999") == "999999"
    assert len(dict(BANK_CHOICES)) == len(BANKS)
