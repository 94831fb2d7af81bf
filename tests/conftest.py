"""What the tests of the course itself (pairs, book, tools) share."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent
# What the book is made of. It is copied, because pages are made of the sheets, and tests write nothing here.
SOURCES = ("_config.yml", "_toc.yml", "book_assets", "chapters", "exercises")
BUILD = """
import book, pathlib, sheets, sys
output, solutions = pathlib.Path(sys.argv[1]), sys.argv[2] == "1"
root = output.parents[2]
sheets.write_pages(root, solutions=solutions)
sys.exit(book.build_pages(root, output, execution="off"))
"""


def pytest_addoption(parser):
    parser.addoption("--skip-long", action="store_true", help="leave out the cells of chapters that are tagged `long`")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--skip-long"):
        for item in items:
            if "long" in getattr(item, "cell", {}).get("metadata", {}).get("tags", ()):
                item.add_marker(pytest.mark.skip(reason="tagged `long`, and --skip-long was given"))


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_FailuresAtOnce(config.pluginmanager.getplugin("terminalreporter")))


class _FailuresAtOnce:
    """Say which test failed, and at what, when it fails: a run of an hour may be stopped before its summary."""

    def __init__(self, terminal):
        self.terminal = terminal

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.terminal.write_line(f"\nFAILED {report.nodeid}\n{report.longreprtext[-2000:]}", red=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root. Tests read it and write elsewhere."""
    return ROOT


def build_book(output, *, solutions):
    """Build the book from the outputs saved in the notebooks, below ``_build`` in a copy of the course."""
    build = subprocess.run(
        [sys.executable, "-c", BUILD, str(output), "1" if solutions else "0"],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        timeout=600,
    )
    if build.returncode:
        said = build.stderr[-6000:].replace(str(output.parents[2]), str(ROOT))
        pytest.fail(f"the book does not build without warnings; mend the files named here:\n{said}")
    return output


@contextlib.contextmanager
def shared_folder(tmp_path_factory, name):
    """A folder that all processes of pytest-xdist have in common, held by one of them; and whether it is new."""
    folder = tmp_path_factory.getbasetemp()
    if fcntl and "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with open(folder / f"{name}.lock", "w") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        folder /= name
        finished = folder / "finished"
        if finished.exists():
            yield folder, False
            return
        shutil.rmtree(folder, ignore_errors=True)  # what another process could not finish
        folder.mkdir()
        yield folder, True
        finished.touch()


@pytest.fixture(scope="session")
def html(tmp_path_factory):
    """Folder of the built pages."""
    with shared_folder(tmp_path_factory, "book") as (home, new):
        output = home / "_build" / "whole" / "html"
        if new:
            for name in SOURCES:
                if (ROOT / name).is_dir():
                    ignored = shutil.ignore_patterns(".ipynb_checkpoints", "pages")
                    shutil.copytree(ROOT / name, home / name, ignore=ignored)
                else:
                    shutil.copy(ROOT / name, home / name)
            build_book(output, solutions=True)
    return output


@pytest.fixture(scope="session")
def html_without_solutions(html):
    """Folder of the pages of a book that is to have no trace of the sheets' solutions.

    What Sphinx remembers of the book with solutions is kept, as it is when `make book SOLUTIONS=0` follows `make book`.
    """
    output = html.parents[1] / "without_solutions" / "html"
    shutil.copytree(html.parent / ".doctrees", output.parent / ".doctrees")
    return build_book(output, solutions=False)
