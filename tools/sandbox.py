"""A Jupyter kernel for somebody else's code: isolated by the system's own means, and limited.

On Linux with bubblewrap (``bwrap``), the kernel runs in its own namespaces: no network, its own processes, and a file
system that holds Python, its libraries, ``aelib`` and ``data``, read-only, and a home and a temporary folder in memory,
which vanish with it. What is not there cannot be read: other submissions, solutions, hidden tests, the gradebook, the
teacher's home. ``ISOLATION=none`` runs it as an ordinary process of the teacher's, which is safe only for code that the
teacher trusts; :data:`UNPROTECTED` says what is then missing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import select
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

import remote

TOOLS = Path(__file__).resolve().parent
UNPROTECTED = (
    "no isolation: a submission's code can read whatever you can read (other submissions, solutions, hidden tests, the "
    "gradebook, your own files), change or delete whatever you can, and use the network; only its time, memory, "
    "processes and output are limited"
)
SEEN = "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin"
SEEN_IN_ETC = "alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime"


class SandboxError(Exception):
    """No sandbox can be had; the message says why and what to do."""


class Died(Exception):
    """The sandbox is gone, and why, in words for the student and the teacher."""


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Parameters
    ----------
    cell : float
        Seconds for one cell, or for all calls from one test cell.
    total : float
        Seconds for the whole submission.
    memory : int
        Bytes, all its processes together.
    processes : int
        Processes at one time.
    disk : int
        Bytes in its home, and as many in its temporary folder.
    text : int
        Characters kept of one cell's output.
    flood : int
        Characters that a cell may print before it is stopped.
    """

    cell: float = 120.0
    total: float = 600.0
    memory: int = 4 << 30
    processes: int = 64
    disk: int = 256 << 20
    text: int = 20_000
    flood: int = 10_000_000


@dataclass(frozen=True)
class Isolation:
    """How this machine isolates.

    Parameters
    ----------
    means : {"bwrap", "none"}
        What does it.
    options : frozenset of str
        The options that this machine's bwrap has, of those that older ones lack.
    gaps : tuple of str
        What it therefore cannot do, in words.
    fonts : Path, optional
        Matplotlib's list of fonts, which would take each kernel seconds to make.
    """

    means: str
    options: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()
    fonts: Path | None = None

    def __str__(self) -> str:
        if self.means == "none":
            return UNPROTECTED
        who = "an unprivileged user of its own" if os.geteuid() == 0 else "a user namespace"
        said = f"bubblewrap ({who}; no network; own processes; only Python, aelib and data to be seen, read-only)"
        return said + "".join(f"; but {gap}" for gap in self.gaps)


def find_isolation(choice: str, root: Path, cache: Path) -> Isolation:
    """Find out how this machine isolates, and try it.

    Parameters
    ----------
    choice : {"", "bwrap", "none"}
        What the teacher asked for.
    root : Path
        The repository's root.
    cache : Path
        Folder for what all kernels need and each would otherwise make for itself.

    Raises
    ------
    SandboxError
        If it cannot; says what to install, or what would be unprotected without.
    """
    if choice not in ("", "bwrap", "none"):
        raise SandboxError(
            f"ISOLATION={choice} is not known; expected bwrap, none, or nothing at all, which means bwrap."
        )
    if os.name != "posix":
        raise SandboxError("Grading needs Linux. On Windows, use WSL: https://learn.microsoft.com/windows/wsl")
    isolation = Isolation("none") if choice == "none" else _bubblewrap()
    isolation = dataclasses.replace(isolation, fonts=_fonts(cache / "matplotlib"))
    try:
        with Kernel(isolation, root, Limits()):
            pass
    except Died as error:
        if choice == "none":
            raise SandboxError(f"A Jupyter kernel does not start on this machine:\n{error}") from None
        raise SandboxError(
            f"bubblewrap is installed, but no kernel starts in it:\n{error}\n"
            "Most often the system does not allow user namespaces. On Ubuntu 24.04 and later, allow them for bwrap by "
            "an AppArmor profile (package apparmor-profiles, profile bwrap-userns-restrict), or for all with\n"
            "  sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0\n"
            "On other systems look at `sysctl user.max_user_namespaces`, which must not be 0; a container must allow "
            f"them, too.\n{_without()}"
        ) from None
    return isolation


