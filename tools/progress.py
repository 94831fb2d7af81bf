"""Do something for every pair, side by side where the machine has room, and show how far each is."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable

import psutil

from pairs import Pair, PairError

MEMORY = 4e9  # bytes that one running chapter may need
MOST = 4  # more at once only get in each other's way

_lock = threading.Lock()
_running: list[Progress] = []


def say(text: str, *, file=None) -> None:
    """Print a line of its own, whatever line is being rewritten."""
    with _lock:
        if sys.stdout.isatty():
            print("\r\x1b[K", end="", flush=True)
        print(text, file=file, flush=True)


class Progress:
    """One line a pair: live seconds on a terminal, where those that run at once share it; else a start and an end."""

    def __init__(self, label: str):
        self.label = label
        self.state = ""
        self._stop = threading.Event()

    def __enter__(self) -> Progress:
        self._start = time.monotonic()
        if sys.stdout.isatty():
            with _lock:
                _running.append(self)
            self._thread = threading.Thread(target=self._tick, daemon=True)
            self._thread.start()
        else:
            say(f"{self.label} ...")
        return self

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def _tick(self) -> None:
        while not self._stop.wait(1):
            with _lock:
                if _running[:1] == [self]:  # the oldest writes for all
                    line = " | ".join(f"{one.label.strip()} {one.seconds:.0f} s {one.state}" for one in _running)
                    # A line that wraps could not be rewritten.
                    print(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K", end="", flush=True)

    def __exit__(self, kind, error, traceback) -> None:
        self._stop.set()
        if self in _running:
            self._thread.join()
            with _lock:
                _running.remove(self)
        say(f"{self.label} ... {self.seconds:.0f} s" + ("" if kind is None else " (stopped)"))


def room() -> int:
    """How many chapters can run at once: one for each core, if there is memory for it."""
    return max(1, min(os.cpu_count() or 1, int(psutil.virtual_memory().available / MEMORY), MOST))


def fault_of_files(error: OSError) -> str:
    """Say what to do where a file cannot be read or written, such as when the disk is full."""
    return (
        f"ERROR: {error.filename or 'a file'}: {error.strerror or error}. Mend that, then run the same command again."
    )


def each(chosen: list[Pair], action: Callable[[Pair, str], None], *, at_once: int = 1, stop=lambda: None) -> int:
    """Do ``action(pair, label)`` for every pair, go on after a failure, and give the exit status.

    Parameters
    ----------
    chosen : list of Pair
        They are begun in this order.
    action : callable
        Gets a pair and the beginning of its progress line; raises `PairError` if the pair needs attention.
    at_once : int
        How many pairs are worked on at the same time.
    stop : callable
        Called when the command is interrupted, to end what is running.
    """
    failures = []
    width = max((len(str(pair)) for pair in chosen), default=0)
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        waiting = {
            pool.submit(action, pair, f"[{number}/{len(chosen)}] {pair!s:{width}}"): pair
            for number, pair in enumerate(chosen, start=1)
        }
        try:
            while waiting:
                # The time limit lets Ctrl-C through on Windows.
                for future in concurrent.futures.wait(waiting, timeout=0.5, return_when="FIRST_COMPLETED").done:
                    pair = waiting.pop(future)
                    try:
                        future.result()
                    except PairError as error:
                        say(f"\nERROR in {pair}:\n{error}\n", file=sys.stderr)
                        failures.append(str(pair))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            # Again and again: what had not yet begun to run when it was first told will do so soon. Not by `wait`, for
            # which futures that were cancelled before they began are never done.
            while not all(future.done() for future in waiting):
                stop()
                time.sleep(0.2)
            raise
    if failures:
        failures.sort()
        print(f"{len(failures)} of {len(chosen)} need attention: {', '.join(failures)}", file=sys.stderr)
    return 1 if failures else 0
