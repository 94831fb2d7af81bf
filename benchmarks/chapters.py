"""Seconds and peak memory of every chapter, each executed cold in a process of its own."""

import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "chapters"


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


def measure():
    """Execute each chapter from its first cell to its last.

    Returns
    -------
    list of dict
        ``name``, ``seconds``, ``gigabytes`` at the peak.
    """
    results = []
    paths = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
    for number, path in enumerate(paths, 1):
        print(f"  chapter {number} of {len(paths)}: {path.stem} …", flush=True)
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
        results.append({"name": path.stem, "seconds": seconds, "gigabytes": memory.peak / 1e9})
        print(f"    {seconds:.0f} s, {memory.peak / 1e9:.1f} GB", flush=True)
    return results


def table(results):
    """The results as a Markdown table, with their sum."""
    lines = ["| chapter | seconds | peak memory, GB |", "| --- | ---: | ---: |"]
    for result in results:
        lines.append(
            f"| [{result['name']}]({result['name']}.ipynb) | {result['seconds']:.0f} | {result['gigabytes']:.1f} |"
        )
    total, peak = sum(r["seconds"] for r in results), max(r["gigabytes"] for r in results)
    lines.append(f"| together, one after the other | {total:.0f} | {peak:.1f} |")
    return "\n".join(lines)
