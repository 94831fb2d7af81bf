"""Exercise sheets: whether one is in order, what a student gets, and what the book shows.

A sheet in ``exercises/source`` holds everything: tasks, solutions, model answers, hidden tests. All else is made from
it by nbgrader's own preprocessors, with the settings of ``exercises/nbgrader_config.py``. Called by the Makefile::

    python tools/sheets.py release       # every sheet, into _build/release
    python tools/sheets.py release 03    # one, by number or name
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from traitlets.config import Config, PyFileConfigLoader

import chapters
import pairs
from pairs import Pair, PairError
from progress import each, fault_of_files

ROOT = Path(__file__).resolve().parent.parent
# The kinds of cells in a sheet, by cell type and by what their nbgrader metadata say of grade, solution and locked.
KINDS = {
    ("code", False, False, True): "set-up",
    ("code", False, True, False): "solution",
    ("code", True, False, True): "tests",
    ("markdown", True, True, False): "question",
}
HEADING = re.compile(r"^## (Task|Question) (\d+): .*\S \((\d+) marks?\)$", re.MULTILINE)
# As deep as the sheets themselves, so that their links hold there, too.
PAGES = "exercises/pages"


# --- reading a sheet -----------------------------------------------------------------------------------------------


def kind_of(cell: NotebookNode) -> str | None:
    """Tell a cell's kind: one of ``KINDS``, or None for plain text and for anything that nbgrader does not know."""
    flags = cell.metadata.get("nbgrader")
    return flags and KINDS.get((cell.cell_type, flags.get("grade"), flags.get("solution"), flags.get("locked")))


