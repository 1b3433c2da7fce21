"""Hostile pictures, and the child that decodes them: it takes little, can do little, is not believed."""

import io
import json
import os
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from core.images import child, confinement, intake
from core.images.containers import kind_of
from tests.core import shared_data
from tests.core.photographs import HEIC, SECRETS, code_of, encoded, quarters, taken

HARMLESS_MB, HARMLESS_S = 150, 1
HEAVY_MB, MEMORY_MB = 600, 700


ROOT = str(Path(child.__file__).parents[2])
START = f"import sys; sys.path.insert(0, {ROOT!r}); from core.images import child, confinement"


def hostile_files() -> list[Path]:
    folders = ("own_images", "pillow_images")
    return [
        path
        for folder in folders
        for path in sorted((shared_data.FOLDER / "hostile" / folder).glob("*"))
    ]


# A small process between: the kernel counts a child's memory from what its parent held.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, file=sys.stderr)
"""


def cost_of(command: tuple[str, ...], data: bytes) -> tuple[bytes, float, float]:
    """What a program answers to `data`, its greatest memory in MB and its CPU seconds."""
    measured = [sys.executable, "-I", "-c", MEASURE, *command]
    done = subprocess.run(measured, input=data, capture_output=True, env={}, check=True)
    peak_mb, cpu_s = map(float, done.stderr.split()[-2:])
    return done.stdout, peak_mb, cpu_s


def test_no_hostile_picture_does_harm():
    shared_data.load("hostile/own_vn/cases.json")  # skips where the folder is absent
    files = hostile_files()
    assert len(files) > 50
    for path in files:
        data = path.read_bytes()
        said, peak_mb, cpu_s = cost_of((*intake.COMMAND, kind_of(data)), data)
        assert peak_mb <= HARMLESS_MB, path.name
        assert cpu_s <= HARMLESS_S, path.name
        page, refused = shared_data.tried(intake._read, said)
        assert page or refused.message
        for content in page[1].files.values() if page else ():
            assert Image.open(io.BytesIO(content)).format in {"AVIF", "WEBP", "JPEG"}
            assert not any(secret in content for secret in SECRETS), path.name


def test_the_heaviest_pictures_allowed_stay_within_memory_and_time():
    patches = Image.effect_noise((50, 50), 80).resize((9248, 6944), Image.Resampling.NEAREST)
    heavy = {
        "AVIF": encoded(patches.convert("RGB"), "AVIF", quality=20, speed=10),
        "progressive CMYK": encoded(patches.convert("CMYK"), progressive=True, quality=30),
    }
    for name, data in heavy.items():
        out, peak_mb, cpu_s = cost_of((*intake.COMMAND, kind_of(data)), data)
        assert b'"width": 1280' in out[:200], name
        assert peak_mb <= HEAVY_MB, name
        assert cpu_s <= confinement.CPU_S, name


def bomb(side: int = 13_300) -> bytes:
    """A PNG of a few kilobytes that becomes `side` × `side` pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")
        )

    head = side.to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes((1 + (side + 7) // 8) * side), 9)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def without(*guards: str) -> tuple[str, ...]:
    """The child with some of its guards off."""
    off = {
        "pixels": "child.MAX_PIXELS = child.MAX_SIDE = 10**10",
        "memory": "confinement.MEMORY_BYTES = 4 * 10**9",
    }
    steps = [START, *(off[guard] for guard in guards), "child.main()"]
    return (sys.executable, "-I", "-c", "; ".join(steps))


def test_control_without_its_guards_the_child_takes_more_than_it_may():
    data = bomb()
    assert len(data) < 100_000
    out, peak_mb, _cpu = cost_of(without("pixels", "memory"), data)
    assert b'"width": 1280' in out[:200]
    assert peak_mb > MEMORY_MB


def test_the_limit_of_memory_holds_by_itself():
    out, peak_mb, _cpu = cost_of(without("pixels"), bomb())
    assert json.loads(out[4:]) == {"refused": "too_many_pixels"}
    assert peak_mb <= MEMORY_MB


def test_the_limit_of_pixels_holds_by_itself():
    out, peak_mb, _cpu = cost_of(without("memory"), bomb())
    assert json.loads(out[4:]) == {"refused": "too_many_pixels"}
    assert peak_mb <= 150


def test_a_child_that_counts_for_ever_is_ended(tmp_path, monkeypatch):
    endless = locked_down("import itertools; [None for _ in itertools.count() if False]")
    monkeypatch.setattr(intake, "COMMAND", endless)
    monkeypatch.setattr(intake, "WALL_S", 30)
    assert code_of(encoded(quarters())) == "broken"


def locked_down(then: str, cpu_s: int = 1, how: str = "") -> tuple[str, ...]:
    steps = f"{START}; confinement.CPU_S = {cpu_s}; confinement.lock_down({how})"
    return (sys.executable, "-I", "-c", f"{steps}; {then}")


@pytest.mark.parametrize(
    "deed",
    [
        "open('/etc/passwd')",
        "open('{tmp}/new', 'w')",
        "import socket; socket.socket()",
        "import os; os.pipe()",
        "bytearray(800_000_000)",
    ],
)
def test_a_child_that_was_taken_over_can_do_little(deed, tmp_path):
    done = subprocess.run(
        locked_down(deed.replace("{tmp}", str(tmp_path))), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"Error" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_where_threads_are_needed_processes_and_programs_are_refused_all_the_same():
    deeds = (
        "import os, threading; t = threading.Thread(target=print, args=['thread']); t.start();"
        " t.join(); os.fork()"
    )
    for deed in (deeds, "import os; os.execv('/bin/true', ['true'])"):
        command = locked_down(deed, how="with_threads=True")
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 1
        assert b"PermissionError" in done.stderr
        assert done.stdout == (b"thread\n" if deed is deeds else b"")


def test_control_without_it_a_process_is_started():
    command = (sys.executable, "-I", "-c", f"{START}; import os; os.fork() or os._exit(0)")
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_child_needs_pillow_alone():
    steps = f"{START}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", steps], capture_output=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.decode().split()}
    assert "PIL" in loaded
    assert not {"django", "config", "numpy", "pi_heif", "pypdfium2"} & loaded


def saying(frame: bytes) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", f"import os; os.write(1, bytes.fromhex('{frame.hex()}'))")


def frame(head: object, content: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return len(text).to_bytes(4, "big") + text + content


FILES = [[size, fmt, 16] for size in (1280, 640, 320) for fmt in ("avif", "webp")]
FILES.append([640, "jpg", 16])
AVIF, WEBP = b"\0\0\0\x18ftypavif\0\0\0\0", b"RIFF\0\0\0\0WEBPVP8 "
CONTENT = (AVIF + WEBP) * 3 + b"\xff\xd8\xff".ljust(16)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff{}",
        frame([]),
        frame({"refused": "a code we do not know"}),
        frame({"width": 1, "height": 1, "pages": 1, "files": []}),
        frame({"width": 1, "height": 1, "pages": 1, "files": FILES}, b"<script>alert(1)" * 7),
        frame({"width": 1, "height": 1, "pages": 999, "files": FILES}, CONTENT),
        frame({"width": 9999, "height": 1, "pages": 1, "files": FILES}, CONTENT),
        frame({"width": "x", "height": 1, "pages": 1, "files": FILES}, CONTENT),
        frame({"width": 1, "height": 1, "pages": 1, "files": FILES}, CONTENT + b"more"),
        frame({"width": 1, "height": 1, "pages": 1, "files": [["../../etc", "avif", 16]]}, AVIF),
    ],
)
def test_a_child_that_lies_is_not_believed(said, monkeypatch):
    monkeypatch.setattr(intake, "COMMAND", saying(said))
    assert code_of(encoded(quarters(64, 48))) == "broken"


