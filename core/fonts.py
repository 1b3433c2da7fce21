"""Be Vietnam Pro for the web: cut from its package to our letters when static files are collected.

No font file is kept in the project. Both weights together are about 30 kB.
"""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fontpkg_be_vietnam_pro
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from fontTools import subset

SOURCES = Path(fontpkg_be_vietnam_pro.__file__).parent / "files"
WEIGHTS = {
    "fonts/be-vietnam-pro-400.woff2": "BeVietnamPro-Regular.ttf",
    "fonts/be-vietnam-pro-700.woff2": "BeVietnamPro-Bold.ttf",
}
# Latin letters of Vietnamese and English, combining tones, punctuation, ₫, arrows
LETTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x100),
    *(0x102, 0x103, 0x110, 0x111, 0x128, 0x129, 0x168, 0x169, 0x1A0, 0x1A1, 0x1AF, 0x1B0),
    *(0x300, 0x301, 0x303, 0x309, 0x323),
    *range(0x1EA0, 0x1EFA),
    *(0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x203A, 0x20AB, 0x2212),
]


@functools.cache
def made() -> FileSystemStorage:
    """A folder with the cut fonts, made once in the life of the process."""
    folder = Path(tempfile.mkdtemp(prefix="chophien-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name, source in WEIGHTS.items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        cut(SOURCES / source, target)
    return FileSystemStorage(location=folder)


def cut(source: Path, target: Path) -> None:
    """Write `source` with LETTERS only as WOFF2, without hints."""
    options = subset.Options()
    options.flavor = "woff2"
    options.hinting = False
    options.layout_features = ["kern", "mark", "mkmk", "ccmp"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=LETTERS)
    with subset.load_font(str(source), options) as font:
        subsetter.subset(font)
        subset.save_font(font, str(target), options)


class FontFinder(BaseFinder):
    """Lets `collectstatic` and the development server find the cut fonts."""

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        if path not in WEIGHTS:
            return []
        found = made().path(path)
        return [found] if find_all or kwargs.get("all") else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        storage = made()
        for name in WEIGHTS:
            yield name, storage