def grade_id(cell: NotebookNode) -> str:
    """Give the name under which nbgrader knows a cell, empty if it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def points_of(notebook: NotebookNode) -> dict[str, float]:
    """Give the marks for every test cell and question, by their ``grade_id``, in order."""
    graded = [cell for cell in notebook.cells if kind_of(cell) in ("tests", "question")]
    return {grade_id(cell): cell.metadata.nbgrader.get("points", 0) for cell in graded}


def split(source: str, mark: str) -> tuple[list[str], list[str]]:
    """Split a cell's lines into those outside and those inside regions such as ``### BEGIN SOLUTION``.

    Parameters
    ----------
    source : str
        The cell.
    mark : {"SOLUTION", "HIDDEN TESTS"}
        The regions meant. The lines that mark them are in neither list.
    """
    outside, inside = [], []
    lines = outside
    for line in source.split("\n"):
        if f"BEGIN {mark}" in line:
            lines = inside
        elif f"END {mark}" in line:
            lines = outside
        else:
            lines.append(line)
    return outside, inside


def faults(notebook: NotebookNode) -> list[str]:
    """List what keeps a sheet from being handed out, graded or proved; empty for a sheet in order."""
    found = []
    seen: set[str] = set()
    section, wanted, given = None, 0, 0
    expected: list[str] = []  # what the section must still have

    def leave_section() -> None:
        if section and expected:
            found.append(f"{section} has no cell with the grade_id {' nor '.join(expected)}")
        elif section and wanted != given:
            found.append(f"{section} promises {wanted} marks, its cells give {given:g}")

    for number, cell in enumerate(notebook.cells, start=1):
        kind, identity = kind_of(cell), grade_id(cell)
        where = f"cell {number}" + (f" ({identity})" if identity else "")
        for heading in re.findall(r"^## .*$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else []:
            leave_section()
            match = HEADING.fullmatch(heading)
            section, expected, given = (heading[3:], [], 0) if match else (None, [], 0)
            if match:
                name, wanted = f"{match[1]}-{match[2]}".lower(), int(match[3])
                expected = [name, f"{name}-tests"] if match[1] == "Task" else [name]
            elif re.match("## (Task|Question)", heading):
                found.append(f"{where}: the heading must read '## Task 1: what it is about (2 marks)', not '{heading}'")
        found += _faults_of_cell(cell, kind, where)
        if identity in seen:
            found.append(f"{where}: another cell has this grade_id")
        seen |= {identity} - {""}
        if kind in ("solution", "tests", "question"):
            if expected[:1] != [identity]:
                what = f"the next one expected is {expected[0]}" if expected else "none is expected here"
                found.append(f"{where}: of the cells with answers and tests, {what}")
            expected = expected[1:]
            given += cell.metadata.nbgrader.get("points", 0) if kind != "solution" else 0
    leave_section()
    if not points_of(notebook):
        found.append("no cell is graded")
    return found


def _faults_of_cell(cell: NotebookNode, kind: str | None, where: str) -> list[str]:
    """List the faults that one cell has by itself."""
    flags = cell.metadata.get("nbgrader")
    found = []
    if cell.cell_type == "code" and flags is None:
        found.append(f"{where}: a code cell without nbgrader metadata; say whether it is set-up, solution or tests")
    if flags is not None and kind is None:
        said = ", ".join(f"{key}={flags.get(key)}" for key in ("grade", "solution", "locked"))
        found.append(f"{where}: a {cell.cell_type} cell with {said} is neither set-up, solution, tests nor question")
    if flags is not None and not re.fullmatch(r"[a-z0-9-]+", flags.get("grade_id", "")):
        found.append(f"{where}: its grade_id must consist of small letters, digits and hyphens")
    if flags is not None and flags.get("schema_version") != 3:
        found.append(f"{where}: its nbgrader metadata must say schema_version 3")
    for mark, kinds in (("SOLUTION", ("solution", "question")), ("HIDDEN TESTS", ("tests",))):
        marks = re.findall(f"(BEGIN|END) {mark}", cell.source)
        if bool(marks) != (kind in kinds):
            found.append(f"{where}: ### BEGIN {mark} belongs in every {' and '.join(kinds)} cell, and in no other")
        if marks != ["BEGIN", "END"] * (len(marks) // 2):
            found.append(f"{where}: every ### BEGIN {mark} needs its ### END {mark}")
    points = (flags or {}).get("points", 0)
    if kind in ("tests", "question") and not (isinstance(points, int | float) and points > 0):
        found.append(f"{where}: its points must be a number above 0")
    return found


# --- what is made of it --------------------------------------------------------------------------------------------


def course_config(root: Path) -> Config:
    """Read ``exercises/nbgrader_config.py``."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(root / "exercises")).load_config()


def preprocess(notebook: NotebookNode, config: Config, *names: str) -> NotebookNode:
    """Apply preprocessors of nbgrader, by name, to a copy of a notebook."""
    from nbgrader import preprocessors  # slow to import

    result, resources = copy.deepcopy(notebook), {}
    for name in names:
        try:
            result, resources = getattr(preprocessors, name)(config=config).preprocess(result, resources)
        except RuntimeError as error:
            raise PairError(f"nbgrader's {name} refuses the sheet: {error}") from error
    return result


@contextlib.contextmanager
def named(pair: Pair) -> Iterator[None]:
    """Say which sheet it is that is not in order."""
    try:
        yield
    except PairError as error:
        raise PairError(f"{pair}: {error}") from error


def released(notebook: NotebookNode, config: Config) -> NotebookNode:
    """Make what a student gets: stubs in place of solutions, no hidden tests, no outputs.

    Raises
    ------
    PairError
        If the sheet is not in order; lists what to mend.
    """
    wrong = faults(notebook)
    if wrong:
        raise PairError("The sheet is not in order:\n  " + "\n  ".join(wrong))
    stub = preprocess(notebook, config, "LockCells", "ClearSolutions", "ClearOutput", "ClearHiddenTests")
    stub.metadata.pop("aelib", None)
    for cell in stub.cells:
        cell.source = cell.source.rstrip()  # as the .py half would, where a hidden region was the cell's end
    return preprocess(stub, config, "ComputeChecksums", "CheckCellMetadata")


