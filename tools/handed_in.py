"""A notebook as it was handed in: read, whatever is wrong with it, and brought back into the sheet's form.

What counts of a student's notebook are the contents of the solution cells, the answers to questions, and any code or
text of their own between them. All else is the sheet's: cells that were edited are restored, missing ones put back.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

import sheets

LARGEST = 20 << 20  # bytes: a sheet with figures takes less than one million
MOST_CELLS = 2000
IMAGE_TYPES = "image/png", "image/jpeg", "image/gif"


class Unreadable(Exception):
    """What was handed in is no notebook; the message says what it is instead."""


@dataclass
class Cell:
    """One cell of a notebook that was handed in.

    Parameters
    ----------
    cell_type : {"code", "markdown", "raw"}
        As in the notebook format.
    source : str
        Its text.
    grade_id : str
        nbgrader's name for it, empty if it has none.
    identity : str
        The notebook format's id, empty if it has none.
    attachments : dict
        Images pasted into it, checked.
    """

    cell_type: str
    source: str
    grade_id: str = ""
    identity: str = ""
    attachments: dict = field(default_factory=dict)


# --- reading -------------------------------------------------------------------------------------------------------


def read(data: bytes) -> list[Cell]:
    """Read a notebook's cells.

    Raises
    ------
    Unreadable
        If it is none.
    """
    if not data.strip():
        raise Unreadable("the file is empty")
    if len(data) > LARGEST:
        raise Unreadable(f"the file is larger than {LARGEST >> 20} MB")
    try:
        content = json.loads(_decoded(data))
    except (ValueError, RecursionError, MemoryError):
        raise Unreadable(f"the file is not a notebook but {_kind_of(data)}") from None
    if isinstance(content, dict) and isinstance(content.get("worksheets"), list):
        content = _upgraded(content)
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("the file is not a notebook: it has no list of cells")
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"the notebook has more than {MOST_CELLS} cells")
    return [_cell(cell) for cell in cells if isinstance(cell, dict)]


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16"):  # the second is what some Windows editors save
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError("not text")


def _kind_of(data: bytes) -> str:
    for start, kind in ((b"%PDF", "a PDF"), (b"PK", "a zip or an office document"), (b"\x89PNG", "an image")):
        if data.startswith(start):
            return kind
    if data.lstrip()[:1] == b"<":
        return "a web page (was it saved from the browser?)"
    if data.lstrip()[:1] == b"{":
        return "a damaged one"
    return "something else"


def _upgraded(content: dict) -> dict:
    """Bring a notebook of version 3 into the form of version 4."""
    try:
        return nbformat.convert(nbformat.from_dict({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, **content}), 4)
    except Exception:  # nbformat raises many kinds, all meaning the same
        raise Unreadable("the notebook is of an old version and cannot be converted") from None


def valid_text(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON and file names may hold, but no file in UTF-8 can."""
    return text.encode("utf-8", "replace").decode()


def _cell(cell: dict) -> Cell:
    source = cell.get("source")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    kind, identity = cell.get("cell_type"), cell.get("id")
    return Cell(
        kind if kind in ("code", "markdown") else "raw",
        valid_text(source.replace("\r\n", "\n")) if isinstance(source, str) else "",
        grade_id if isinstance(grade_id, str) else "",
        identity if isinstance(identity, str) else "",
        _attachments(cell.get("attachments")),
    )


def _attachments(attachments) -> dict:
    kept = {}
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        for kind, content in bundle.items() if isinstance(bundle, dict) else ():
            if kind in IMAGE_TYPES and isinstance(content, str) and re.fullmatch(r"[\w. ()-]{1,100}", str(name)):
                try:
                    kept[name] = {kind: base64.b64encode(base64.b64decode(content)).decode("ascii")}
                except ValueError:  # binascii.Error is one; so is what a character beyond ASCII raises
                    continue
    return kept


# --- rebuilding ----------------------------------------------------------------------------------------------------


@dataclass
class Rebuilt:
    """A submission in its sheet's form.

    Parameters
    ----------
    notebook : NotebookNode
        The sheet's cells, tests and hidden tests included, with the student's answers and cells of their own. No
        outputs. Each cell's ``metadata.aelib`` holds its kind: ``set-up``, ``solution``, ``tests``, ``question``,
        ``text``, or ``own`` for a student's own.
    answers : dict of str to str
        Text of each question's answer, by ``grade_id``; only of those that were answered.
    notes : list of str
        What had to be mended, in words.
    """

    notebook: NotebookNode
    answers: dict[str, str]
    notes: list[str]


