"""Seconds and peak memory of every chapter, each executed cold in a process of its own.

All chapters take more than an hour on a slow machine. So each is kept in ``_build/bench`` as it was executed, with the
seconds of every cell in its metadata; a measurement that was interrupted takes up from there, if the code is the same.
"""

import shutil
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
FOLDER, KEPT = ROOT / "chapters", ROOT / "_build" / "bench"
sys.path.append(str(ROOT / "tools"))

import pairs  # noqa: E402


class PeakMemory(threading.Thread):
    """Watches the memory held by all processes below this one (resident, shared pages counted once each process)."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak = 0
        self.done = threading.Event()

    def run(self):
        here = psutil.Process()
        while not self.done.wait(1):  # Listing all processes takes time that the chapter would lack.
            total = 0
            for process in here.children(recursive=True):
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.peak = max(self.peak, total)


def notebooks():
    """The chapters' notebooks, in order."""
    return [pair.notebook_path for pair in pairs.find_pairs(ROOT, "chapter")]


def kept(path, fingerprint):
    """The result of an interrupted measurement, or None if it did not come to this chapter or its code was another."""
    if not (KEPT / path.name).exists():
        return None
    result = nbformat.read(KEPT / path.name, as_version=4).metadata["bench"]
    return dict(result) if result.pop("fingerprint") == fingerprint else None


def execute(path, fingerprint):
    """Run one chapter from its first cell to its last, keep it, and give its result."""
    notebook = nbformat.read(path, as_version=4)
    memory = PeakMemory()
    memory.start()
    start = time.perf_counter()
    NotebookClient(
        notebook,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
        extra_arguments=["--IPKernelApp.log_level=50"],  # As in tools/chapters.py: no word on local traffic.
    ).execute()
    seconds = time.perf_counter() - start
    memory.done.set()
    memory.join()
    result = {"name": path.stem, "seconds": seconds, "gigabytes": memory.peak / 1e9}
    notebook.metadata["bench"] = result | {"fingerprint": fingerprint}
    pairs.write_atomically(KEPT / path.name, nbformat.writes(notebook))
    return result


def measure():
    """Measure each chapter.

    Returns
    -------
    list of dict
        ``name``, ``seconds``, ``gigabytes`` at the peak.
    """
    results = []
    environment = pairs.environment_fingerprint(ROOT)
    paths = notebooks()
    for number, path in enumerate(paths, 1):
        print(f"  chapter {number} of {len(paths)}: {path.stem} …", flush=True)
        fingerprint = pairs.run_fingerprint(nbformat.read(path, as_version=4), environment)
        result = kept(path, fingerprint)
        note = " (kept from the measurement that was interrupted)" if result else ""
        result = result or execute(path, fingerprint)
        results.append(result)
        print(f"    {result['seconds']:.0f} s, {result['gigabytes']:.1f} GB{note}", flush=True)
    return results


def forget():
    """Drop what was kept: the next measurement measures every chapter again."""
    shutil.rmtree(KEPT, ignore_errors=True)


def table(results, unit):
    """The results as a Markdown table, with their sum; also in units of ``unit`` seconds, the seed model's training."""
    lines = ["| chapter | seconds | seed models | peak memory, GB |", "| --- | ---: | ---: | ---: |"]
    for result in results:
        lines.append(
            f"| [{result['name']}]({result['name']}.ipynb) | {result['seconds']:.0f} | {result['seconds'] / unit:.1f} "
            f"| {result['gigabytes']:.1f} |"
        )
    total, peak = sum(r["seconds"] for r in results), max(r["gigabytes"] for r in results)
    lines.append(f"| together, one after the other | {total:.0f} | {total / unit:.1f} | {peak:.1f} |")
    return "\n".join(lines)
