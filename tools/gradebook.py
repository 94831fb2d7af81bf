"""nbgrader's gradebook, an SQLite file, and beside nbgrader's tables one of our own in the same file.

All that one submission changes is one transaction: killed at any moment, the file holds either all of it or none, and
the next run finds out from the same file what is left to do. Marks given by hand (``manual_score``) are never written
here; nbgrader's Formgrader writes them.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

import sheets
from marking import Marked, Sheet

TABLE = """
CREATE TABLE IF NOT EXISTS aelib_submission (
    student TEXT NOT NULL, sheet TEXT NOT NULL,
    name TEXT NOT NULL,        -- the student's
    fingerprint TEXT NOT NULL, -- of all that the marks depend on
    found TEXT NOT NULL,       -- notes on the file, a JSON list
    notes TEXT NOT NULL,       -- notes on what happened, a JSON list
    answers TEXT NOT NULL,     -- JSON: fingerprint of what each mark was given for
    seconds REAL NOT NULL,
    PRIMARY KEY (student, sheet)
)
"""


class GradebookError(Exception):
    """The gradebook cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Part:
    """Marks for one task or question of one submission.

    Parameters
    ----------
    grade_id, title : str
        nbgrader's name for it, and the reader's.
    score : float or None
        Marks, None while there are none.
    maximum : float
        Marks that there are.
    awaiting : bool
        Whether a person must (or must again) look at it.
    comment : str
        What a person said about it.
    """

    grade_id: str
    title: str
    score: float | None
    maximum: float
    awaiting: bool
    comment: str = ""


@dataclass(frozen=True)
class Row:
    """All that the gradebook knows about one submission."""

    student: str
    name: str
    sheet: str
    fingerprint: str
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def total(self) -> float:
        return sum(part.score or 0.0 for part in self.parts)

    @property
    def maximum(self) -> float:
        return sum(part.maximum for part in self.parts)

    @property
    def awaiting(self) -> list[str]:
        """Titles of the parts that await a person."""
        return [part.title for part in self.parts if part.awaiting]


