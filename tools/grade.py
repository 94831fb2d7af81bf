"""Grade a class: submissions in, marks and feedback out. Called by the Makefile::

    python tools/grade.py FOLDER              # whatever folder of submissions there is
    python tools/grade.py FOLDER --sheet 03   # all of them are of this sheet
    python tools/grade.py                     # after marking by hand: marks and feedback again

All goes into ``grading/``: ``marks.csv``, ``feedback/STUDENT/SHEET.html``, and for nbgrader's Formgrader
``gradebook.db`` and ``autograded/``. ``collected/`` keeps what was graded. (It is not called ``submitted``, as nbgrader
would, lest Formgrader's own button for autograding run it without a sandbox.)
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat

import feedback
import handed_in
import pairs
import pool
import sheets
import submissions
from gradebook import Book, GradebookError, Row
from marking import Marked, Sheet
from pairs import PairError
from progress import fault_of_files
from sandbox import TOOLS, UNPROTECTED, Isolation, Limits, SandboxError, find_isolation
from submissions import Submission, SubmissionsError

try:
    import fcntl
except ImportError:  # Windows, where nothing can be graded anyway
    fcntl = None

ROOT = TOOLS.parent
# What marks depend on, beside the submission and the sheet.
JUDGES = "handed_in", "inside", "marking", "remote", "sandbox", "sheets"


class GradeError(Exception):
    """Something that the person at the keyboard must mend; the message says what and how."""


def load_sheets(root: Path, wanted: str = "") -> list[Sheet]:
    """Read the course's sheets, or the one wanted."""
    found = pairs.find_pairs(root, "sheet", [wanted] if wanted else None)
    if not found:
        raise GradeError(
            f"There is no exercise sheet in {root / 'exercises' / 'source'}, so that nothing can be graded."
        )
    config = sheets.course_config(root)
    loaded = []
    for pair in found:
        source = pairs.compare(pair)[0]
        with sheets.named(pair):
            loaded.append(Sheet(pair.name, source, sheets.released(source, config)))
    return loaded


def course_id(root: Path) -> str:
    """Give nbgrader's name for the course."""
    return sheets.course_config(root).CourseDirectory.get("course_id", "course")


def fingerprint(submission: Submission, sheet: Sheet, isolation: Isolation) -> str:
    """Fingerprint all that a submission's marks depend on."""
    code = [(TOOLS / f"{name}.py").read_bytes().replace(b"\r\n", b"\n") for name in JUDGES]
    form = [cell.source + repr(sorted(cell.metadata.get("nbgrader", {}).items())) for cell in sheet.source.cells]
    return pairs.sha256(submission.data or submission.problem, isolation.means, *form, *code)


# --- the grading folder --------------------------------------------------------------------------------------------


class Folder:
    """Where the results are."""

    def __init__(self, path: Path):
        self.path = path
        self.gradebook = path / "gradebook.db"
        self.marks = path / "marks.csv"

    def collected(self, student: str, sheet: str) -> Path:
        return self.path / "collected" / student / f"{sheet}.ipynb"

    def autograded(self, student: str, sheet: str) -> Path:
        return self.path / "autograded" / student / sheet / f"{sheet}.ipynb"

    def page(self, student: str, sheet: str) -> Path:
        return self.path / "feedback" / student / f"{sheet}.html"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep a second run out. Where nothing can be locked, on Windows, nothing can be graded anyway.

        Raises
        ------
        GradeError
            If there is one, or the folder cannot be written.
        """
        if fcntl is None:
            raise GradeError("Grading needs Linux. On Windows, run this command in WSL.")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = open(self.path / ".lock", "w")  # noqa: SIM115 (closed below)
        except OSError as error:
            raise GradeError(
                f"The grading folder {self.path} cannot be written ({error.strerror}). Name another one: GRADING=folder"
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise GradeError(
                    f"Another `make grade` is at work in {self.path}. Wait for it, or name another: GRADING=folder"
                ) from None
            except OSError as error:
                raise GradeError(
                    f"The grading folder {self.path} cannot be locked ({error.strerror}). Name one on a disk of this "
                    "machine: GRADING=folder"
                ) from None
            yield

    def write_page(self, row: Row) -> bool:
        """Write a student's feedback page if it is out of date."""
        graded = self.autograded(row.student, row.sheet)
        return graded.exists() and feedback.write_page(row, graded, self.page(row.student, row.sheet))

    def write_results(self, book: Book) -> tuple[list[Row], int]:
        """Bring all pages and the table up to date; gives all rows, and how many pages were written."""
        rows = book.rows()
        pages = sum(self.write_page(row) for row in rows)
        pairs.write_atomically(self.marks, feedback.table(rows))
        return rows, pages


