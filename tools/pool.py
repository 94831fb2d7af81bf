"""Processes that mark submissions side by side, and outlive what a submission makes of them.

A worker is a process of the grader's own: it holds the tests, and the sandbox of the submission in hand is its child.
If one dies or hangs all the same (a student's numbers can be more than the tests expect), another one takes over,
leaves out the test at which it happened, and goes on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import connection as connections
from pathlib import Path

import psutil

from marking import Marked, Sheet, SheetFault, Student, mark
from sandbox import Isolation, Limits, SandboxError


class PoolError(Exception):
    """Nothing can be marked; the message says why."""


@dataclass
class Job:
    """One submission to be marked.

    Parameters
    ----------
    number : int
        Tells jobs apart.
    sheet : str
        Name of its sheet.
    data : bytes or None
        The notebook, if there is one.
    problem : str
        Why there is none.
    stopped : dict of str to str
        Tests that ended a worker, and how.
    """

    number: int
    sheet: str
    data: bytes | None
    problem: str = ""
    stopped: dict[str, str] = field(default_factory=dict)
    tries: int = 0


@dataclass
class _Worker:
    process: multiprocessing.Process
    connection: connections.Connection
    job: Job | None = None
    stage: str = ""
    deadline: float = 0.0


def default_workers() -> int:
    """Give as many as there are processors, and memory for."""
    return max(1, min(len(_processors()), psutil.virtual_memory().total // (3 << 30)))


def _processors() -> list[int]:
    """Give the numbers of those that this process may use. macOS cannot tell, and cannot bind a process to some."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def mark_all(
    jobs: list[Job], sheets: list[Sheet], isolation: Isolation, root: Path, limits: Limits, workers: int
) -> Iterator[tuple[Job, Marked | str]]:
    """Mark submissions, and give each as soon as it is done.

    Parameters
    ----------
    jobs : list of Job
        What to mark.
    sheets : list of Sheet
        The sheets that the jobs name.
    isolation, root, limits : Isolation, Path, Limits
        As for :class:`sandbox.Kernel`.
    workers : int
        How many at a time.

    Yields
    ------
    job : Job
        One of them.
    marked : Marked or str
        What became of it; a text if the grader itself failed.

    Raises
    ------
    PoolError
        If a sheet fails by itself.
    """
    waiting = deque(jobs)
    team: list[_Worker] = []
    processors = _processors()
    count = max(1, min(workers, len(jobs)))
    shares = [processors[n::count] or processors for n in range(count)]

    def start(share: list[int]) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, sheets, isolation, root, limits, share), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    try:
        team = [start(share) for share in shares] if jobs else []
        for worker in team:
            _give(worker, waiting)
        while any(worker.job for worker in team):
            ready = connections.wait([worker.connection for worker in team if worker.job], timeout=1)
            for number, worker in enumerate(team):
                if worker.job is None:
                    continue
                job = worker.job
                reason = ""
                if worker.connection in ready:
                    try:
                        kind, *content = worker.connection.recv()
                    except (EOFError, OSError):
                        worker.process.join(5)
                        reason = _ended(worker.process.exitcode)
                    else:
                        if kind == "stage":
                            worker.stage, seconds = content
                            worker.deadline = time.monotonic() + seconds
                            continue
                        if kind == "sheet":
                            raise PoolError(f"Sheet {job.sheet} cannot be graded with: {content[0]}")
                        worker.job = None
                        yield job, content[0]
                        _give(worker, waiting)
                        continue
                elif time.monotonic() > worker.deadline:
                    reason = "they took too long"
                if not reason:
                    continue
                _kill(worker)
                job.tries += 1
                if worker.stage and worker.stage not in job.stopped:
                    job.stopped[worker.stage] = reason
                elif job.tries > 2:
                    yield job, f"the grader's own process failed three times ({reason})"
                    job = None
                team[number] = start(shares[number])
                if job is not None:
                    waiting.appendleft(job)
                _give(team[number], waiting)
    finally:
        for worker in team:
            _kill(worker)


def _give(worker: _Worker, waiting: deque[Job]) -> None:
    worker.job = waiting.popleft() if waiting else None
    worker.stage, worker.deadline = "", time.monotonic() + 600
    with contextlib.suppress(OSError):  # its end is noticed when its answer is read
        worker.connection.send(worker.job)


def _kill(worker: _Worker) -> None:
    tree = []
    with contextlib.suppress(psutil.Error):
        tree = psutil.Process(worker.process.pid).children(recursive=True)
    worker.process.kill()
    worker.process.join()
    for process in tree:
        with contextlib.suppress(psutil.Error):
            process.kill()
    worker.connection.close()


def _ended(status: int | None) -> str:
    if status is not None and status < 0:
        return f"they ended the grader's process (signal {-status}), most often for lack of memory"
    return "they ended the grader's process"


# --- in the worker -------------------------------------------------------------------------------------------------


def _work(connection, sheets: list[Sheet], isolation: Isolation, root: Path, limits: Limits, share: list[int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    parent = os.getppid()

    def leave_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()
    # One processor each: else every library starts as many threads as there are, in every worker and sandbox.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, share)
    os.environ["MPLBACKEND"] = "agg"
    sys.path[:0] = [str(root)]
    _limit_memory(2 * limits.memory)
    by_name = {sheet.name: sheet for sheet in sheets}
    while True:
        job = connection.recv()
        if job is None:
            return
        student = Student(isolation, root, limits)
        try:
            marked = mark(
                by_name[job.sheet],
                job.data,
                student,
                problem=job.problem,
                stopped=job.stopped,
                report=lambda stage, seconds: connection.send(("stage", stage, seconds)),
            )
        except SheetFault as error:
            connection.send(("sheet", str(error)))
        except SandboxError as error:
            connection.send(("done", str(error)))
        except Exception as error:  # the grader's own fault: it costs this submission only, and says what it was
            connection.send(("done", f"{type(error).__name__}: {error}"))
        else:
            connection.send(("done", marked))


def _limit_memory(size: int) -> None:
    import resource

    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))
