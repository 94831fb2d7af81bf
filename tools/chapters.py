"""Keep the pairs of chapters and sheets in step, execute what changed, and keep what was executed.

Called by the Makefile::

    python tools/chapters.py sync              # every chapter, every exercise sheet
    python tools/chapters.py sync 03           # one chapter, by number or name
    python tools/chapters.py sync --sheet 03   # one sheet
    python tools/chapters.py sync 03 --keep py # after both halves were edited
    python tools/chapters.py align             # contents only: execute nothing

What was executed is kept in ``_build/.jupyter_cache``, where Jupyter Book looks for them too.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

import pairs
from pairs import Pair, PairError
from progress import Progress, each, fault_of_files, room, say

try:
    import fcntl
except ImportError:  # Windows: nothing keeps two commands from running at once
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent
_threads = threading.Lock()  # only one of them in the cache, on Windows too
CELL_TIMEOUT = 1800  # seconds: chapter 8's largest network takes about ten minutes on a slow machine


class RunCache:
    """What was executed, in the form that Jupyter Book reads.

    Jupyter Book's own key covers a notebook's code cells only. This class empties the cache when aelib, the data or a
    library's version changed, and drops entries that an interruption left half-written.
    """

    def __init__(self, root: Path):
        self.root = root
        self.path = root / "_build" / ".jupyter_cache"
        self._fingerprint_path = root / "_build" / ".jupyter_cache.fingerprint"
        self._lock_path = root / "_build" / ".jupyter_cache.lock"

    @contextlib.contextmanager
    def _opened(self, environment: str) -> Iterator:
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        with _threads, open(self._lock_path, "w") as lock:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
            known = self._fingerprint_path.read_text() if self._fingerprint_path.exists() else None
            if known != environment:
                shutil.rmtree(self.path, ignore_errors=True)
                pairs.write_atomically(self._fingerprint_path, environment)
            yield get_cache(self.path)

    def find(self, notebook: NotebookNode, environment: str) -> NotebookNode | None:
        """Give ``notebook`` with the outputs of its last run, or None if this code has not run in ``environment``."""
        with self._opened(environment) as cache:
            for record in cache.list_cache_records():
                try:
                    executed = cache.get_cache_bundle(record.pk).nb
                except Exception:  # an entry without its file, or with half of it
                    shutil.rmtree(self.path / "executed" / record.hashkey, ignore_errors=True)
                    (self.path / "executed" / record.hashkey).mkdir(parents=True)
                    (self.path / "executed" / record.hashkey / "base.ipynb").touch()
                    cache.remove_cache(record.pk)
                    continue
                if pairs.code_of(executed) != pairs.code_of(notebook):
                    continue
                merged = with_outputs(notebook, executed)
                # The key also covers cell metadata, such as alternative text: an entry under the old ones is moved.
                if cache.create_hashed_notebook(merged)[1] != record.hashkey:
                    bundle = CacheBundleIn(merged, record.uri, data=record.data)
                    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                    cache.remove_cache(record.pk)
                return merged
        return None

    def store(self, notebook: NotebookNode, pair: Pair, seconds: float, environment: str) -> None:
        """Keep an executed notebook, unless what it depends on changed while it ran."""
        if pairs.environment_fingerprint(self.root) != environment:
            return
        bundle = CacheBundleIn(notebook, str(pair.notebook_path), data={"execution_seconds": seconds})
        with self._opened(environment) as cache:
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def with_outputs(notebook: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """Copy the outputs of ``executed`` into a copy of ``notebook``, which has the same code cells."""
    result = nbformat.from_dict(notebook)
    sources = (cell for cell in executed.cells if cell.cell_type == "code")
    for cell in result.cells:
        if cell.cell_type == "code":
            source = next(sources)
            cell.outputs, cell.execution_count = source.outputs, source.execution_count
    return pairs.tidy_outputs(result)


class _Client(NotebookClient):
    """A client that can be ended from another thread."""

    interrupted = False

    def end(self) -> None:
        """End the kernel; what waits for it then finds it dead."""
        self.interrupted = True
        if self.km is not None and self.km.provisioner is not None and self.km.provisioner.process is not None:
            self.km.provisioner.process.kill()


_clients: set[_Client] = set()  # those that run


def end_all() -> None:
    """End every kernel that runs for this command."""
    for client in list(_clients):
        client.end()


def execute(notebook: NotebookNode, pair: Pair, progress: Progress) -> NotebookNode:
    """Run a chapter or a sheet from its first cell to its last in a fresh kernel, in its own folder.

    Raises
    ------
    PairError
        If a cell fails, naming the cell with its traceback, or if no kernel starts.
    """
    executed = nbformat.from_dict(notebook)
    total = len(executed.cells)
    current = 0

    def note_cell(cell: NotebookNode, cell_index: int) -> None:
        nonlocal current
        if client.interrupted:  # before its kernel could be ended
            raise KeyboardInterrupt
        current = cell_index + 1
        progress.state = f"(cell {current} of {total})"

    client = _Client(
        executed,
        timeout=CELL_TIMEOUT,
        kernel_name=pairs.KERNELSPEC["name"],
        record_timing=False,
        resources={"metadata": {"path": str(pair.folder)}},
        on_cell_start=note_cell,
        extra_arguments=["--IPKernelApp.log_level=50"],  # else it warns of unencrypted traffic within this machine
    )
    _clients.add(client)
    try:
        client.execute()
    except Exception as error:
        if client.interrupted:
            raise KeyboardInterrupt from None
        if isinstance(error, RuntimeError) and current == 0:
            atexit.unregister(client._cleanup_kernel)  # left behind by nbclient, it would fail at the very end
            raise PairError(
                f"{pair.notebook_path.name}: no kernel could be started to run it: {error}.\nRun the same command "
                "again, when the machine has less to do. If that does not help, remove the folder .venv first: what "
                "is installed may be damaged, and is then installed anew."
            ) from error
        if not isinstance(error, CellExecutionError | CellTimeoutError | DeadKernelError):
            raise
        kept = set_aside(pair.notebook_path, pair, "failed")
        pairs.write_atomically(kept, pairs.notebook_json(executed))
        message = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
        if isinstance(error, DeadKernelError):
            message += "\nThe kernel ended by itself, most often for lack of memory (up to 4 GB are needed)."
        raise PairError(
            f"{pair.notebook_path.name}: cell {current} of {total} failed.\n{message}\n"
            f"The notebook as far as it ran: {kept}"
        ) from error
    finally:
        _clients.discard(client)
    return pairs.shrink_figures(pairs.tidy_outputs(executed))


def set_aside(path: Path, pair: Pair, reason: str) -> Path:
    """Give the place below ``_build`` where a version of one of a pair's files is kept."""
    return pair.root / "_build" / reason / path.relative_to(pair.root)


