"""Mark one submission: the student's code in a sandbox, the tests here, nothing but values between them.

The student's cells run in a kernel of their own (``sandbox.py``). The sheet's locked cells run here a second time, in a
fresh namespace, and so do the test cells, hidden tests included; what they need of the student's is fetched by value
(``remote.py``). So no student's code ever sees a test, or shares a process with one: whatever it does to NumPy, to
``assert`` or to its own process, the tests are none the worse for it.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import io
import random
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode

import handed_in
import pairs
import remote
import sheets
from sandbox import Died, Isolation, Kernel, Limits, SandboxError

Report = Callable[[str, float], None]


class SheetFault(Exception):
    """The sheet itself fails, so that nothing can be marked with it; the message says where."""


@dataclass(frozen=True)
class Sheet:
    """A sheet in the two forms that marking needs.

    Parameters
    ----------
    name : str
        ``NN_name``.
    source, released : NotebookNode
        As its author wrote it, and as students get it, cell for cell.
    """

    name: str
    source: NotebookNode
    released: NotebookNode

    @property
    def points(self) -> dict[str, float]:
        """Marks for each graded part, by ``grade_id``."""
        return sheets.points_of(self.source)


@dataclass
class Marked:
    """What became of a submission.

    Parameters
    ----------
    notebook : NotebookNode
        With outputs; see :class:`handed_in.Rebuilt`. A student's Markdown in it is harmless to look at.
    scores : dict of str to float or None
        Marks by ``grade_id``, None for what a person must mark.
    answers : dict of str to str
        Fingerprint of what each mark was given for, by ``grade_id``.
    notes : list of str
        What happened, in words.
    seconds : float
        Time taken.
    """

    notebook: NotebookNode
    scores: dict[str, float | None]
    answers: dict[str, str]
    notes: list[str]
    seconds: float = 0.0


# --- the student's side --------------------------------------------------------------------------------------------


@dataclass
class Student:
    """A student's code at work: a kernel that is made anew, and brought to where it was, when it was ended.

    Parameters
    ----------
    isolation, root, limits : Isolation, Path, Limits
        As for :class:`sandbox.Kernel`.
    """

    isolation: Isolation
    root: Path
    limits: Limits
    used: float = 0.0
    _kernel: Kernel | None = None
    _done: list[str] = field(default_factory=list)  # cells that ran and ended nothing

    @property
    def left(self) -> float:
        """Seconds that the submission may still take."""
        return self.limits.total - self.used

    @contextlib.contextmanager
    def _timed(self):
        start = time.monotonic()
        try:
            yield
        finally:
            self.used += time.monotonic() - start

    def _alive(self) -> Kernel:
        """Give the kernel, a new one if need be, in which all harmless cells so far have run."""
        while self._kernel is None:
            if self.left <= 0:
                raise Died(f"the {self.limits.total:.0f} s for the whole notebook are over")
            self._kernel = self._started()
            for number, code in enumerate(list(self._done)):
                try:
                    self._kernel.run(code, max(1.0, min(self.limits.cell, self.left)))
                except Died:  # harmless the first time, but not now
                    self.close()
                    del self._done[number]
                    break
        return self._kernel

    def _started(self) -> Kernel:
        with contextlib.suppress(Died):
            return Kernel(self.isolation, self.root, self.limits)
        try:  # a machine short of memory may be better off a moment later
            time.sleep(2)
            return Kernel(self.isolation, self.root, self.limits)
        except Died as error:
            raise SandboxError(f"no sandbox could be started: {error}") from None

    def run(self, code: str) -> tuple[list[dict], str]:
        """Run a cell; gives its outputs, and what was wrong with it, in words, empty if nothing was but an error."""
        with self._timed():
            try:
                kernel = self._alive()
                seconds = min(self.limits.cell, self.left)
                if seconds <= 0:
                    raise Died(f"not run, for the {self.limits.total:.0f} s for the whole notebook are over")
                outputs, problem = kernel.run(code, seconds)
            except Died as error:
                if self._kernel is not None and hasattr(error, "outputs"):
                    self.close()
                return [*getattr(error, "outputs", []), error_output("Stopped", str(error))], str(error)
        if problem:
            outputs = [output for output in outputs if output["output_type"] != "error"]
            return [*outputs, error_output("Stopped", f"{problem}; is there a loop that never ends?")], problem
        if any(output.get("ename", "").endswith("MemoryError") for output in outputs):  # NumPy has its own
            self.close()  # what it holds would be missing in all later cells
            return outputs, f"it used more than {self.limits.memory / (1 << 30):.2g} GB of memory"
        self._done.append(code)
        return outputs, ""

    @contextlib.contextmanager
    def asked(self, seconds: float):
        """Let the student's names be asked for; gives the function that asks, for :mod:`remote`."""
        with self._timed():
            try:
                with self._alive().serving(min(seconds, max(1.0, self.left))) as ask:
                    yield ask
            except Died:
                self.close()
                raise

    def close(self) -> None:
        """End the kernel, if there is one."""
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None


