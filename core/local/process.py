"""Child processes that end when their parent does, however it ends."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.local.paths import BASE_DIR, LocalError

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """One process in a session of its own: Ctrl-C reaches its parent, which stops it in order."""

    def __init__(  # noqa: PLR0913 - what a process is made of
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_s: float = 10,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            msg = "The kernel ties a child's life to the thread that made it: use the main thread."
            raise RuntimeError(msg)
        self.name = name
        self.stop_signal = stop_signal
        self.grace_s = grace_s
        self.process = start(command, user, stop_signal, env, log)

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.is_alive():
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Ask, wait for `grace_s`, then end the whole group, stragglers included."""
        self.ask_to_stop()
        try:
            self.process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            print(f"{self.name} did not stop in {self.grace_s:.0f} s: ended.", file=sys.stderr)
        end_group(self.process.pid)
        self.process.wait()

    def kill(self) -> None:
        end_group(self.process.pid)
        self.process.wait()


class Kept:
    """What the supervisor keeps running: a service that is one child, once it has been started."""

    child: Child | None = None

    def is_alive(self) -> bool:
        return self.child is not None and self.child.is_alive()

    def ask_to_stop(self) -> None:
        if self.child:
            self.child.ask_to_stop()

    def stop(self) -> None:
        if self.child:
            self.child.stop()


def start(
    command: Sequence[str | Path],
    user: str | None,
    death_signal: signal.Signals,
    env: Mapping[str, str] | None,
    log: Path | None,
) -> subprocess.Popen[bytes]:
    stream = log.open("ab") if log else None
    try:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=env,
            cwd=BASE_DIR,
            start_new_session=True,
            preexec_fn=end_with_parent(death_signal),  # noqa: PLW1509 - Child asks for one thread
            **identity(user),
        )
    finally:
        if stream:
            stream.close()


def identity(user: str | None) -> dict[str, Any]:
    """Popen's arguments to run as `user` with none of our groups."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def end_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """What a child does between fork and exec, so that it never outlives its parent."""
    parent = os.getpid()

    def arrange() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return arrange


def end_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def run(command: Sequence[str | Path], name: str = "", **popen: Any) -> str:
    """Run to the end and return what it printed; LocalError with its last words when it fails."""
    words = [str(part) for part in command]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=end_with_parent(signal.SIGKILL),
        **popen,
    )
    if done.returncode:
        last_words = (done.stderr or done.stdout).strip()[-2000:]
        msg = f"{name or Path(words[0]).name} failed: {last_words}"
        raise LocalError(msg)
    return done.stdout