class Book:
    """An open gradebook.

    Parameters
    ----------
    path : Path
        The file; made if there is none.
    course : str
        nbgrader's name for the course.

    Raises
    ------
    GradebookError
        If the file is not a gradebook, or cannot be written.
    """

    def __init__(self, path: Path, course: str):
        self.path, self.course = path, course
        path.parent.mkdir(parents=True, exist_ok=True)
        # For a new file, nbgrader runs `alembic`, which lies beside this Python but, without an activated environment,
        # not on the path.
        programs = str(Path(sys.executable).parent)
        if programs not in os.environ.get("PATH", "").split(os.pathsep):
            os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", "")])
        try:
            self._book = Gradebook(f"sqlite:///{path}", course)
            self._book.db.execute(text(TABLE))
            self._book.db.commit()
        except SQLAlchemyError as error:
            raise GradebookError(
                f"{path} cannot be opened as a gradebook ({str(error.__cause__ or error).splitlines()[0]}). If it was "
                "written by another version of nbgrader, copy it to a safe place and run: nbgrader db upgrade. If it "
                "is damaged, restore it from a copy."
            ) from error

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_) -> None:
        self._book.close()

    @contextlib.contextmanager
    def _transaction(self):
        """Make one transaction of many of nbgrader's calls, each of which commits by itself."""
        session = self._book.db
        commit = session.commit
        session.commit = session.flush
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        else:
            commit()
        finally:
            session.commit = commit

    # --- sheets

    def register(self, sheet: Sheet) -> None:
        """Enter a sheet, or what changed in it.

        Raises
        ------
        GradebookError
            If graded cells came or went since submissions were graded.
        """
        book, name = self._book, sheet.name
        new = {kind: set() for kind in ("set-up", "solution", "tests", "question")}
        for cell in sheet.source.cells:
            if sheets.kind_of(cell):
                new[sheets.kind_of(cell)].add(sheets.grade_id(cell))
        with contextlib.suppress(MissingEntry):
            old = book.find_notebook(name, name)
            graded, answered = {c.name for c in old.grade_cells}, {c.name for c in old.solution_cells}
            if old.submissions and (
                graded != new["tests"] | new["question"] or answered != new["solution"] | new["question"]
            ):
                raise GradebookError(
                    f"Sheet {name} has gained or lost tasks since its first submission was graded, so that its marks "
                    f"in {self.path} would no longer fit. Restore the sheet, or begin a new grading folder: "
                    "make grade SUBMISSIONS=... GRADING=another_folder"
                )
        with self._transaction():
            book.update_or_create_assignment(name, course_id=self.course)
            book.update_or_create_notebook(
                name, name, kernelspec=json.dumps(sheet.source.metadata.get("kernelspec", {}))
            )
            for cell, stub in zip(sheet.source.cells, sheet.released.cells, strict=True):
                kind, grade_id = sheets.kind_of(cell), sheets.grade_id(cell)
                if kind is None:
                    continue
                if kind in ("tests", "question"):
                    points = float(cell.metadata.nbgrader.points)
                    book.update_or_create_grade_cell(grade_id, name, name, max_score=points, cell_type=cell.cell_type)
                if kind in ("solution", "question"):
                    book.update_or_create_solution_cell(grade_id, name, name)
                checksum = stub.metadata.nbgrader.get("checksum")
                book.update_or_create_source_cell(
                    grade_id,
                    name,
                    name,
                    cell_type=cell.cell_type,
                    locked=kind in ("set-up", "tests"),
                    source=cell.source if kind == "tests" else stub.source,
                    checksum=checksum,
                )

    # --- submissions

    def find(self, student: str, sheet: str):
        """Give our own record of a submission, or None."""
        statement = text("SELECT * FROM aelib_submission WHERE student = :student AND sheet = :sheet")
        return self._book.db.execute(statement, {"student": student, "sheet": sheet}).mappings().first()

    def record(self, student: str, name: str, sheet: str, fingerprint: str, found: list[str], marked: Marked) -> None:
        """Enter a submission's marks, all or none of them.

        A mark given by hand stays. If what it was given for has changed since, it is flagged to be looked at again.
        """
        book = self._book
        before = self.find(student, sheet)
        answers_before = json.loads(before["answers"]) if before else {}
        with self._transaction() as session:
            book.update_or_create_student(student)
            with session.no_autoflush:  # nbgrader would look things up while it has a submission half made
                book.update_or_create_submission(sheet, student)
            submitted = book.find_submission_notebook(sheet, sheet, student)
            for grade in submitted.grades:
                grade.auto_score = marked.scores[grade.cell.name]
                if grade.manual_score is None:
                    grade.needs_manual_grade = grade.auto_score is None
                elif marked.answers[grade.cell.name] != answers_before.get(grade.cell.name):
                    grade.needs_manual_grade = True
            for comment in submitted.comments:
                unanswered = marked.answers.get(comment.cell.name) == ""
                comment.auto_comment = "No answer." if unanswered else None
            session.execute(
                text(
                    "INSERT OR REPLACE INTO aelib_submission "
                    "VALUES (:student, :sheet, :name, :fingerprint, :found, :notes, :answers, :seconds)"
                ),
                {
                    "student": student,
                    "sheet": sheet,
                    "name": name,
                    "fingerprint": fingerprint,
                    "found": json.dumps(found),
                    "notes": json.dumps(marked.notes),
                    "answers": json.dumps(marked.answers),
                    "seconds": marked.seconds,
                },
            )

    def note(self, student: str, sheet: str, found: list[str]) -> None:
        """Replace the notes on the file of a submission that was graded before."""
        with self._transaction() as session:
            session.execute(
                text("UPDATE aelib_submission SET found = :found WHERE student = :student AND sheet = :sheet"),
                {"student": student, "sheet": sheet, "found": json.dumps(found)},
            )

    def row(self, student: str, sheet: str) -> Row:
        """Give what is known about one submission."""
        self._book.db.expire_all()  # Formgrader may have written meanwhile
        record = self.find(student, sheet)
        submitted = self._book.find_submission_notebook(sheet, sheet, student)
        comments = {comment.cell.name: comment.comment or "" for comment in submitted.comments}
        parts = []
        for grade in submitted.grades:
            name = grade.cell.name
            known = grade.manual_score is not None or grade.auto_score is not None
            parts.append(
                Part(
                    name,
                    name.removesuffix("-tests").replace("-", " ").capitalize(),
                    grade.score if known else None,
                    grade.cell.max_score,
                    bool(grade.needs_manual_grade),
                    comments.get(name.removesuffix("-tests"), ""),
                )
            )
        notes = [*json.loads(record["found"]), *json.loads(record["notes"])]
        again = [g.cell.name for g in submitted.grades if g.needs_manual_grade and g.manual_score is not None]
        notes += [f"{name.replace('-', ' ')}: the answer changed after it was marked by hand" for name in sorted(again)]
        parts.sort(key=lambda part: _natural(part.grade_id))
        return Row(student, record["name"], sheet, record["fingerprint"], tuple(parts), tuple(notes), record["seconds"])

    def rows(self) -> list[Row]:
        """Give what is known about all submissions, by sheet and student."""
        found = self._book.db.execute(text("SELECT student, sheet FROM aelib_submission ORDER BY sheet, student"))
        return [self.row(student, sheet) for student, sheet in found.all()]


def _natural(grade_id: str) -> tuple:
    """Order tasks before questions, and 2 before 10."""
    kind, _, rest = grade_id.partition("-")
    number = rest.partition("-")[0]
    return (kind != "task", int(number) if number.isdigit() else 0, grade_id)