def test_the_same_frame_told_truly_is_believed(monkeypatch):
    truth = frame({"width": 8, "height": 6, "pages": 1, "files": FILES}, CONTENT)
    monkeypatch.setattr(intake, "COMMAND", saying(truth))
    assert taken(b"x").files[640, "webp"] == WEBP


def test_a_child_that_hangs_is_ended_and_the_sender_may_try_again(monkeypatch, tmp_path):
    note = tmp_path / "pid"
    steps = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    monkeypatch.setattr(intake, "COMMAND", (sys.executable, "-c", steps))
    monkeypatch.setattr(intake, "WALL_S", 1.5)
    assert code_of(encoded(quarters())) == "busy"
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_without_a_child_the_sender_may_try_again(monkeypatch):
    monkeypatch.setattr(intake, "COMMAND", ("/nowhere/python",))
    assert code_of(encoded(quarters())) == "busy"


def test_only_so_many_at_once(monkeypatch):
    turns = threading.BoundedSemaphore(1)
    monkeypatch.setattr(intake, "_turns", turns)
    monkeypatch.setattr(intake, "WAIT_FOR_TURN_S", 0.05)
    with turns:
        assert code_of(encoded(quarters())) == "busy"
    assert taken(encoded(quarters())).width == 240


SEEDS = {fmt: encoded(quarters(64, 48), fmt) for fmt in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")} | {
    "HEIF": HEIC
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(SEEDS)), st.data())
def test_spoilt_pictures_are_taken_or_refused(fmt, data):
    seed = bytearray(SEEDS[fmt])
    for _ in range(data.draw(st.integers(0, 6))):
        seed[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(seed)))
    spoilt = bytes(seed[:cut]) + data.draw(st.binary(max_size=20))
    picture, refused = shared_data.tried(taken, spoilt)
    expected = {"not_a_picture", "broken", "too_many_pixels", "paper"}
    assert refused.code in expected if refused else picture.width <= 1280
