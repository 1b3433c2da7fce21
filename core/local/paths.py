"""Where the local platform keeps its things."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LONGEST_SOCKET_FOLDER = 80  # a Unix socket's path may have 107 bytes; names below it need the rest


class LocalError(Exception):
    """The local platform cannot start; the text is one sentence for the person who started it."""


@dataclass(frozen=True)
class Places:
    """Files of one local platform; `data` is what a backup of the machine must hold."""

    data: Path

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def broker(self) -> Path:
        return self.data / "redis"

    @property
    def lock(self) -> Path:
        return self.data / "lock"

    @property
    def environment(self) -> Path:
        return self.data / "env.json"

    @property
    def secret_key(self) -> Path:
        return self.data / "secret_key"

    @property
    def prepared(self) -> Path:
        return self.data / "prepared.json"

    @property
    def sockets(self) -> Path:
        """A short folder of our own for sockets and logs, the same for the same data folder."""
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:8]
        name = f"chophien-{os.geteuid()}-{digest}"
        parent = Path(tempfile.gettempdir())
        if len(bytes(parent / name)) > LONGEST_SOCKET_FOLDER:
            parent = Path("/tmp")  # noqa: S108 - make() refuses a folder that is not ours
        return parent / name

    @property
    def postgres_socket(self) -> Path:
        return self.sockets / "pg"

    @property
    def broker_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def database_url(self) -> str:
        return f"postgresql://app@/app?host={self.postgres_socket}&port=5432"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.broker_socket}?db=0"

    def make(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self.sockets.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            msg = f"{error.filename} cannot be made ({error.strerror}). Set DATA_DIR to a folder."
            raise LocalError(msg) from error
        # Anyone can make folders in a shared temporary folder: refuse one that is not ours
        if self.sockets.is_symlink() or self.sockets.stat().st_uid != os.geteuid():
            msg = f"{self.sockets} belongs to someone else; remove it or set TMPDIR."
            raise LocalError(msg)


def places(data: Path | None = None) -> Places:
    data = data or Path(os.environ.get("DATA_DIR") or BASE_DIR / "var" / "data")
    return Places(data.absolute())
