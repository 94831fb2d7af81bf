"""Create ``.venv`` from ``requirements.lock``, with aelib in it, or do nothing if it is there.

Called by the Makefile before every command that needs it. Uses the standard library only, and no syntax newer than
Python 3.8, so that an unsuitable Python gets as far as saying so. The stamp is written last: without one, an earlier
set-up was interrupted, and the folder is made afresh (what pip has downloaded stays in its cache).
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing keeps two commands from setting up at once
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
CANDIDATES = ("python3", "python3.13", "python3.12", "python3.11", "python")


class SetupError(Exception):
    """Something that the person at the keyboard must mend; the message says what and how."""


def stamp_path(root):
    """Path of the file that says that the set-up is complete."""
    return root / ".venv" / ".setup-complete"


def venv_python(root):
    """Path of the environment's Python."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def made_with(root):
    """Path of the Python behind the environment's link."""
    return os.path.realpath(str(venv_python(root)))


def expected_stamp(root):
    """Give what the stamp must hold: a hash of what is installed, and the folder, since ``.venv`` cannot be moved."""
    digest = hashlib.sha256()
    for name in ("requirements.lock", "pyproject.toml"):
        digest.update((root / name).read_bytes().replace(b"\r\n", b"\n"))
    return {"inputs": digest.hexdigest(), "folder": str(root)}


def read_stamp(root):
    """Give the stamp's content, or None if it is missing or damaged."""
    try:
        return json.loads(stamp_path(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def state(root):
    """Tell what has to be done.

    Returns
    -------
    str
        ``"ready"``: nothing; ``"update"``: install into the existing environment; ``"create"``: make it afresh.
    """
    stamp, expected = read_stamp(root), expected_stamp(root)
    if not venv_python(root).exists() or stamp is None or stamp.get("folder") != expected["folder"]:
        return "create"
    # The system's upgrade may put another Python behind the link that `.venv` holds: nothing is installed for that one.
    if stamp.get("python", made_with(root)) != made_with(root):
        return "create"
    return "ready" if stamp.get("inputs") == expected["inputs"] else "update"


def python_version(executable):
    """Give ``(major, minor)`` of a Python, or None if it does not run."""
    try:
        answer = subprocess.run(
            [executable, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, timeout=30
        )
        return tuple(int(part) for part in answer.stdout.split())[:2] or None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def find_python(root, override=""):
    """Find a Python that the lock supports.

    Parameters
    ----------
    root : Path
        The repository's root; a Python of its own ``.venv`` is passed over.
    override : str
        The only one to consider, if not empty.
    """
    found = []
    for name in [override] if override else CANDIDATES:
        executable = shutil.which(name)
        if executable is None or root / ".venv" in Path(os.path.abspath(executable)).parents:
            continue
        version = python_version(executable)
        if version is not None and OLDEST <= version <= NEWEST:
            return executable
        found.append("{} is {}".format(executable, ".".join(map(str, version)) if version else "not a Python"))
    wanted = "Python {}.{} to {}.{}".format(*OLDEST, *NEWEST)
    raise SetupError(
        "{} is needed; found: {}.\nInstall one of them, or name it: make PYTHON=/path/to/python3.12".format(
            wanted, "; ".join(found) or "none of " + ", ".join([override] if override else CANDIDATES)
        )
    )


def run(command, failure):
    """Run a command quietly; on failure raise with its last lines."""
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if answer.returncode:
        raise SetupError("{}\n{}".format(failure, "\n".join(answer.stdout.splitlines()[-20:])))


def install_lock(root):
    """Install every package of the lock, showing how far it is."""
    lock = root / "requirements.lock"
    command = [str(venv_python(root)), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--progress-bar", "off", "-r", str(lock)]
    total = len([line for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line])
    live, start, last_line, count, tail = sys.stdout.isatty(), time.monotonic(), 0.0, 0, []
    doing = "fetching"
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout:
            tail = [*tail[-19:], line.rstrip()]
            if re.match(r"Collecting|Processing|Requirement already|Ignoring", line):
                count += 1
                doing = f"fetching package {count} of {total}"
            installing = line.startswith("Installing collected")
            if installing:
                doing = "installing all of them (about a minute)"
            if live or installing or time.monotonic() - last_line > 10:
                last_line = time.monotonic()
                text = f"  {doing}, {last_line - start:.0f} s"
                print("\r\x1b[K" + text if live else text, end="" if live else "\n", flush=True)
        status = process.wait()
    except BaseException:
        process.kill()
        raise
    if live:
        print()
    if status:
        raise SetupError(
            "pip could not install requirements.lock. Is a package index reachable, is the disk full?\n{}\n"
            "Running the same command again repairs this.".format("\n".join(tail))
        )


@contextlib.contextmanager
def alone(root):
    """Wait until no other command sets up this folder."""
    with open(str(root / ".setup.lock"), "w") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                print("Set-up: another command is at it; waiting for that.", flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(root=ROOT, override=""):
    """Bring ``.venv`` into the state that the lock describes."""
    if state(root) == "ready":
        return
    with alone(root):
        todo = state(root)
        if todo != "ready":
            _set_up(root, override, todo)


def _set_up(root, override, todo):
    start, expected = time.monotonic(), expected_stamp(root)
    folder = root / ".venv"
    if todo == "update":
        print("Set-up: requirements.lock or pyproject.toml changed; bringing .venv up to date.", flush=True)
    else:
        python = find_python(root, override)
        if folder.exists():
            print("Set-up: the existing .venv is incomplete or was moved; making it afresh.", flush=True)
            shutil.rmtree(folder)
        print(f"Set-up [1/3]: creating .venv with {python}", flush=True)
        run(
            [python, "-m", "venv", str(folder)],
            "Python could not create .venv. On Debian or Ubuntu, install the package python3-venv and run this again.",
        )
    # From here to the end an interruption must be noticed next time.
    if stamp_path(root).exists():
        stamp_path(root).unlink()
    print("Set-up [2/3]: installing requirements.lock (fetches about 0.5 GB the first time)", flush=True)
    install_lock(root)
    print("Set-up [3/3]: installing aelib from this folder", flush=True)
    pip = [str(venv_python(root)), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
    run([*pip, "--no-deps", "--no-build-isolation", "-e", str(root)], "pip could not install aelib from this folder.")
    expected["python"] = made_with(root)
    beside = stamp_path(root).with_suffix(".tmp")
    beside.write_text(json.dumps(expected), encoding="utf-8")
    os.replace(str(beside), str(stamp_path(root)))
    print(f"Set-up: done in {time.monotonic() - start:.0f} s.\n", flush=True)


if __name__ == "__main__":
    try:
        set_up(override=os.environ.get("AELIB_SETUP_PYTHON", ""))
    except SetupError as error:
        sys.exit(f"ERROR: {error}")
    except KeyboardInterrupt:
        sys.exit("\nSet-up interrupted. Running the same command again repairs it.")
