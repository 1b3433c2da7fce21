"""What dies is started again; what is stopped is stopped whole."""

import os
import signal
import sys
import threading
import time

import psutil
import pytest

from core.local import supervisor as module
from core.local.paths import LocalError
from core.local.process import Child
from core.local.supervisor import Program, Stopped, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
)
FAMILY = "import subprocess, time; subprocess.Popen(['sleep', '60']); time.sleep(60)"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said, monkeypatch):
    monkeypatch.setattr(module, "FIRST_DELAY_S", 0.1)
    supervisor = Supervisor(said.append)
    yield supervisor
    supervisor.stop()


def until(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_program_that_is_killed_is_started_again_and_that_is_said(supervisor, said):
    program = Program("worker", SLEEPER)
    supervisor.start(program)
    first = program.child.process.pid

    threading.Timer(1.5, supervisor.note_wish).start()
    os.kill(first, signal.SIGKILL)
    supervisor.watch()

    assert program.is_alive()
    assert program.child.process.pid != first
    assert said == [
        "worker ended unexpectedly; starting it again in 0 s.",
        "worker is running again.",
    ]


def test_one_that_stood_is_started_again_at_once(supervisor, said, monkeypatch):
    monkeypatch.setattr(module, "STEADY_AFTER_S", 0.2)
    program = Program("worker", SLEEPER)
    supervisor.start(program)
    first = program.child
    threading.Timer(0.5, first.kill).start()
    threading.Timer(1.2, supervisor.note_wish).start()

    supervisor.watch()

    assert program.child is not first
    assert said == ["worker ended unexpectedly; starting it again.", "worker is running again."]


def test_one_that_dies_at_once_is_tried_ever_more_rarely(supervisor):
    supervisor.started_at["web"] = time.monotonic()

    delays = [supervisor.next_delay("web", time.monotonic()) for _ in range(10)]

    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == module.LONGEST_DELAY_S


def test_one_that_lived_long_begins_again_without_delay(supervisor):
    now = time.monotonic()
    supervisor.started_at["web"] = now
    supervisor.delays["web"] = 16

    assert supervisor.next_delay("web", now + module.STEADY_AFTER_S + 1) == 0
    assert supervisor.next_delay("web", now + module.STEADY_AFTER_S - 1) == 0.1


def test_what_stands_still_is_woken_its_children_too(supervisor, said, monkeypatch):
    monkeypatch.setattr(module, "STANDSTILL_S", 0.5)
    monkeypatch.setattr(module, "LOOK_FOR_STANDSTILL_EVERY_S", 0.1)
    program = Program("worker", [sys.executable, "-c", FAMILY])
    supervisor.start(program)
    leader = psutil.Process(program.child.process.pid)
    until(leader.children)
    [grandchild] = leader.children()

    grandchild.suspend()
    until(lambda: grandchild.status() == psutil.STATUS_STOPPED)
    time.sleep(1)
    assert grandchild.status() == psutil.STATUS_STOPPED  # the negative control: nothing else wakes
    threading.Timer(3, supervisor.note_wish).start()
    supervisor.watch()

    assert grandchild.status() != psutil.STATUS_STOPPED
    assert program.child.process.pid == leader.pid
    assert said == ["worker stood still; it goes on again."]


def test_one_that_has_answered_and_falls_silent_is_replaced(supervisor, said, monkeypatch):
    monkeypatch.setattr(module, "STEADY_AFTER_S", 0)
    monkeypatch.setattr(module, "ASK_EVERY_S", 0.1)
    monkeypatch.setattr(module, "SILENCE_S", 0.5)
    talks = [False]
    program = Program("web", SLEEPER, answers=lambda: talks[0])
    supervisor.start(program)
    first = program.child

    threading.Timer(1.0, talks.__setitem__, (0, True)).start()  # slow to start: nobody minds
    threading.Timer(1.5, talks.__setitem__, (0, False)).start()
    threading.Timer(3.5, supervisor.note_wish).start()
    supervisor.watch()

    assert said[0] == "web no longer answers; replacing it."
    assert said.count("web is running again.") == 1  # the new one is not asked for its first word
    assert program.child is not first


def test_the_wish_to_stop_cuts_a_step_short(supervisor):
    threading.Timer(0.3, supervisor.note_wish).start()
    begun = time.monotonic()

    with pytest.raises(Stopped):
        supervisor.run("load_demo", SLEEPER)

    assert time.monotonic() - begun < 5


def test_a_step_that_fails_ends_the_start(supervisor):
    with pytest.raises(LocalError, match="stopped at “migrate”"):
        supervisor.run("migrate", [sys.executable, "-c", "raise SystemExit(3)"])


def test_a_service_that_ends_while_starting_ends_the_start(supervisor):
    supervisor.start(Program("web", [sys.executable, "-c", ""]))

    with pytest.raises(LocalError, match="Web ended while starting"):
        supervisor.await_condition(lambda: False, 10, "The site")


def test_grandchildren_go_with_their_parent():
    child = Child("family", [sys.executable, "-c", FAMILY])
    leader = psutil.Process(child.process.pid)
    until(leader.children)
    [grandchild] = leader.children()

    child.stop()

    until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


def test_one_that_will_not_stop_is_ended(tmp_path, capsys):
    log = tmp_path / "log"
    command = [sys.executable, "-c", STUBBORN + "; time.sleep(60)"]
    child = Child("stubborn", command, grace_s=0.3, log=log)
    until(log.read_text)

    child.stop()

    assert not child.is_alive()
    assert "stubborn did not stop" in capsys.readouterr().err


def test_a_child_is_refused_off_the_main_thread():
    refusals = []

    def try_it() -> None:
        try:
            Child("orphan", SLEEPER)
        except RuntimeError as error:
            refusals.append(str(error))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()

    assert len(refusals) == 1