def align(pair: Pair, keep: str | None = None) -> tuple[NotebookNode, str]:
    """Bring the contents of both halves into step, executing nothing.

    Returns
    -------
    notebook : NotebookNode
        The contents.
    note : str
        What was done, empty if nothing was.
    """
    both = pair.text_path.exists() and pair.notebook_path.exists()
    notebook, edited = pairs.compare(pair, keep)
    if edited is not None and keep is not None and both:
        lost = pair.notebook_path if edited == pair.text_path.name else pair.text_path
        replaced = set_aside(lost, pair, "replaced")
        replaced.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(lost, replaced)
    text = pairs.text_of(notebook)
    record = dict(pairs.record_of(notebook), text=pairs.sha256(text))
    notebook.metadata["aelib"] = NotebookNode(record)
    pairs.write_atomically(pair.text_path, text)
    # Last, since its record says that both halves are equal: the other way round, an interruption between the two would
    # make an edited notebook look like the old half.
    pairs.write_atomically(pair.notebook_path, pairs.notebook_json(notebook))
    return notebook, f"contents taken from {edited}" if edited else ""


def run(pair: Pair, notebook: NotebookNode, label: str, *, clean: bool) -> tuple[NotebookNode, str]:
    """Give the pair with outputs: from the cache if this code ran before, else by executing it.

    Parameters
    ----------
    pair, notebook : Pair, NotebookNode
        The pair and its contents.
    label : str
        Begins the progress line.
    clean : bool
        Whether to execute again if the cached run left a warning or the like.

    Returns
    -------
    executed : NotebookNode
        The notebook with its outputs.
    note : str
        Where they come from.
    """
    cache = RunCache(pair.root)
    environment = pairs.environment_fingerprint(pair.root)
    executed = cache.find(notebook, environment)
    if executed is not None and not (clean and pairs.output_problems(executed)):
        return executed, "outputs reused"
    with Progress(label) as progress:
        # Only the outputs: the kernel also adds to the metadata, such as this machine's version of Python.
        executed = with_outputs(notebook, execute(notebook, pair, progress))
        seconds = progress.seconds
    cache.store(executed, pair, seconds, environment)
    return executed, "executed"


