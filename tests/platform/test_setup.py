"""`bin/setup` on machines that lack something: one sentence says what to do."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.local.paths import BASE_DIR

OLD = "#!/bin/sh\nexit 1\n"
# Answers as a new Python, but has neither pip nor ensurepip: a Debian machine without python3-venv
WITHOUT_VENV = '#!/bin/sh\ncase "$*" in *pip*) exit 1;; esac\nexit 0\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with nothing installed, and a PATH with the plainest tools alone."""
    clone = tmp_path / "clone"
    (clone / "bin").mkdir(parents=True)
    shutil.copy(BASE_DIR / "bin" / "setup", clone / "bin" / "setup")
    (clone / "requirements.txt").write_text("")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "chmod", "cmp", "cp", "dirname", "env", "flock", "mkdir", "rm", "sleep"):
        (tools / name).symlink_to(shutil.which(name))
    return clone


def setup_with(clone: Path, pythons: dict[str, str]) -> subprocess.CompletedProcess[str]:
    tools = clone.parent / "tools"
    for name, script in pythons.items():
        (tools / name).write_text(script)
        (tools / name).chmod(0o755)
    env = {"PATH": str(tools), "HOME": os.environ.get("HOME", "/")}
    command = [str(clone / "bin" / "setup"), "requirements.txt"]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("pythons", [{}, {"python3": OLD}])
def test_a_machine_without_a_new_python_is_told_which_packages_to_install(clone, pythons):
    done = setup_with(clone, pythons)

    assert done.returncode == 1
    assert done.stderr == (
        "Python 3.11 or newer is missing."
        " On Debian or Ubuntu: apt-get install python3 python3-venv\n"
    )


def test_a_python_without_ensurepip_is_told_apart(clone):
    done = setup_with(clone, {"python3": WITHOUT_VENV})

    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr


# Has no ensurepip either, but pip of its own; and makes environments that have none
WITH_PIP_ALONE = """#!/bin/bash
case "$*" in
  *ensurepip*) exit 1 ;;
  *without-pip*) mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  *"--python .venv/bin/python install"*) echo "$@" >>installed ;;
  *"import pip"*) exit 1 ;;
  *"import uv"*) [ -e installed ] ;;
esac
"""


def test_a_python_without_ensurepip_fills_the_environment_with_pip_of_its_own(clone):
    done = setup_with(clone, {"python3": WITH_PIP_ALONE})

    assert (done.returncode, done.stderr) == (0, "")
    asked = (clone / "installed").read_text()
    assert "--require-hashes" in asked
    assert "--requirement requirements.txt" in asked
    assert setup_with(clone, {}).stdout == ""  # it is there now


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")
def test_root_gets_what_is_missing_of_python_installed(clone):
    wish = clone.parent / "wish"

    done = setup_with(
        clone,
        {"python3": WITHOUT_VENV, "apt-get": f'#!/bin/bash\necho "$@" >>{wish}\n'},
    )

    assert wish.read_text().splitlines()[1].endswith("python3-venv")
    assert "apt-get install python3-venv" in done.stderr  # in vain with this one


# Makes an environment so slowly that the next start finds it at work
SLOW = """#!/bin/bash
case "$*" in
  *"-m venv .venv") echo made >>made; sleep 1; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  *"import pip"*|*"import uv"*) [ -e .venv/bin/python ] ;;
esac
"""


def test_two_starts_at_once_make_one_environment(clone):
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(setup_with, [clone, clone], [{"python3": SLOW}] * 2))

    assert [one.returncode for one in done] == [0, 0]
    assert (clone / "made").read_text() == "made\n"
    assert sum("waiting for it" in one.stdout for one in done) == 1


def test_a_clone_that_cannot_be_written_is_told(clone):
    (clone / "var").write_text("")

    done = setup_with(clone, {"python3": SLOW})

    assert done.returncode == 1
    assert done.stderr == f"{clone} cannot be written. Clone into a folder of your own.\n"


def test_a_newer_python_under_another_name_is_found(clone):
    done = setup_with(clone, {"python3": OLD, "python3.12": WITHOUT_VENV})

    assert "cannot make environments" in done.stderr


def test_what_is_installed_already_is_not_installed_again(clone):
    venv = clone / ".venv" / "bin"
    venv.mkdir(parents=True)
    (venv / "python").symlink_to("/bin/true")
    shutil.copy(clone / "requirements.txt", clone / ".venv" / "installed-requirements.txt")

    done = setup_with(clone, {})

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def checkout(clone: Path) -> Path:
    """A clone whose packages are there; what is missing is Chromium."""
    shutil.copy(BASE_DIR / "check", clone / "check")
    (clone / "bin" / "setup").write_text("#!/bin/sh\n")
    return clone


def check_as(checkout: Path, user_id: int, **programs: str) -> subprocess.CompletedProcess[str]:
    tools = checkout.parent / "tools"
    for name, script in {"id": f"echo {user_id}", **programs}.items():
        (tools / name).write_text(f"#!/bin/bash\n{script}\n")
        (tools / name).chmod(0o755)
    env = {"PATH": str(tools), "POLICY_RC_D": str(tools / "policy-rc.d")}
    return subprocess.run(
        [str(checkout / "check")], env=env, capture_output=True, text=True, check=False
    )


def test_the_checks_do_not_go_on_without_a_browser(checkout):
    done = check_as(checkout, user_id=1000)

    assert done.returncode == 1
    assert done.stderr.startswith("Missing: chromium fonts-dejavu-core")
    assert "As root: apt-get install " in done.stderr
    assert "ruff" not in done.stdout


def test_root_gets_the_browser_installed(checkout):
    wish = checkout.parent / "wish"

    check_as(checkout, user_id=0, **{"apt-get": f'echo "$@" >> {wish}'})

    asked = wish.read_text().splitlines()
    assert asked[0].startswith("update")
    assert asked[1].startswith("install")
    assert "chromium" in asked[1]
    assert not (
        checkout.parent / "tools" / "policy-rc.d"
    ).exists()  # other installations start theirs


def test_the_browser_without_windows_is_preferred_where_it_is_packaged(checkout):
    wish = checkout.parent / "wish"

    check_as(
        checkout,
        user_id=0,
        **{"apt-get": f'echo "$@" >> {wish}', "apt-cache": '[ "$2" = chromium-headless-shell ]'},
    )

    assert "chromium-headless-shell fonts-dejavu-core" in wish.read_text()


def test_every_check_that_fails_is_named_before_the_tests_would_run(checkout):
    done = check_as(checkout, user_id=1000, chromium="")

    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Not right yet: [ruff: rules] [ruff: format] [djlint]")
    assert last.endswith("[settings of a real installation] [mypy]")
    assert "tests" not in done.stdout
