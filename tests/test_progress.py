"""Pairs done side by side: each once, failures named and survived, an interruption ends what runs."""

import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

import progress
from pairs import Pair, PairError

TOOLS = Path(progress.__file__).parent


@pytest.fixture
def four():
    return [Pair(Path("nowhere"), "chapter", f"0{number}_small") for number in (1, 2, 3, 4)]


def test_so_many_are_worked_on_at_once(four):
    together = threading.Barrier(2, timeout=20)  # opens only if two are there at the same time
    assert progress.each(four, lambda pair, label: together.wait(), at_once=2) == 0


def test_one_at_a_time_keeps_the_order_and_says_how_far_it_is(four):
    seen = []
    progress.each(four, lambda pair, label: seen.append((pair, label)))
    assert [pair for pair, _ in seen] == four
    assert [label.split()[0] for _, label in seen] == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]


@pytest.mark.parametrize("at_once", [1, 2])
def test_after_a_failure_the_rest_is_done_and_the_failed_are_named(four, at_once, capsys):
    done = []

    def action(pair, label):
        if pair in (four[0], four[2]):
            raise PairError(f"{pair.name} is broken")
        done.append(pair)

    assert progress.each(four, action, at_once=at_once) == 1
    assert sorted(done, key=str) == [four[1], four[3]]
    said = capsys.readouterr().err
    assert "ERROR in chapter 01_small:\n01_small is broken" in said
    assert "2 of 4 need attention: chapter 01_small, chapter 03_small" in said


@pytest.mark.parametrize(
    ("cores", "gigabytes", "expected"), [(1, 64, 1), (2, 16, 2), (2, 7, 1), (8, 2, 1), (32, 64, 4)]
)
def test_no_more_at_once_than_cores_and_memory_bear(monkeypatch, cores, gigabytes, expected):
    memory = psutil.virtual_memory()._replace(available=gigabytes * 1e9)
    monkeypatch.setattr(progress.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(progress.psutil, "virtual_memory", lambda: memory)
    assert progress.room() == expected


class Terminal:
    """Standard output as a terminal 30 columns wide."""

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


def test_on_a_terminal_those_that_run_share_one_line_that_fits(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "30")
    with progress.Progress("[1/2] one"), progress.Progress("[2/2] two"):
        deadline = time.monotonic() + 30
        while "|" not in terminal.text and time.monotonic() < deadline:
            time.sleep(0.1)
    lines = terminal.text.replace("\x1b[K", "").replace("\r", "\n").splitlines()
    assert any(re.match(r"\[1/2\] one \d+ s +\| \[2/2\]", line) for line in lines)
    assert max(map(len, lines)) < 30
    assert lines[-1].startswith("[1/2] one ... ")
    assert progress._running == []


def test_an_interruption_also_ends_what_is_about_to_begin():
    running, ended = threading.Event(), threading.Event()

    def action(pair, label):
        if pair == "interrupted":
            raise KeyboardInterrupt
        time.sleep(0.3)  # brings its halves into step, looks for outputs
        running.set()
        assert ended.wait(10)

    def stop():
        if running.is_set():
            ended.set()

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        progress.each(["late", "interrupted"], action, at_once=2, stop=stop)
    assert ended.is_set() and time.monotonic() - start < 5


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_what_waits_is_given_up_after_an_interruption_or_an_unexpected_error(four, error):
    begun, ended = [], []

    def action(pair, label):
        begun.append(pair)
        time.sleep(0.1)
        raise error

    def command():
        with pytest.raises(error):
            progress.each(four, action, at_once=1)
        ended.append(True)

    thread = threading.Thread(target=command, daemon=True)  # else a command that never ends would stop the tests
    thread.start()
    thread.join(10)
    assert ended and len(begun) < 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send SIGINT to one process")
def test_an_interruption_ends_every_kernel(tmp_path):
    (tmp_path / "chapters").mkdir()
    for name in ("01_endless", "02_endless"):
        text = f"# %%\nimport time\nopen('{name}.started', 'w').close()\ntime.sleep(600)\n"
        (tmp_path / "chapters" / f"{name}.py").write_text(text, encoding="utf-8")
    code = "import chapters, pathlib, progress, sys; chapters.room = lambda: 2; "
    code += "sys.exit(chapters.main(['sync'], pathlib.Path(sys.argv[1])))"
    command = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=TOOLS,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # A shell starts what runs in its background with interruptions ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "chapters").glob("*.started"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        kernels = psutil.Process(command.pid).children(recursive=True)
        assert len(kernels) >= 2
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=30)
    finally:
        command.kill()
    assert command.returncode == 130
    assert said.strip() == "Interrupted. Nothing is half-written; the same command carries on from here."
    _, alive = psutil.wait_procs(kernels, timeout=10)
    assert not alive
    left = {path.name for path in (tmp_path / "chapters").iterdir()}
    assert left == {f"{name}.{kind}" for name in ("01_endless", "02_endless") for kind in ("py", "ipynb", "started")}