# --- grading -------------------------------------------------------------------------------------------------------


def grade(
    source: Path,
    folder: Folder,
    *,
    root: Path,
    sheet: str = "",
    isolation: str = "",
    workers: int = 0,
    limits: Limits | None = None,
    again: bool = False,
) -> list[Row]:
    """Grade what is new or changed among the submissions in a folder.

    Parameters
    ----------
    source : Path
        The teacher's folder, or a zip.
    folder : Folder
        Where the results go.
    root : Path
        The repository's root.
    sheet : str
        Number or name of the sheet that all are submissions of; empty to find out from each.
    isolation : {"", "bwrap", "none"}
        See :func:`sandbox.find_isolation`.
    workers : int
        How many at a time; 0 for as many as there are processors and memory for.
    limits : Limits, optional
        What a submission may use.
    again : bool
        Whether to grade unchanged ones again, too.

    Returns
    -------
    list of Row
        All that the gradebook holds.
    """
    limits = limits or Limits()
    _not_within(source, folder.path)
    all_sheets = load_sheets(root, sheet)
    by_name = {one.name: one for one in all_sheets}
    found = submissions.collect(source, all_sheets, all_sheets[0].name if sheet else "")
    with contextlib.ExitStack() as stack:
        stack.enter_context(folder.alone())
        means = find_isolation(isolation, root, folder.path / ".cache")
        print(f"Isolation: {means}", flush=True)
        book = stack.enter_context(Book(folder.gradebook, course_id(root)))
        for name in dict.fromkeys(submission.sheet for submission in found):
            book.register(by_name[name])
        todo, marks = [], {}
        for number, submission in enumerate(found):
            marks[number] = fingerprint(submission, by_name[submission.sheet], means)
            if again or not _is_done(book, folder, submission, marks[number]):
                todo.append(pool.Job(number, submission.sheet, submission.data, submission.problem))
        count = workers or pool.default_workers()
        unchanged = len(found) - len(todo)
        print(_plan(found, len(todo), unchanged, min(count, max(1, len(todo)))), flush=True)
        if unchanged and limits != Limits():
            print("Those unchanged keep the marks that they got within the limits of then; --again grades them, too.")
        failed = 0
        try:
            for done, (job, marked) in enumerate(pool.mark_all(todo, all_sheets, means, root, limits, count), start=1):
                submission = found[job.number]
                label = f"[{done}/{len(todo)}] {submission.student}"
                if isinstance(marked, str):
                    failed += 1
                    print(f"{label}: NOT GRADED: {marked}", file=sys.stderr, flush=True)
                    continue
                _keep(book, folder, submission, marks[job.number], marked, means)
                print(f"{label}: {_result(book.row(submission.student, submission.sheet))}", flush=True)
        finally:
            rows, _ = folder.write_results(book)
        if failed:
            raise GradeError(
                f"{failed} of {len(todo)} submissions could not be graded; see above. Run this again for them."
            )
    return rows


def _not_within(source: Path, folder: Path) -> None:
    results, given = folder.resolve(), source.resolve()
    if results.is_relative_to(given):
        raise GradeError(
            f"The grading folder {folder} lies within SUBMISSIONS={source}, where it would be taken for a student's. "
            "Name one elsewhere: GRADING=folder"
        )
    if given.is_relative_to(results):
        raise GradeError(
            f"SUBMISSIONS={source} lies within the grading folder {folder}. Expected the folder that you downloaded."
        )


def _is_done(book: Book, folder: Folder, submission: Submission, mark: str) -> bool:
    record = book.find(submission.student, submission.sheet)
    if record is None or record["fingerprint"] != mark:
        return False
    if not folder.autograded(submission.student, submission.sheet).exists():
        return False
    book.note(submission.student, submission.sheet, submission.notes)
    return True