# --- the tests' side -----------------------------------------------------------------------------------------------


def bound_names(source: str) -> set[str]:
    """Give the names that a cell binds at its top level, other than by importing."""
    names = set()
    for node in _top_level(_parsed(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def mentioned_names(source: str, *, only_in_functions: bool = False) -> set[str]:
    """Give the names that a cell uses, anywhere or in the functions that it defines."""
    trees: list[ast.AST] = [_parsed(source)]
    if only_in_functions:
        trees = [n for n in ast.walk(trees[0]) if isinstance(n, ast.FunctionDef | ast.Lambda | ast.ClassDef)]
    return {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # a magic
        return ast.Module(body=[], type_ignores=[])


def _top_level(node: ast.AST):
    """Walk a tree, but not into functions, classes and comprehensions, whose names are their own."""
    for child in ast.iter_child_nodes(node):
        yield child
        own = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda
        if not isinstance(child, (*own, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            yield from _top_level(child)


class Tests:
    """The sheet's locked cells and tests in a namespace of their own.

    Parameters
    ----------
    cells : list of NotebookNode
        The sheet as its author wrote it.
    student : Student
        Whose names are asked for.
    """

    def __init__(self, cells: list[NotebookNode], student: Student):
        self.student = student
        self.namespace: dict = {"__name__": "__main__"}
        self._theirs: set[str] = set()  # names that are the student's, so far
        self._wanted_by_functions: set[str] = set()
        self._later = [(cell, mentioned_names(cell.source)) for cell in cells if sheets.kind_of(cell) is not None]
        _fresh_start()

    def pass_solution(self, source: str) -> None:
        """Take note of a solution cell of the sheet's: what it defines is the student's from here on."""
        self._theirs |= bound_names(source)

    def set_up(self, name: str, source: str) -> None:
        """Run a locked cell.

        Raises
        ------
        SheetFault
            If it fails, and no student can be the reason.
        """
        wanted = mentioned_names(source) & self._theirs
        if wanted and not self._is_needed(name, bound_names(source)):
            return  # a picture of the student's results, which their own kernel has drawn
        outputs = self._run(name, source, wanted)
        errors = [output for output in outputs if output["output_type"] == "error"]
        if errors and not wanted:
            raise SheetFault(f"its locked cell {name} fails: {errors[0]['ename']}: {errors[0]['evalue']}")
        self._theirs -= bound_names(source)
        self._wanted_by_functions |= mentioned_names(source, only_in_functions=True)

    def _is_needed(self, name: str, bound: set[str]) -> bool:
        position = next(n for n, (cell, _) in enumerate(self._later) if sheets.grade_id(cell) == name)
        return any(bound & mentioned for _, mentioned in self._later[position + 1 :])

    def test(self, name: str, source: str) -> list[dict]:
        """Run a test cell and give its outputs: with an error among them, or not."""
        outputs = self._run(name, source, (mentioned_names(source) | self._wanted_by_functions) & self._theirs)
        self._wanted_by_functions |= mentioned_names(source, only_in_functions=True)
        return outputs

    def _run(self, name: str, source: str, wanted: set[str]) -> list[dict]:
        if not wanted:
            return _execute(name, source, self.namespace)
        seconds = self.student.limits.cell
        try:
            with self.student.asked(seconds) as ask:
                try:
                    self._fetch(ask, wanted, mentioned_names(source))
                except Exception as error:
                    return [error_output(type(error).__name__, str(error))]
                return _execute(name, source, self.namespace)
        except Died as error:
            return [error_output("Stopped", f"your code was stopped while it was checked: {error}")]

    def _fetch(self, ask, wanted: set[str], mentioned: set[str]) -> None:
        for name in sorted(wanted):
            self.namespace.pop(name, None)
            try:
                self.namespace[name] = remote.fetch(ask, name)
            except NameError:
                continue  # the test says so itself, if it comes to that
            except TypeError:
                if name in mentioned:
                    raise


def _fresh_start() -> None:
    """Forget what the submission before may have left in this process."""
    random.seed(0)
    np.random.seed(0)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
        sys.modules["keras"].utils.set_random_seed(0)
    gc.collect()


def _execute(name: str, source: str, namespace: dict) -> list[dict]:
    """Run a cell of the sheet's here, as a kernel would, and give its outputs."""
    printed = io.StringIO()
    outputs, value = [], None
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, f"<{name}>", "exec"), namespace)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), f"<{name}>", "eval"), namespace)
    except Died:
        raise
    except Exception as error:
        outputs.append(_failure(error, name, source))
    except SystemExit as error:
        outputs.append(error_output("SystemExit", str(error)))
    # All of it as standard output: to nbgrader, a test that writes to standard error has failed.
    text = printed.getvalue()[:20_000]
    if text:
        outputs.insert(0, {"output_type": "stream", "name": "stdout", "text": text})
    if value is not None and isinstance(value, int | float | str):  # nbgrader's way to give a part of the marks
        data = {"text/plain": repr(value)[:1000]}
        outputs.append({"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None})
    return outputs


def _failure(error: Exception, name: str, source: str) -> dict:
    """Describe a failed check: its message, the line if the student can see it, and where in their code it happened."""
    lines = source.split("\n")
    visible = sheets.split(source, "HIDDEN TESTS")[0]
    path = []
    for step in traceback.extract_tb(error.__traceback__):
        if step.filename == f"<{name}>" and step.lineno:
            text = lines[step.lineno - 1].strip() if step.lineno <= len(lines) else ""
            hidden = _is_hidden(lines, step.lineno)
            path.append("in a check on other data" if hidden or text not in map(str.strip, visible) else f"in: {text}")
    message = str(error)
    if not message and isinstance(error, AssertionError):
        message = "a check on other data fails" if path and path[-1].startswith("in a check") else "this check fails"
    steps = [f"in your code, {step}" for step in getattr(error, "student_path", [])]
    return error_output(type(error).__name__, message[:4000], [*path, *steps])


def _is_hidden(lines: list[str], number: int) -> bool:
    before = lines[:number]
    begins = [n for n, line in enumerate(before) if "BEGIN HIDDEN TESTS" in line]
    ends = [n for n, line in enumerate(before) if "END HIDDEN TESTS" in line]
    return bool(begins) and (not ends or ends[-1] < begins[-1])


def error_output(kind: str, message: str, path: list[str] | None = None) -> dict:
    """Make an error, as a notebook holds it."""
    lines = [*(path or []), f"{kind}: {message}"]
    return {"output_type": "error", "ename": kind, "evalue": message, "traceback": lines}


# --- both together -------------------------------------------------------------------------------------------------


def mark(
    sheet: Sheet,
    data: bytes | None,
    student: Student,
    *,
    problem: str = "",
    stopped: dict[str, str] | None = None,
    report: Report = lambda stage, seconds: None,
) -> Marked:
    """Mark one submission.

    Parameters
    ----------
    sheet : Sheet
        The sheet that it is a submission of.
    data : bytes or None
        The file; None if there is none that could be a notebook.
    student : Student
        Where its code is to run. Closed in the end.
    problem : str
        Why there is none, in words.
    stopped : dict of str to str, optional
        Test cells, by ``grade_id``, that ended the grader's own process before, and how; they are not run again.
    report : callable, optional
        Called with what comes next and how many seconds that may take, before each step.

    Raises
    ------
    SheetFault
        If the sheet itself fails.
    """
    start = time.monotonic()
    try:
        if data is None:
            raise handed_in.Unreadable(problem or "nothing was handed in")
        rebuilt = handed_in.rebuild(handed_in.read(data), sheet.source, sheet.released)
        unreadable = ""
    except handed_in.Unreadable as error:
        rebuilt = handed_in.rebuild([], sheet.source, sheet.released)
        unreadable = str(error)
    notes = [unreadable] if unreadable else list(rebuilt.notes)
    theirs = [c for c in rebuilt.notebook.cells if c.metadata.aelib in ("solution", "own") and c.cell_type == "code"]
    stubs = {sheets.grade_id(cell): cell.source for cell in sheet.released.cells}
    if unreadable:
        reason = unreadable
    elif all(cell.source.strip() in ("", stubs.get(sheets.grade_id(cell), "").strip()) for cell in theirs):
        # Nothing was written, so that nothing needs to run: the stubs earn nothing, by the sheets' own proofs.
        reason = "no task was begun"
        notes.append(reason)
    else:
        reason = ""
    if reason:
        for cell in rebuilt.notebook.cells:
            if cell.metadata.aelib == "tests":
                cell.outputs = [nbformat.from_dict(error_output("NotMarked", reason))]
    else:
        try:
            notes += _run(sheet, rebuilt.notebook, student, stopped or {}, report)
        finally:
            student.close()
    scores = _scores(rebuilt.notebook)
    answers = _answers(rebuilt, scores)
    for cell in rebuilt.notebook.cells:
        if cell.cell_type == "markdown" and cell.metadata.aelib in ("question", "own"):
            cell.source = handed_in.harmless(cell.source)
    return Marked(rebuilt.notebook, scores, answers, notes, time.monotonic() - start)


def _run(sheet: Sheet, notebook: NotebookNode, student: Student, stopped: dict[str, str], report: Report) -> list[str]:
    """Run all cells, the tests here and the rest in the sandbox; fills in outputs, gives notes."""
    tests = Tests(sheet.source.cells, student)
    sources = {sheets.grade_id(cell): cell.source for cell in sheet.source.cells if sheets.kind_of(cell)}
    notes, count = [], 0
    cell_seconds = 2 * student.limits.cell + Kernel.START + 30
    for cell in notebook.cells:
        kind, name = cell.metadata.aelib, sheets.grade_id(cell)
        if cell.cell_type != "code":
            continue
        count += 1
        if kind == "tests":
            report(name, cell_seconds + max(0.0, student.left))
            if name in stopped:
                outputs = [error_output("Stopped", f"the checks could not be carried out: {stopped[name]}")]
            else:
                outputs = tests.test(name, sources[name])
            ended = next((o["evalue"] for o in outputs if o.get("ename") == "Stopped"), "")
            if ended:
                notes.append(f"{_title(name)}: {ended}")
        else:
            report("", cell_seconds + max(0.0, student.left))
            outputs, problem = student.run(cell.source) if cell.source.strip() else ([], "")
            if problem:
                notes.append(f"{_title(name) if name else 'a cell of their own'}: {problem}")
            if kind == "solution":
                tests.pass_solution(sources[name])
            elif kind == "set-up":
                tests.set_up(name, sources[name])
        for output in outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = count
        cell.outputs, cell.execution_count = nbformat.from_dict(outputs), count
    return _shortened(notes)


def _title(grade_id: str) -> str:
    return grade_id.removesuffix("-tests").replace("-", " ")


def _shortened(notes: list[str]) -> list[str]:
    """Say once what happened to many cells for the same reason."""
    by_reason: dict[str, list[str]] = {}
    for note in notes:
        where, _, reason = note.partition(": ")
        by_reason.setdefault(reason, []).append(where)
    return [f"{', '.join(dict.fromkeys(places))}: {reason}" for reason, places in by_reason.items()]


def _scores(notebook: NotebookNode) -> dict[str, float | None]:
    """Give the marks, by nbgrader's own rules."""
    from nbgrader.utils import determine_grade  # slow to import

    graded = [cell for cell in notebook.cells if cell.metadata.aelib in ("tests", "question")]
    scores = {}
    for cell in graded:
        try:
            scores[sheets.grade_id(cell)] = determine_grade(cell)[0]
        except (ValueError, KeyError):  # a partial mark that is out of range
            scores[sheets.grade_id(cell)] = 0.0
    return scores


def _answers(rebuilt: handed_in.Rebuilt, scores: dict) -> dict[str, str]:
    """Fingerprint what each mark is given for: an answer, or for a task all code, since any may have a part in it."""
    code = pairs.sha256(*(c.source for c in rebuilt.notebook.cells if c.metadata.aelib in ("solution", "own")))
    said = {name: pairs.sha256(" ".join(answer.split())) for name, answer in rebuilt.answers.items()}
    return {name: code if name.endswith("-tests") else said.get(name, "") for name in scores}