def _bubblewrap() -> Isolation:
    if sys.platform != "linux" or not shutil.which("bwrap"):
        where = (
            "Install it: sudo apt-get install bubblewrap (or dnf, pacman, zypper install bubblewrap)"
            if sys.platform == "linux"
            else "It exists for Linux only: grade in a virtual machine or a container with Linux"
        )
        raise SandboxError(
            "Submissions are somebody else's code, and the program that isolates them, bubblewrap (bwrap), is not "
            f"installed.\n{where}, and run the same command again.\n{_without()}"
        )
    text = subprocess.run(["bwrap", "--help"], capture_output=True, text=True).stdout
    options = frozenset(name for name in ("--size", "--perms", "--disable-userns", "--clearenv") if name in text)
    gaps = () if "--size" in options else ("this version of it cannot limit the size of its folders in memory",)
    return Isolation("bwrap", options, gaps)


def _fonts(folder: Path) -> Path | None:
    """Make Matplotlib's list of fonts, if there is none yet."""
    if not list(folder.glob("fontlist-*.json")):
        folder.mkdir(parents=True, exist_ok=True)
        variables = os.environ | {"MPLCONFIGDIR": str(folder)}
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], env=variables, capture_output=True)
    return next(iter(sorted(folder.glob("fontlist-*.json"))), None)


def _without() -> str:
    return (
        f"To grade without, add ISOLATION=none to the command. Then there is {UNPROTECTED}. Do so only on a machine "
        "that holds nothing of worth, or for submissions that you trust."
    )


# --- the command ---------------------------------------------------------------------------------------------------


def python_folders() -> list[Path]:
    """List the folders that this Python consists of: its prefix, the one it was made from, and where links lead."""
    executable = Path(sys.executable)
    places = [sys.prefix, sys.base_prefix, sys.exec_prefix, executable.resolve().parent.parent]
    places += [path for name, path in sysconfig.get_paths().items() if name in ("purelib", "platlib", "stdlib")]
    # What was installed from a folder (`pip install -e`) is not part of this: of the repository, only aelib is seen.
    folders = {Path(place).absolute() for place in places} | {Path(place).resolve() for place in places}
    bound = [Path(place) for place in SEEN]
    for folder in sorted(folder for folder in folders if folder.is_dir()):
        if not any(folder.is_relative_to(place) for place in bound):
            bound.append(folder)
    return bound[len(SEEN) :]


def environment(root: Path, home: str, temporary: str, modules: str) -> dict[str, str]:
    """Give the few environment variables that a kernel has."""
    variables = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": temporary,
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{root}:{modules}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPLCONFIGDIR": f"{temporary}/matplotlib",
        "JUPYTER_PLATFORM_DIRS": "1",
    }
    kept = "KERAS_BACKEND", "OMP_NUM_THREADS", "LD_LIBRARY_PATH"
    return variables | {name: os.environ[name] for name in kept if name in os.environ}


def grader_files(isolation: Isolation) -> dict[str, Path]:
    """Give the files of the grader's that a sandbox holds, by their names in it."""
    files = {"inside.py": TOOLS / "inside.py", "aelib_remote.py": TOOLS / "remote.py"}
    return files | ({isolation.fonts.name: isolation.fonts} if isolation.fonts else {})