def _keep(book: Book, folder: Folder, submission: Submission, mark: str, marked: Marked, isolation: Isolation) -> None:
    """Write a submission's results: files first, the gradebook last, for it tells that all is there."""
    student, sheet = submission.student, submission.sheet
    if submission.data is not None:
        pairs.write_atomically(folder.collected(student, sheet), submission.data)
    text = handed_in.valid_text(nbformat.writes(marked.notebook) + "\n")
    pairs.write_atomically(folder.autograded(student, sheet), text)
    if isolation.means == "none":
        marked.notes.append("graded without isolation")
    book.record(student, submission.name, sheet, mark, submission.notes, marked)
    folder.write_page(book.row(student, sheet))


def _plan(found: list[Submission], todo: int, unchanged: int, workers: int) -> str:
    of = ", ".join(sorted({submission.sheet for submission in found}))
    said = f"{len(found)} submissions of {of}: {todo} to grade"
    said += f", {unchanged} unchanged" if unchanged else ""
    return said + (f"; {workers} at a time" if todo else "")


def _result(row: Row) -> str:
    graded = [part for part in row.parts if not part.awaiting]
    said = f"{sum(p.score or 0 for p in graded):g} of {sum(p.maximum for p in graded):g} marks, {row.seconds:.0f} s"
    if row.awaiting:
        said += f"; by hand: {', '.join(row.awaiting)}"
    return said + (f" ({'; '.join(row.notes)})" if row.notes else "")


# --- the command line ----------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command line; returns the exit status."""
    options = _parsed(arguments)
    start = time.monotonic()
    folder = Folder(Path(options.grading).absolute() if options.grading else root / "grading")
    limits = Limits(cell=options.cell_seconds, total=options.seconds, memory=int(options.memory * (1 << 30)))
    try:
        if options.submissions is None:
            rows, pages = _results_only(folder, root)
            print(f"{pages} feedback pages were out of date and are written anew.")
        else:
            rows = grade(
                Path(options.submissions),
                folder,
                root=root,
                sheet=options.sheet,
                isolation=options.isolation,
                workers=options.workers,
                limits=limits,
                again=options.again,
            )
    except (GradeError, GradebookError, PairError, SandboxError, SubmissionsError, pool.PoolError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(fault_of_files(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was graded is kept; the same command carries on.", file=sys.stderr)
        return 130
    _say_what_came_out(rows, folder, time.monotonic() - start)
    if options.submissions is not None and options.isolation == "none":
        print(f"\nNOT PROTECTED: there was {UNPROTECTED}.", file=sys.stderr)
    return 0


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Grade a class's notebooks.")
    parser.add_argument("submissions", nargs="?", help="folder or zip with the submissions")
    parser.add_argument("--sheet", default="", help="number or name of the sheet that all are submissions of")
    parser.add_argument("--grading", default="", help="folder for the results (default: grading)")
    parser.add_argument("--isolation", default="", help="bwrap (default) or none")
    parser.add_argument("--workers", type=_whole, default=0, help="submissions at a time (default: one a processor)")
    parser.add_argument("--cell-seconds", type=_positive, default=Limits.cell, help="time limit for one cell")
    parser.add_argument("--seconds", type=_positive, default=Limits.total, help="time limit for one notebook")
    parser.add_argument("--memory", type=_positive, default=Limits.memory / (1 << 30), help="limit in GB")
    parser.add_argument("--again", action="store_true", help="grade unchanged submissions again, too")
    return parser.parse_args(arguments)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}' was given; expected a number above 0, such as 60")
    return number


def _whole(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"'{text}' was given; expected a whole number from 1 to 256, such as 2")
    return int(text)


def _results_only(folder: Folder, root: Path) -> tuple[list[Row], int]:
    if not folder.gradebook.exists():
        raise GradeError(
            f"No folder of submissions was named, and nothing was graded before in {folder.path}.\n"
            "Expected: make grade SUBMISSIONS=path/to/the/folder/with/the/notebooks"
        )
    with folder.alone(), Book(folder.gradebook, course_id(root)) as book:
        return folder.write_results(book)


def _say_what_came_out(rows: list[Row], folder: Folder, seconds: float) -> None:
    awaiting = sum(bool(row.awaiting) for row in rows)
    place = os.path.relpath(folder.path)
    place = place if not place.startswith("..") else str(folder.path)
    print(f"\nDone in {seconds / 60:.1f} min. {len(rows)} submissions have marks.")
    print(f"  marks:    {place}/marks.csv")
    print(f"  feedback: {place}/feedback/STUDENT/SHEET.html")
    if awaiting:
        print(f"  by hand:  {awaiting} have questions to mark: make formgrader; then make grade for marks and feedback")


if __name__ == "__main__":
    sys.exit(main())