def rebuild(cells: list[Cell], source: NotebookNode, released: NotebookNode) -> Rebuilt:
    """Bring a submission into its sheet's form.

    Parameters
    ----------
    cells : list of Cell
        What was handed in.
    source, released : NotebookNode
        The sheet as its author wrote it, and as students got it, cell for cell.
    """
    template = list(zip(source.cells, released.cells, strict=True))
    places = _places(cells, released)
    first = next((n for n, (cell, _) in enumerate(template) if sheets.kind_of(cell) == "set-up"), 0)
    own: dict[int, list[Cell]] = {}
    taken: dict[int, Cell] = {}
    current = first  # a cell of theirs before any of the sheet's goes behind the first set-up
    edited, repeated = [], []
    for cell, place in zip(cells, places, strict=True):
        if place is None:
            if cell.source.strip():
                own.setdefault(current, []).append(cell)
            continue
        current = max(place, first)
        kind = sheets.kind_of(template[place][0])
        if place in taken and kind == "question":
            cell = _joined(taken[place], cell, template[place][1].source)
        if place in taken and kind == "solution":
            # The last of several copies counts, as it would in a run from top to bottom; the others run before it.
            own.setdefault(place - 1, []).append(taken[place])
            repeated.append(sheets.grade_id(template[place][0]))
        if kind not in ("solution", "question") and cell.source.strip() != template[place][1].source.strip():
            if kind is None:  # what they wrote into the sheet's text is kept for whoever marks
                own.setdefault(current, []).append(cell)
            else:
                edited.append(sheets.grade_id(template[place][0]))
        taken[place] = cell
    missing = [sheets.grade_id(c) for n, (c, _) in enumerate(template) if sheets.kind_of(c) and n not in taken]
    notebook, answers = _assemble(template, taken, own)
    notebook.metadata.update(copy.deepcopy(released.metadata))
    notes = _notes(edited, repeated, missing, [cell for cells in own.values() for cell in cells])
    return Rebuilt(notebook, answers, notes)


def _joined(first: Cell, second: Cell, stub: str) -> Cell:
    """Join an answer that was split: JupyterLab gives both halves of a cell the same grade_id."""
    said = dict.fromkeys(
        part for part in (first.source.strip(), second.source.strip()) if part not in ("", stub.strip())
    )
    attachments = first.attachments | second.attachments
    return dataclasses.replace(second, source="\n\n".join(said) or stub, attachments=attachments)


def _places(cells: list[Cell], released: NotebookNode) -> list[int | None]:
    """For each cell handed in, find the sheet's cell that it is, by grade_id, by id, or by its text."""
    by_grade_id = {sheets.grade_id(cell): n for n, cell in enumerate(released.cells) if sheets.grade_id(cell)}
    plain = {n: cell for n, cell in enumerate(released.cells) if not sheets.grade_id(cell)}
    by_id = {cell.get("id"): n for n, cell in plain.items()}
    known = [n for n, cell in enumerate(released.cells) if sheets.kind_of(cell) not in ("solution", "question")]
    by_source = {released.cells[n].source.strip(): n for n in known}
    places = []
    for cell in cells:
        if cell.grade_id in by_grade_id:
            places.append(by_grade_id[cell.grade_id])
        elif cell.cell_type != "code" and cell.identity in by_id:
            places.append(by_id[cell.identity])
        else:
            places.append(by_source.get(cell.source.strip()))
    return places


def _assemble(template, taken: dict[int, Cell], own: dict[int, list[Cell]]) -> tuple[NotebookNode, dict[str, str]]:
    notebook = nbformat.v4.new_notebook()
    answers = {}

    def append(cell: NotebookNode, kind: str) -> None:
        cell.metadata["aelib"] = kind
        notebook.cells.append(cell)

    for place, (source, stub) in enumerate(template):
        kind = sheets.kind_of(source) or "text"
        cell = copy.deepcopy(source if kind == "tests" else stub)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        theirs = taken.get(place)
        following = own.get(place, [])
        if kind == "solution" and theirs is not None:
            cell.source = theirs.source
        elif kind == "question":
            answer, images = _answer(theirs, stub, following)
            if answer:
                answers[sheets.grade_id(cell)] = cell.source = answer
                if images:
                    cell.attachments = NotebookNode(images)
                following = [c for c in following if c.cell_type == "code"]
        append(cell, kind)
        for number, extra in enumerate(following):
            new = nbformat.v4.new_code_cell if extra.cell_type == "code" else nbformat.v4.new_markdown_cell
            append(new(extra.source, id=f"own-{place}-{number}"), "own")
    notebook.nbformat_minor = 5
    return notebook, answers


def _answer(theirs: Cell | None, stub: NotebookNode, following: list[Cell]) -> tuple[str, dict]:
    """Give the answer to a question, and its images: what is in the cell, or in text cells added below it."""
    cells = [] if theirs is None or theirs.source.strip() == stub.source.strip() else [theirs]
    cells += [cell for cell in following if cell.cell_type != "code"]
    images = {name: bundle for cell in cells for name, bundle in cell.attachments.items()}
    return "\n\n".join(cell.source for cell in cells if cell.source.strip()), images


def _notes(edited: list[str], repeated: list[str], missing: list[str], own: list[Cell]) -> list[str]:
    notes = []
    if edited:
        notes.append(f"edited cells were restored: {_listed(edited)}")
    if repeated:
        notes.append(f"copies of a cell, the last counts: {_listed(repeated)}")
    if missing:
        notes.append(f"missing cells were put back: {_listed(missing)}")
    code = sum(cell.cell_type == "code" for cell in own)
    if code:
        notes.append(f"{code} code cell{'s' if code > 1 else ''} of their own")
    return notes


def _listed(names: list[str]) -> str:
    names = sorted(set(names), key=names.index)
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


# --- for the eyes of the person who marks --------------------------------------------------------------------------


def harmless(markdown: str) -> str:
    """Disarm a student's Markdown: what is HTML is shown, not obeyed, and links do not lead anywhere.

    A marker's browser is logged in to their Jupyter server, so a script in an answer could run code there.
    """
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", markdown)
    text = re.sub(r"\]\((?!attachment:[\w. ()%-]+\))", "] (", text)
    return re.sub(r"^(\s*\[[^\]]*\]):", r"\1 :", text, flags=re.MULTILINE)
