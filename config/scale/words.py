"""Names of people, co-ops and goods, sampled from Vietnamese names."""

import random

FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Lò", "Vàng", "Giàng", "Sùng", "Lý", "Hà", "Đặng", "Bùi", "Đỗ", "Thào")  # fmt: skip
MIDDLES = ("Thị", "Văn", "A", "Thị Thu", "Minh", "Đức", "Thị Mai", "Xuân", "Ngọc", "Seo")
GIVEN = (
    "Lan", "Hoa", "Hùng", "Dũng", "Mỷ", "Sủa", "Chứ", "Páo", "Liên", "Thảo", "Quý", "Kỳ", "Thuỷ", "Hoà",
    "Tuấn", "Phương", "Yến", "Sơn", "Giang", "Hạnh", "Nhung", "Cường", "Đào", "Ánh", "Bình", "Vân",
)  # fmt: skip
GOODS = (
    ("Chè Shan tuyết", "tea"), ("Mật ong bạc hà", "honey"), ("Nếp Tú Lệ", "rice"), ("Miến dong", "tuber"),
    ("Cam sành", "fruit"), ("Thảo quả khô", "spice"), ("Nấm hương", "vegetable"), ("Thịt trâu gác bếp", "meat"),
    ("Gạo Séng cù", "rice"), ("Ba khía muối", "seafood"), ("Rượu ngô", "drink"), ("Khăn thổ cẩm", "craft"),
)  # fmt: skip
KINDS = (
    "đặc biệt",
    "loại một",
    "vụ xuân",
    "vụ thu",
    "truyền thống",
    "rừng già",
    "vùng cao",
    "bản làng",
)
PACKS = (("Gói 100 g", 100), ("Gói 500 g", 500), ("Hộp 1 kg", 1000), ("Túi 2 kg", 2000))
HAMLETS = ("Bản Tà Chơ", "Thôn Nậm Lúc", "Khu 3", "Ấp Bình An", "Tổ 7", "Bản Phố", "Thôn Lao Chải")


def person(draw: random.Random) -> str:
    return f"{draw.choice(FAMILIES)} {draw.choice(MIDDLES)} {draw.choice(GIVEN)}"
