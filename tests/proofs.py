"""Run an exercise sheet without a kernel: with its solutions, untouched, and with every answer of exercises/answers.

All in one namespace, so that nothing is trained twice: before each solution cell it is remembered, and each right
answer starts from there, that is, after all preceding cells with their official solutions. A wrong answer starts after
the task's own official solution: it writes only what it does wrongly. That nothing is trained twice is also why the
untouched sheet is given what locked cells made of locked cells alone.
"""

import ast
import contextlib
import io
import re
import symtable
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import pairs
import sheets

# A cell of exercises/answers: which task, whether right or wrong, and what it does.
ANSWER = re.compile(r"^# %% (task-\d+) (right|wrong): (\S.*)$")


@dataclass
class Answer:
    """One candidate for a solution cell, and what the checks made of it."""

    task: str
    kind: str
    title: str
    code: str
    error: str = ""  # empty if it passed all checks
    caught_in: str = ""  # "answer", "visible" or "hidden": the cell, or the part of the test cell, that failed


@dataclass
class Proof:
    """What came of a sheet."""

    solutions: dict[str, str] = field(default_factory=dict)  # grade_id of a test cell: error, empty if it passed
    untouched: dict[str, str] = field(default_factory=dict)  # the same for the student's version as it is given out
    crashes: list[str] = field(default_factory=list)  # cells that stop the official or the untouched notebook
    said: dict[str, str] = field(default_factory=dict)  # what each visible test cell prints in the untouched notebook
    answers: list[Answer] = field(default_factory=list)


def read_answers(root: Path, name: str) -> list[Answer]:
    """Read ``exercises/answers/NAME.py``; a heading that is no answer's is a ValueError."""
    path = root / "exercises" / "answers" / f"{name}.py"
    parts = re.split(r"^(# %%.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    answers = []
    for heading, code in zip(parts[1::2], parts[2::2], strict=True):
        match = ANSWER.match(heading)
        if match:
            answers.append(Answer(*match.groups(), code.strip()))
        elif "[markdown]" not in heading:
            raise ValueError(f"{path.name}: '{heading}' should read '# %% task-1 wrong: what is wrong with it'")
    return answers


class Session:
    """A namespace that can be put back to where it was."""

    def __init__(self):
        self.names = {"__name__": "__main__", "display": lambda *things: None}
        self.printed = ""

    def run(self, code: str, label: str) -> tuple[str, int]:
        """Execute a cell; return what went wrong (empty if nothing) and in which of its lines."""
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                exec(compile(code, f"<{label}>", "exec"), self.names)
        except (Exception, SystemExit) as error:
            lines = [
                frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == f"<{label}>"
            ]
            return f"{type(error).__name__}: {error}", lines[-1] if lines else 0
        finally:
            self.printed = out.getvalue()
        return "", 0

    def remember(self) -> dict:
        return dict(self.names)

    def return_to(self, remembered: dict) -> None:
        # The same dictionary, because functions look their global names up in it.
        self.names.clear()
        self.names.update(remembered)


def prove(root: Path, name: str) -> Proof:
    """Run the sheet ``name`` in every version."""
    import matplotlib

    matplotlib.use("Agg")
    warnings.simplefilter("ignore")
    source = pairs.read_text_half(pairs.Pair(root, "sheet", name))
    stubs = sheets.released(source, sheets.course_config(root))
    cells = [pair for pair in zip(source.cells, stubs.cells, strict=True) if pair[0].cell_type == "code"]
    proof = Proof(answers=read_answers(root, name))
    session = Session()
    made = _with_solutions(cells, proof, session)
    _untouched(cells, proof, session, made)
    return proof


def _with_solutions(cells: list, proof: Proof, session: Session) -> dict[str, dict]:
    """Run the official cells and, at each test cell, every answer to its task; end before the first solution cell.

    Returns, for each set-up cell, the names that it bound.
    """
    first = before = solved = None
    made = {}
    since: list = []  # cells after the solution cell, up to the test cell
    for cell, _ in cells:
        kind, label = sheets.kind_of(cell), sheets.grade_id(cell)
        if kind == "solution":
            before, since = session.remember(), []
            first = first or before
        else:
            since.append(cell)
        known = session.remember()
        error, _ = session.run(cell.source, label)
        if kind == "solution":
            solved = session.remember()
        if kind == "set-up":
            made[label] = {name: value for name, value in session.names.items() if known.get(name) is not value}
        if kind == "tests":
            proof.solutions[label] = error
            after = session.remember()
            for answer in proof.answers:
                if f"{answer.task}-tests" == label:
                    session.return_to(solved if answer.kind == "wrong" else before)
                    _try_answer(answer, since, session)
            session.return_to(after)
        elif error:
            proof.crashes.append(f"{label}, with solutions: {error}")
    session.return_to(first or {})
    return made


def _try_answer(answer: Answer, since: list, session: Session) -> None:
    """Run one answer in place of the solution, and the cells up to and including the task's test cell."""
    answer.error, _ = session.run(answer.code, "answer")
    answer.caught_in = "answer" if answer.error else ""
    for cell in since:
        if not answer.error:
            answer.error, line = session.run(cell.source, sheets.grade_id(cell))
            above = "\n".join(cell.source.split("\n")[: line - 1])
            answer.caught_in = ("hidden" if "BEGIN HIDDEN TESTS" in above else "visible") if answer.error else ""


def _untouched(cells: list, proof: Proof, session: Session, made: dict[str, dict]) -> None:
    """Run the student's version from the first stub on, and the full test cells beside its own."""
    kinds = [sheets.kind_of(cell) for cell, _ in cells]
    of_students: set[str] = set()  # names that depend on what students write
    for cell, stub in cells[kinds.index("solution") :]:
        label, kind = sheets.grade_id(cell), sheets.kind_of(cell)
        read, bound = _names(cell.source)
        if kind == "set-up" and not read & of_students:
            session.names.update(made[label])
            continue
        of_students |= bound
        error, _ = session.run(stub.source, label)
        if error:
            proof.crashes.append(f"{label}, untouched: {error}")
        if kind == "tests":
            proof.said[label] = session.printed
            proof.untouched[label], _ = session.run(cell.source, label)


def _names(code: str) -> tuple[set[str], set[str]]:
    """Names that a cell reads, anywhere in it, and those that it binds for the cells that follow."""
    nodes = ast.walk(ast.parse(code))
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    symbols = symtable.symtable(code, "a cell", "exec").get_symbols()
    return read, {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
