"""What a process that decodes strangers' files gives up before it reads the first byte."""

import ctypes
import platform
import resource
import struct

MEMORY_BYTES = 700 * 1000 * 1000
CPU_S = 5

# Linux: (its audit number, clone, what else starts a process or a program)
_MACHINES = {
    "x86_64": (0xC000003E, 56, (57, 58, 59, 322)),
    "aarch64": (0xC00000B7, 220, (221, 281)),
}
_CLONE3, _CLONE_THREAD, _X32 = 435, 0x10000, 0x40000000
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x00050001, 0x00050026  # errno EPERM, ENOSYS
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def lock_down(*, with_threads: bool = False) -> None:
    """Little memory and time, no new file, no new process: for good.

    `with_threads`: a decoder starts threads. The limit of processes counts them, so there the
    kernel's filter refuses processes and programs instead.
    """
    limits = [
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_CORE, 0),
    ]
    if not (with_threads and refuse_processes()):
        limits.append((resource.RLIMIT_NPROC, 0))
    for limit, value in limits:
        resource.setrlimit(limit, (value, value))


def refuse_processes() -> bool:
    """Threads may be started from now on, processes and programs not. False: not possible here."""
    if platform.machine() not in _MACHINES:
        return False
    steps = _steps(*_MACHINES[platform.machine()])
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _steps(audit: int, clone: int, refused: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """(operation, jump if so, jump if not, number): jumps count the steps passed over."""
    numbers = len(refused)
    return [
        (_LOAD, 0, 0, 4),  # which machine's numbers
        (_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, 0),  # the call's number
        (_AT_LEAST, numbers + 3, 0, _X32),
        *((_EQUAL, numbers + 2 - at, 0, number) for at, number in enumerate(refused)),
        (_EQUAL, 1, 0, _CLONE3),  # unknown: the C library then uses clone, whose flags show
        (_EQUAL, 2, 5, clone),
        (_RETURN, 0, 0, _UNKNOWN),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, 16),  # its first argument
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
