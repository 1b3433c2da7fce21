"""What reading costs: a first visit in bytes, and nginx's one-second cache beside a plain file."""

import contextlib
import gzip
import http.client
import re
import shutil
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

from bench.nginx import Front

ROUNDS, ROUND_S = 9, 1
CONNECTIONS = 32
AT_ONCE = 8  # requests on the way on each connection, where wrk is missing
FILES = "/same-bytes/"
ITS_OWN = {
    "Server",
    "Date",
    "Content-Type",
    "Content-Length",
    "Connection",
    "Last-Modified",
    "ETag",
}
HEADERS = {"Host": "localhost", "Accept-Encoding": "gzip", "Accept-Language": "vi"}


def fetch(port: int, path: str) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Bytes of one answer with its head, the body as it was sent, the head."""
    line = http.client.HTTPConnection("localhost", port, timeout=10)
    line.request("GET", path, headers=HEADERS)
    answer = line.getresponse()
    body = answer.read()
    line.close()
    head = answer.getheaders()
    if answer.status != http.client.OK:
        msg = f"{path}: {answer.status}"
        raise RuntimeError(msg)
    return sum(len(name) + len(value) + 4 for name, value in head) + 17 + len(body), body, head


def first_load(port: int, page: str) -> int:
    """Bytes of a first visit, heads counted, without pictures of goods."""
    size, body, _head = fetch(port, page)
    text = gzip.decompress(body).decode()
    parts = {found.split("#")[0] for found in re.findall(r'"(/static/[^"]+)"', text)}
    pages = [path for path in parts if path.endswith(".css")]
    for path in pages:
        css = gzip.decompress(fetch(port, path)[1]).decode()
        parts |= set(re.findall(r"url\(\"?(/static/[^\")]+\.svg)", css))
    return size + sum(fetch(port, path)[0] for path in parts)


def cached_beside_file(front: Front, path: str, name: str) -> dict[str, Any]:
    """Answers a second through the cache and of the same bytes as a file, turn by turn."""
    _size, body, head = fetch(front.ports.plain, path)
    file = serve_as_file(front, name, body, head)
    cached, plain = [], []
    for _ in range(ROUNDS):
        cached.append(rate(front.ports.plain, path))
        plain.append(rate(front.ports.plain, file))
    share = statistics.median(one / other for one, other in zip(cached, plain, strict=True))
    return {
        f"{name}_bytes": len(body),
        f"{name}_cached_per_s": round(statistics.median(cached)),
        f"{name}_file_per_s": round(statistics.median(plain)),
        f"{name}_cache_share": round(share, 3),
    }


def serve_as_file(front: Front, name: str, body: bytes, head: list[tuple[str, str]]) -> str:
    """Let nginx serve `body` under the same head from a plain file; its address."""
    (front.folder / name).write_bytes(body)
    told = dict(head)
    same = "".join(f"  add_header {key} '{quoted(told[key])}';\n" for key in told.keys() - ITS_OWN)
    (front.folder / "more").mkdir(exist_ok=True)
    (front.folder / "more" / f"{name}.conf").write_text(
        f"location = {FILES}{name} {{\n  alias {front.folder}/{name};\n  gzip off;\n"
        f"  access_log {front.folder}/log/access.log board buffer=32k flush=1s;\n"
        f"  types {{}}\n  default_type '{told['Content-Type']}';\n{same}}}\n"
    )
    front.reload()
    found = fetch(front.ports.plain, f"{FILES}{name}")
    if found[1] != body:
        msg = "the file is not served as it is"
        raise RuntimeError(msg)
    return f"{FILES}{name}"


def quoted(value: str) -> str:
    return value.replace("'", "\\'")


def rate(port: int, path: str) -> float:
    """Answers a second to CONNECTIONS clients."""
    return by_wrk(port, path) if shutil.which("wrk") else by_sockets(port, path)


def by_wrk(port: int, path: str) -> float:
    heads = [word for item in HEADERS.items() for word in ("-H", ": ".join(item))]
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{ROUND_S}s", *heads,
         f"http://127.0.0.1:{port}{path}"],
        check=True,
        capture_output=True,
        text=True,
    )  # fmt: skip
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout:
        raise RuntimeError(done.stdout)
    return float(found[1])


def by_sockets(port: int, path: str) -> float:
    """The same without wrk: requests pipelined, answers told by their bytes alone."""
    heads = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    requests = f"GET {path} HTTP/1.1\r\n{heads}\r\n".encode() * AT_ONCE
    counts = [0] * CONNECTIONS
    until = time.monotonic() + ROUND_S

    def client(number: int) -> None:
        while time.monotonic() < until:  # a server closes a connection now and then
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", port), 2) as line,
            ):
                for answers in answered(line, requests, until):
                    counts[number] += answers

    threads = [
        threading.Thread(target=client, args=(number,), daemon=True)
        for number in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / ROUND_S


def answered(line: socket.socket, requests: bytes, until: float) -> Iterator[int]:
    """Send AT_ONCE `requests` again and again; how many answers each time, until the line closes."""
    line.settimeout(2)
    while time.monotonic() < until:
        line.sendall(requests)
        text = b""
        while _answers(text) < AT_ONCE:
            more = line.recv(1 << 18)
            if not more:
                yield _answers(text)
                return
            text += more
        yield AT_ONCE


def _answers(text: bytes) -> int:
    """How many whole answers `text` holds."""
    count = at = 0
    while (end := text.find(b"\r\n\r\n", at)) >= 0:
        head = text[at:end].lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r")[0]
        at = end + 4 + int(length)
        if at > len(text):
            break
        count += 1
    return count
