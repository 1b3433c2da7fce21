"""QR codes that an independent reader reads back exactly."""

import io
import xml.etree.ElementTree as ET

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from core.qr import QUIET_ZONE, qr_matrix, qr_png, qr_svg
from core.vietqr import vietqr_payload

LINK = "https://chophien.example/01/09521234567892/10/L251104-1"
PAYMENT = vietqr_payload(
    bank_bin="970405", account_number="8400205123456", amount_vnd=125_000, memo="CP7Q3K9X"
)
SVG = "{http://www.w3.org/2000/svg}"


def read(image):
    (found,) = zxingcpp.read_barcodes(image.convert("L"))
    return found


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


@pytest.mark.parametrize("level", ["L", "M", "Q", "H"])
@pytest.mark.parametrize(
    "data",
    ["A", "0123456789", LINK, PAYMENT, "Chè Shan Tuyết – lô 1", "x" * 300, "9" * 1200, "Ă" * 500],
    ids=["one", "digits", "link", "payment", "vietnamese", "300", "1200", "1000 bytes"],
)
def test_what_goes_in_is_read_back_at_the_level_asked(data, level):
    found = read(picture(qr_png(data, level, module_px=3)))
    assert found.text == data
    assert found.ec_level == level
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    assert int(found.extra["Version"]) * 4 + 17 == len(qr_matrix(data, level))


@pytest.mark.parametrize("length", range(1, 200, 7))
def test_every_size_can_be_read(length):
    data = (LINK * 5)[:length]
    assert read(picture(qr_png(data, module_px=3))).text == data


@pytest.mark.parametrize("module_px", [1, 4, 10])
def test_four_white_modules_surround_the_code(module_px):
    image = picture(qr_png(LINK, module_px=module_px))
    modules = len(qr_matrix(LINK))
    assert image.size == ((modules + 2 * QUIET_ZONE) * module_px,) * 2
    edge = QUIET_ZONE * module_px
    dark = image.convert("L").point(lambda level: 255 - level)
    assert dark.getbbox() == (edge, edge, image.width - edge, image.height - edge)


def drawn(svg: str, px: int = 4) -> tuple[Image.Image, ET.Element]:
    """The SVG as pixels by a reader of its own: filled rectangles of M, h, v, h, z."""
    root = ET.fromstring(svg)
    side = int(root.attrib["viewBox"].split()[2])
    image = Image.new("L", (side * px, side * px), 200)
    pen = ImageDraw.Draw(image)
    for path in root.findall(f"{SVG}path"):
        colour = {"#fff": 255, "#000": 0}[path.attrib["fill"]]
        for part in path.attrib["d"].split("z")[:-1]:
            start, _, width = part[1:].partition("h")
            x, y = map(int, start.split()) if " " in start else (0, 0)
            width, _, height = width.partition("v")
            height = height.partition("h")[0].partition("H")[0]
            box = (x * px, y * px, (x + int(width)) * px - 1, (y + int(height)) * px - 1)
            pen.rectangle(box, fill=colour)
    return image, root


@pytest.mark.parametrize("level", ["M", "Q"])
@pytest.mark.parametrize("data", [LINK, PAYMENT])
def test_the_drawing_is_the_same_code(data, level):
    image, _root = drawn(qr_svg(data, level))
    found = read(image)
    assert (found.text, found.ec_level) == (data, level)
    same = picture(qr_png(data, level, module_px=4)).convert("L")
    assert image.tobytes() == same.tobytes()


def test_the_drawing_can_have_a_printed_width():
    _image, root = drawn(qr_svg(LINK, width_mm=22.5))
    assert root.attrib["width"] == root.attrib["height"] == "22.5mm"
    assert "width" not in drawn(qr_svg(LINK))[1].attrib


def test_the_drawing_has_neither_script_nor_style_and_speaks_only_when_named():
    svg = qr_svg(LINK, title='Mã "A" <script>')
    _image, root = drawn(svg)
    assert root.attrib["aria-label"] == 'Mã "A" <script>'
    assert "<script" not in svg
    assert "style" not in svg
    assert drawn(qr_svg(LINK))[1].attrib["aria-hidden"] == "true"


@pytest.mark.parametrize("data", ["", "x" * 2332])
def test_nothing_and_too_much_are_refused(data):
    with pytest.raises(ValueError, match=r"nothing|too much"):
        qr_matrix(data, "M")


def test_the_fullest_code_still_works():
    data = "x" * 2331
    assert read(picture(qr_png(data, "M", module_px=3))).text == data


def stained(png: bytes, share: float) -> Image.Image:
    """The code with a square stain over `share` of its area, off the finder patterns."""
    image = picture(png).convert("L")
    side = round(image.width * share**0.5)
    middle = round(image.width * 0.55)
    stain = (middle - side // 2, middle - side // 2, middle + side // 2, middle + side // 2)
    ImageDraw.Draw(image).rectangle(stain, fill=0)
    return image


def test_a_label_that_gets_wet_needs_level_q():
    assert read(stained(qr_png(LINK, "Q"), 0.05)).text == LINK
    assert not zxingcpp.read_barcodes(stained(qr_png(LINK, "L"), 0.05))