def folded(notebook: NotebookNode, config: Config) -> NotebookNode:
    """Make the page that shows a sheet with its solutions, each folded away below the student's stub."""
    page = preprocess(notebook, config, "ClearHiddenTests")
    page.metadata.pop("aelib", None)
    cells = []
    for cell, stub in zip(page.cells, released(notebook, config).cells, strict=True):
        kind = kind_of(cell)
        cell.metadata.pop("nbgrader", None)  # a page is not for handing in
        if kind == "solution":
            stub.id, stub.metadata = f"{cell.id}-stub", NotebookNode()
            cells.append(stub)
            prompts = {"code_prompt_show": "Show a solution", "code_prompt_hide": "Hide the solution"}
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
            cell.metadata["mystnb"] = {**cell.metadata.get("mystnb", {}), **prompts}
            cell.source = re.sub(r"^.*### (BEGIN|END) SOLUTION.*\n?", "", cell.source, flags=re.MULTILINE).rstrip()
        elif kind == "question":
            answer = "\n".join(split(cell.source, "SOLUTION")[1]).strip()
            cell.source = f"<details>\n<summary>Show a model answer and its rubric</summary>\n\n{answer}\n\n</details>"
        cells.append(cell)
    page.cells = cells
    return page


def write_pages(root: Path, sheets: dict[Pair, NotebookNode] | None = None, *, solutions: bool) -> None:
    """Write the notebooks from which the book makes the sheets' pages, below ``PAGES``.

    Parameters
    ----------
    root : Path
        The repository's root.
    sheets : dict of Pair to NotebookNode, optional
        All sheets, with outputs; by default as they are saved.
    solutions : bool
        Whether the pages show solutions, folded away, and outputs. If not, each page is the released sheet.
    """
    if sheets is None:
        sheets = {pair: pairs.read_notebook_half(pair) for pair in pairs.find_pairs(root, "sheet")}
    config = course_config(root) if sheets else Config()
    for folder in (root / PAGES).glob("*"):
        if folder.name not in {pair.name for pair in sheets}:
            shutil.rmtree(folder)
    for pair, notebook in sheets.items():
        with named(pair):
            page = (folded if solutions else released)(notebook, config)
        pairs.write_atomically(root / PAGES / pair.name / f"{pair.name}.ipynb", pairs.notebook_json(page))


def zipped(files: dict[str, str]) -> bytes:
    """Pack texts, by path, into a zip archive whose bytes depend on nothing else."""
    archive = io.BytesIO()
    # Uncompressed: what compression makes of the same text differs between versions of its library.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            target.writestr(entry, content.encode("utf-8"))
    return archive.getvalue()


def release(pair: Pair, label: str) -> None:
    """Write a sheet's student version into ``_build/release``: both halves in a folder, and a zip of that folder."""
    notebook, note = chapters.align(pair)
    stub = released(notebook, course_config(pair.root))
    files = {
        f"{pair.name}/{pair.name}.ipynb": pairs.notebook_json(stub),
        f"{pair.name}/{pair.name}.py": pairs.text_of(stub),
    }
    target = pair.root / "_build" / "release"
    for path, content in files.items():
        pairs.write_atomically(target / path, content)
    archive = target / f"{pair.name}.zip"
    pairs.write_atomically(archive, zipped(files))
    marks = f"{sum(points_of(stub).values()):g} marks"
    where = archive.relative_to(pair.root).as_posix()
    print(f"{label}: {', '.join(filter(None, [note, marks]))}, {where}", flush=True)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Make the student version of exercise sheets.")
    parser.add_argument("command", choices=["release"])
    parser.add_argument("sheet", nargs="*", help="number or name; all if none is given")
    options = parser.parse_args(arguments)
    try:
        return each(pairs.find_pairs(root, "sheet", options.sheet), release)
    except PairError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(fault_of_files(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is half-written; run the same command again.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