def sync(pair: Pair, label: str, keep: str | None = None) -> None:
    """Bring both halves of a pair into step, with outputs of exactly this code.

    Raises
    ------
    PairError
        If both halves were edited, a cell failed, or the run left a warning, stderr or the like.
    """
    notebook, note = align(pair, keep)
    environment = pairs.environment_fingerprint(pair.root)
    if pairs.outputs_are_fresh(notebook, environment) and not pairs.output_problems(notebook):
        say(f"{label}: {note or 'nothing to do'}")
        return
    executed, source = run(pair, notebook, label, clean=True)
    problems = pairs.output_problems(executed)
    if problems:
        kept = set_aside(pair.notebook_path, pair, "failed")
        pairs.write_atomically(kept, pairs.notebook_json(executed))
        raise PairError(
            f"{pair.notebook_path.name}: its outputs were not saved, for nothing of this may be in the course:\n  "
            + "\n  ".join(problems)
            + f"\nThe notebook as it ran: {kept}"
        )
    if pairs.text_of(pairs.read_notebook_half(pair)) != pairs.text_of(executed):
        raise PairError(
            f"{pair.notebook_path.name} was edited while it was executed, and is left as it is. Bring it into step: "
            f"{pair.sync_command}"
        )
    executed.metadata["aelib"] = NotebookNode(
        text=pairs.sha256(pairs.text_of(executed)),
        run=pairs.run_fingerprint(executed, environment),
        outputs=pairs.outputs_fingerprint(executed),
    )
    pairs.write_atomically(pair.notebook_path, pairs.notebook_json(executed))
    say(f"{label}: {', '.join(filter(None, [note, source, 'outputs saved']))}")


def choose(root: Path, chapters: list[str], sheets: list[str]) -> list[Pair]:
    """List the chapters and sheets that were named; every one of both if none was."""
    every = not chapters and not sheets
    return [
        pair
        for kind, wanted in (("chapter", chapters), ("sheet", sheets))
        if wanted or every
        for pair in pairs.find_pairs(root, kind, wanted)
    ]


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Keep the pairs of chapters and sheets in step.")
    parser.add_argument("command", choices=["sync", "align"])
    parser.add_argument("chapter", nargs="*", help="number or name; all chapters and sheets if none is given")
    parser.add_argument("--sheet", nargs="+", default=[], help="number or name of an exercise sheet")
    parser.add_argument("--keep", choices=["py", "ipynb"], help="the half to take if both were edited")
    options = parser.parse_args(arguments)
    if options.keep and not (options.chapter or options.sheet):
        parser.error("--keep needs the name of a chapter or a sheet.")
    try:
        chosen = choose(root, options.chapter, options.sheet)
        if options.command == "sync":
            return each(chosen, lambda pair, label: sync(pair, label, options.keep), at_once=room(), stop=end_all)

        def align_only(pair: Pair, label: str) -> None:
            note = align(pair, options.keep)[1]
            if note:
                say(f"{label}: {note}")

        return each(chosen, align_only)
    except PairError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(fault_of_files(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is half-written; the same command carries on from here.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
