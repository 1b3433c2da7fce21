"""Debian's nginx with deploy/nginx.conf in a folder of its own, in front of servers started here.

    with nginx(folder, web_port=8000) as front:
        front.url           # plain HTTP; front.tls_url is the same over TLS
        front.publish_url   # for NCHAN_PUBLISH_URL
        front.access_log(), front.error_log()

Only where things lie and listen is changed; it needs no root. The ports are chosen before it starts
(`Ports()`), so that the relay can be told of them first.
"""

import os
import pwd
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.local.paths import BASE_DIR
from core.local.process import Child

IPV6 = Path("/proc/net/if_inet6")
MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
HOW = (
    "nginx with nchan is missing. As root:"
    " apt-get install --no-install-recommends nginx libnginx-mod-nchan"
)
START_TIMEOUT_S = 15


class Missing(RuntimeError):
    """nginx or its module is not installed; the message says which command installs them."""


given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on, another one at each call: nobody listens on the last one yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in given:
            given.add(port)
            return port


@dataclass(frozen=True)
class Ports:
    plain: int = field(default_factory=free_port)
    tls: int = field(default_factory=free_port)
    redirect: int = field(default_factory=free_port)
    publish: int = field(default_factory=free_port)


@dataclass(frozen=True)
class Front:
    folder: Path
    ports: Ports
    child: Child

    @property
    def url(self) -> str:
        return f"http://localhost:{self.ports.plain}"

    @property
    def tls_url(self) -> str:
        return f"https://localhost:{self.ports.tls}"

    @property
    def publish_url(self) -> str:
        return publish_url(self.ports)

    def access_log(self) -> str:
        return (self.folder / "log" / "access.log").read_text()

    def error_log(self) -> str:
        return (self.folder / "log" / "error.log").read_text()

    def reload(self) -> None:
        """Read the configuration again, as `nginx -s reload` does; viewers are cut."""
        before = set(self.workers())
        self.child.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + START_TIMEOUT_S
        while before & set(self.workers()) and time.monotonic() < deadline:
            time.sleep(0.05)

    def workers(self) -> list[int]:
        """Process ids of those who do the work."""
        children = Path(f"/proc/{self.child.process.pid}/task/{self.child.process.pid}/children")
        return [int(number) for number in children.read_text().split()]


def publish_url(ports: Ports) -> str:
    return f"http://127.0.0.1:{ports.publish}/publish/"


def on_ipv6(port: int, words: str) -> str:
    """The same on this machine's IPv6 address; nothing on a machine that has none."""
    return f"listen [::1]:{port} {words};" if IPV6.exists() else ""


def render(
    folder: Path,
    ports: Ports,
    *,
    web_port: int,
    live_port: int | None = None,
    workers: int = 1,
    more: Mapping[str, str] | None = None,
) -> str:
    """deploy/nginx.conf with this folder's paths, these ports and `more` (old words -> new).

    Raises ValueError when a line that must be changed is not there (any more).
    """
    text = (BASE_DIR / "deploy" / "nginx.conf").read_text()
    files = min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    changes = {
        "user www-data;": f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else "",
        "worker_processes auto;": f"worker_processes {workers};",
        "worker_rlimit_nofile 65536;": f"worker_rlimit_nofile {files};",
        "worker_connections 16384;": f"worker_connections {min(16384, files)};",
        "/var/log/nginx/": f"{folder}/log/",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/cache/nginx/board": f"{folder}/cache/board",
        "/etc/nginx/tls/": f"{folder}/tls/",
        "/srv/media/": f"{folder}/media/",
        "server web:8000;": f"server 127.0.0.1:{web_port};",
        "server live:8001;": f"server 127.0.0.1:{live_port or web_port};",
        "listen 8080;": f"listen 127.0.0.1:{ports.publish};",
        "listen 80 default_server;": f"listen 127.0.0.1:{ports.redirect} default_server;",
        "listen [::]:80 default_server;": on_ipv6(ports.redirect, "default_server"),
        "listen [::]:443 ssl http2;": on_ipv6(ports.tls, "ssl http2"),
        "listen 443 ssl http2;": f"listen 127.0.0.1:{ports.tls} ssl http2;"
        f" listen 127.0.0.1:{ports.plain} backlog=4096;",
        "location /media/ { return 404; }": f"location /media/ {{ return 404; }}"
        f" include {folder}/more/*.conf;",
        **(more or {}),
    }
    for old, new in changes.items():
        if old not in text:
            msg = f"deploy/nginx.conf has no “{old}”"
            raise ValueError(msg)
        text = text.replace(old, new)
    temporary = "".join(
        f"  {kind}_temp_path {folder / 'bodies' / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return text.replace("http {\n", "http {\n" + temporary, 1)


@contextmanager
def nginx(
    folder: Path,
    *,
    web_port: int,
    live_port: int | None = None,
    ports: Ports | None = None,
    workers: int = 1,
    more: Mapping[str, str] | None = None,
) -> Iterator[Front]:
    """Run nginx in `folder` (empty, not deeper than needed) until the block ends."""
    program = find()
    ports = ports or Ports()
    for name in ("log", "cache", "bodies", "tls", "media"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    make_certificate(folder / "tls")
    conf = folder / "nginx.conf"
    text = render(folder, ports, web_port=web_port, live_port=live_port, workers=workers, more=more)
    conf.write_text(text)
    command = [program, "-p", str(folder), "-c", str(conf), "-g", "daemon off;"]
    child = Child("nginx", command, env=dict(os.environ), log=folder / "log" / "start", grace_s=5)
    try:
        await_ports(child, ports, folder)
        yield Front(folder, ports, child)
    finally:
        child.stop()


def find() -> str:
    """The program's path; raises Missing."""
    for path in ("/usr/sbin/nginx", "/usr/bin/nginx"):
        if Path(path).exists() and MODULE.exists():
            return path
    raise Missing(HOW)


def make_certificate(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"],
        check=True,
        capture_output=True,
    )  # fmt: skip


def await_ports(child: Child, ports: Ports, folder: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if not child.is_alive():
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", ports.plain)) == 0:
                return
        time.sleep(0.05)
    words = "".join(path.read_text() for path in (folder / "log").iterdir())
    msg = f"nginx did not start: {words}"
    raise RuntimeError(msg)