def bwrap_command(isolation: Isolation, root: Path, limits: Limits, inner: list[str]) -> list[str]:
    """Give the command that runs ``inner`` in a sandbox of its own."""
    command = [
        shutil.which("bwrap") or "bwrap",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    command += ["--die-with-parent", "--new-session", "--hostname", "sandbox"]
    if os.geteuid() != 0:
        command += ["--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"]
        command += ["--disable-userns"] if "--disable-userns" in isolation.options else []

    def in_memory(size: int, place: str) -> list[str]:
        # Root leaves its rights behind only inside, so that the folders must be anybody's.
        perms = ["--perms", "1777"] if "--perms" in isolation.options else []
        return [*(["--size", str(size)] if "--size" in isolation.options else []), *perms, "--tmpfs", place]

    for place in map(Path, SEEN):
        if place.is_symlink():
            command += ["--symlink", os.readlink(place), str(place)]
        elif place.is_dir():
            command += ["--ro-bind", str(place), str(place)]
    for name in SEEN_IN_ETC:
        command += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev", *in_memory(limits.disk, "/dev/shm")]
    command += [*in_memory(limits.disk, "/tmp"), *in_memory(limits.disk, "/home/student")]
    binds = {folder: folder for folder in python_folders()}
    binds |= {root / name: root / name for name in ("aelib", "data") if (root / name).exists()}
    binds |= {path: Path("/opt/grader") / name for name, path in grader_files(isolation).items()}
    made: set[Path] = set()
    for path, place in binds.items():
        # By itself, bwrap makes the folders above for root alone.
        for parent in reversed(place.parents[:-1]):
            if parent not in made and not any(parent.is_relative_to(bound) for bound in (*binds, *map(Path, SEEN))):
                command += ["--dir", str(parent)]
                made.add(parent)
        command += ["--ro-bind", str(path), str(place)]
    # What bwrap made to mount all this in is memory, too, and was writable until here.
    command += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    return [*command, *inner]


# --- a kernel ------------------------------------------------------------------------------------------------------


class Kernel:
    """One kernel in one sandbox. To be closed, or used in a ``with`` statement.

    Parameters
    ----------
    isolation : Isolation
        From :func:`find_isolation`.
    root : Path
        The repository's root.
    limits : Limits
        What it may use.

    Raises
    ------
    Died
        If it does not start.
    """

    START = 60.0  # seconds that it may take to start
    GRACE = 15.0  # seconds that an interruption may take to be heard, on a machine with much to do

    def __init__(self, isolation: Isolation, root: Path, limits: Limits):
        self.limits = limits
        self.verdict = ""  # why it was ended from here
        self._buffer = bytearray()
        self._folder: str | None = None
        isolated = isolation.means == "bwrap"
        if isolated:
            home, temporary, modules = "/home/student", "/tmp", "/opt/grader"
        else:
            self._folder = home = temporary = modules = tempfile.mkdtemp(prefix="grading-")
            for name, path in grader_files(isolation).items():
                shutil.copy(path, Path(modules) / name)
        settings = {
            "user": _spare_user() if isolated and os.geteuid() == 0 else 0,
            "memory": limits.memory,
            "file": limits.disk,
            # The system counts all of a user's threads, wherever they run.
            "tasks": _own_threads() + 512,
            "flood": limits.flood,
            "folder": f"{temporary}/.grader",
            "work": f"{home}/work",
            "start": self.START,
        }
        inner = [sys.executable, "-B", f"{modules}/inside.py", json.dumps(settings)]
        command = bwrap_command(isolation, root, limits, inner) if isolated else inner
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the kernel)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(root, home, temporary, modules),
            cwd=None if isolated else home,
            start_new_session=True,
            pipesize=1 << 20,
        )
        os.set_blocking(self._process.stdin.fileno(), False)
        os.set_blocking(self._process.stdout.fileno(), False)
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        try:
            if self._receive(time.monotonic() + self.START)[0].get("is") != "ready":
                raise Died("the kernel said something else than that it is ready")
        except (Died, TimeoutError) as error:
            self._errors.seek(0)
            said = self._errors.read()[-2000:].decode("utf-8", "replace").strip()
            self.close()
            raise Died(said or str(error) or f"it did not start within {self.START:.0f} s") from None

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def run(self, code: str, seconds: float) -> tuple[list[dict], str]:
        """Run one cell.

        Parameters
        ----------
        code : str
            The cell.
        seconds : float
            It is interrupted after as long, and the sandbox ended if that does not help.

        Returns
        -------
        outputs : list of dict
            In the notebook format, cleaned; see :func:`clean_output`.
        problem : str
            Empty if the cell ran to its end or stopped with an error of its own; else what was done, in words.

        Raises
        ------
        Died
            If the sandbox is gone. What the cell had output until then is in the attribute ``outputs`` of the error.
        """
        outputs = Outputs(self.limits.text)
        problem = ""
        deadline = time.monotonic() + seconds
        try:
            self._send({"do": "run", "code": code}, deadline)
            while True:
                try:
                    message, _ = self._receive(deadline)
                except TimeoutError:
                    if problem:
                        self._end(f"it ran for more than {seconds:.0f} s and could not be interrupted")
                        continue
                    problem = f"stopped after {seconds:.0f} s"
                    deadline = time.monotonic() + self.GRACE
                    self._send({"do": "interrupt"}, deadline)
                    continue
                if message.get("is") == "done":
                    return outputs.kept, problem
                self._still_alive(message)
                if message.get("is") == "output":
                    outputs.add(message.get("type"), message.get("content"))
        except Died as error:
            error.outputs = outputs.kept
            raise

    @contextlib.contextmanager
    def serving(self, seconds: float):
        """Let the kernel answer requests; gives the function that asks, for :mod:`remote`.

        Parameters
        ----------
        seconds : float
            For all requests together. A call is interrupted when they are over.
        """
        deadline = time.monotonic() + seconds
        self._command({"do": "serve"}, b"", deadline, "serving")

        def ask(request: dict, data: bytes) -> tuple[dict, bytes]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the checks of this task were stopped after {seconds:.0f} s")
            header, data = self._command({"do": "ask", "request": request}, data, deadline, "answer")
            answer = header.get("answer")
            return (answer if isinstance(answer, dict) else {}), data

        yield ask
        ask_end = {"do": "ask", "request": {"op": "end"}}
        self._command(ask_end, b"", time.monotonic() + 10, "answer")

    def close(self) -> None:
        """End it and all its processes, and wait until they are gone."""
        self._closing.set()
        self._kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        self._errors.close()
        self._watcher.join()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    # --- what it is made of

    def _command(self, header: dict, data: bytes, deadline: float, wanted: str) -> tuple[dict, bytes]:
        """Send a command and wait for its answer, interrupting what is under way when the time is over."""
        self._send(header, deadline, data)
        interrupted = False
        while True:
            try:
                answer, data = self._receive(deadline)
            except TimeoutError:
                if interrupted:
                    self._end("a call took too long and could not be interrupted")
                    continue
                interrupted, deadline = True, time.monotonic() + self.GRACE
                self._send({"do": "interrupt"}, deadline)
                continue
            if answer.get("is") == wanted:
                return answer, data
            self._still_alive(answer)

    def _still_alive(self, message: dict) -> None:
        if message.get("is") != "dead":
            return
        self._kill()
        raise Died(self.verdict or _why(message.get("status"), self.limits))

    def _send(self, header: dict, deadline: float, data: bytes = b"") -> None:
        rest = memoryview(remote.frame(header, data))
        target = self._process.stdin.fileno()
        while rest:
            # Whoever stops reading does not stop the grader.
            if not select.select([], [target], [], max(0.0, deadline - time.monotonic()))[1]:
                self._end("its process does not answer")
            try:
                rest = rest[os.write(target, rest) :]
            except (BrokenPipeError, BlockingIOError) as error:
                if isinstance(error, BrokenPipeError):
                    raise Died(self._reason()) from None

    def _receive(self, deadline: float) -> tuple[dict, bytes]:
        source = self._process.stdout.fileno()
        while True:
            try:
                received = remote.take_frame(self._buffer)
            except ValueError as error:
                self._end(f"it sent {error}")
                raise Died(self._reason()) from None
            if received is not None:
                return received
            if not select.select([source], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise TimeoutError
            piece = os.read(source, 1 << 20)
            if not piece:
                raise Died(self._reason())
            self._buffer += piece

    def _reason(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        return self.verdict or "it ended its own process"

    def _end(self, verdict: str) -> None:
        """End the sandbox for a reason. The next read says so."""
        self.verdict = self.verdict or verdict
        self._kill()

    def _kill(self) -> None:
        if self._process.poll() is None:
            tree = _tree(self._process.pid) if self._folder else []  # else the namespace takes them all with it
            self._process.kill()
            for process in tree:
                with contextlib.suppress(psutil.Error):
                    process.kill()

    def _watch(self) -> None:
        """Look after memory and processes, which no limit of the system's counts for all processes together."""
        while not self._closing.wait(0.2):
            if self._process.poll() is not None:
                return
            tree = _tree(self._process.pid)
            memory = 0
            for process in tree:
                with contextlib.suppress(psutil.Error):
                    memory += process.memory_info().rss
            if memory > self.limits.memory:
                self._end(f"it used more than {self.limits.memory / (1 << 30):.2g} GB of memory")
            elif len(tree) > self.limits.processes:
                self._end(f"it started more than {self.limits.processes} processes")


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


@functools.cache
def _spare_user() -> int:
    """Choose a user that nothing else runs as, so that root's sandboxes are limited, too, and apart from each other."""
    return 200_000 + os.getpid() % 100_000


def _own_threads() -> int:
    count = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.uids().real == os.getuid():
                count += process.num_threads()
    return count


def _why(status, limits: Limits) -> str:
    """Say why a kernel ended."""
    if status == "flood":
        return f"it printed more than {2 * limits.flood / 1e6:.0f} million characters"
    if isinstance(status, int) and status < 0:
        hint = " (most often for lack of memory)" if status in (-6, -9, -11) else ""
        return f"its process was ended by signal {-status}{hint}"
    return "it ended its own process"


# --- outputs -------------------------------------------------------------------------------------------------------


class Outputs:
    """What a cell has output, as far as it is kept.

    Only text and bitmaps are: anything else (HTML, SVG, JavaScript) would run in the browser of whoever marks it.
    """

    IMAGES = 20
    IMAGE_SIZE = 2 << 20

    def __init__(self, characters: int):
        self.kept: list[dict] = []
        self._left = characters
        self._images = 0

    def add(self, kind, content) -> None:
        """Take one message of a kernel's into account."""
        if not isinstance(content, dict):
            return
        if kind == "clear_output":
            self.kept.clear()
        elif kind == "stream":
            name = "stderr" if content.get("name") == "stderr" else "stdout"
            text = self._text(content.get("text"))
            if self.kept and self.kept[-1].get("name") == name:
                self.kept[-1]["text"] += text
            elif text:
                self.kept.append({"output_type": "stream", "name": name, "text": text})
        elif kind == "error":
            # Whatever was printed before, an error is told.
            lines = content.get("traceback")
            lines = [line[:4000] for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
            name, value = str(content.get("ename"))[:100], str(content.get("evalue"))[:4000]
            self.kept.append({"output_type": "error", "ename": name, "evalue": value, "traceback": lines[-30:]})
        elif kind in ("display_data", "execute_result") and isinstance(content.get("data"), dict):
            data = self._bundle(content["data"])
            if data:
                output = {"output_type": kind, "data": data, "metadata": {}}
                self.kept.append(output | ({"execution_count": None} if kind == "execute_result" else {}))

    def _text(self, text) -> str:
        if not isinstance(text, str) or self._left < 0:
            return ""
        if len(text) > self._left:
            text = text[: self._left] + "\n... (the rest of the output is left out)\n"
            self._left = -1
        else:
            self._left -= len(text)
        return text

    def _bundle(self, data: dict) -> dict:
        kept = {}
        for kind, start in (("image/png", "iVBORw0KGgo"), ("image/jpeg", "/9j/")):
            image = data.get(kind)
            if isinstance(image, str) and len(image) <= self.IMAGE_SIZE and self._images < self.IMAGES:
                image = "".join(image.split())
                if image.startswith(start) and is_base64(image):
                    kept[kind] = image
                    self._images += 1
        text = self._text(data.get("text/plain"))
        return kept | ({"text/plain": text} if text else {})


def is_base64(text: str) -> bool:
    """Tell whether a text can stand in a page as an image's data."""
    return text.isascii() and all(character.isalnum() or character in "+/=" for character in text)
