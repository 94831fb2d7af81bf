"""What the tests of the course itself (pairs, book, tools) share."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BUILD = "import book, pathlib, sys; sys.exit(book.build_pages(pathlib.Path({!r}), pathlib.Path({!r}), execution='off'))"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root. Tests read it and write elsewhere."""
    return ROOT


@pytest.fixture(scope="session")
def html(tmp_path_factory):
    """Folder of the built pages."""
    output = tmp_path_factory.mktemp("book") / "html"
    build = subprocess.run(
        [sys.executable, "-c", BUILD.format(str(ROOT), str(output))],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        timeout=600,
    )
    if build.returncode:
        pytest.fail(f"the book does not build without warnings; mend the files named here:\n{build.stderr[-6000:]}")
    return output
