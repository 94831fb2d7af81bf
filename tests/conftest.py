"""What the tests of the course itself (pairs, book, tools) share."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.fixture(scope="session")
def html(tmp_path_factory):
    """Folder of the built pages."""
    home = tmp_path_factory.mktemp("book")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "pages"))
        else:
            shutil.copy(ROOT / name, home / name)
    return build_book(home / "_build" / "whole" / "html", solutions=True)


@pytest.fixture(scope="session")
def html_without_solutions(html):
    """Folder of the pages of a book that is to have no trace of the sheets' solutions.

    What Sphinx remembers of the book with solutions is kept, as it is when `make book SOLUTIONS=0` follows `make book`.
    """
    output = html.parents[1] / "without_solutions" / "html"
    shutil.copytree(html.parent / ".doctrees", output.parent / ".doctrees")
    return build_book(output, solutions=False)
