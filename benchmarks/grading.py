"""Grade a mock class of 30, one and two submissions at a time, and check marks that are known beforehand.

    .venv/bin/python benchmarks/grading.py            # sheet 2
    .venv/bin/python benchmarks/grading.py 03         # another one
    .venv/bin/python benchmarks/grading.py --solutions   # every sheet's own solutions, graded like a student's

A third of the class has everything right, a third has something wrong (answers from ``exercises/answers``), and a third
is hostile or malformed. Everything happens in a temporary folder: a copy of the course, the downloads, the results.
"""

import argparse
import io
import os
import re
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import grade  # noqa: E402
import marking  # noqa: E402
import sheets  # noqa: E402
from sandbox import Limits, find_isolation  # noqa: E402

ANSWER = re.compile(r"^# %% (task-\d+) (right|wrong): .*$", re.MULTILINE)
LOOP = "while True:\n    pass"
HOARD = "hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))"
EXIT = "import os\nos._exit(0)"
PRINT = "while True:\n    print('x' * 10_000)"
DELETE = "import os, shutil\nfor place in (os.path.expanduser('~'), '/', '{root}'):\n    shutil.rmtree(place, True)\n"
PATCH = "import numpy\nfor name in ('isclose', 'allclose'):\n    setattr(numpy, name, lambda *a, **k: True)\n"


def answers_of(root, name):
    """Read the right and wrong answers of a sheet: ``{(task, kind): [code, ...]}``."""
    text = (root / "exercises" / "answers" / f"{name}.py").read_text(encoding="utf-8")
    found = {}
    parts = ANSWER.split(text)
    for task, kind, code in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        found.setdefault((task, kind), []).append(code.strip())
    return found


def notebook(sheet, cells, *, cut=()):
    """Make a student's notebook: the released sheet with some cells' contents, and without the cells in ``cut``."""
    result = nbformat.from_dict({**sheet.released, "cells": []})
    for cell in sheet.released.cells:
        name = sheets.grade_id(cell)
        if name not in cut:
            result.cells.append(nbformat.from_dict({**cell, "source": cells.get(name, cell.source)}))
    return nbformat.writes(result).encode("utf-8")


def mock_class(sheet, answers, root):
    """Give each student's file and the marks that it must get, task by task.

    Returns
    -------
    dict of str to tuple
        File name, as Moodle or Canvas writes it, or plain: ``(bytes, {grade_id: marks})``.
    """
    solved = {sheets.grade_id(c): c.source for c in sheet.source.cells if sheets.kind_of(c) == "solution"}
    solved |= {name: "An answer." for name in sheet.points if name.startswith("question")}
    tasks = [name for name in solved if name.startswith("task")]
    full = {name: points for name, points in sheet.points.items() if name.endswith("-tests")}
    none = dict.fromkeys(full, 0.0)

    def without(*failed):
        return {name: 0.0 if name.removesuffix("-tests") in failed else points for name, points in full.items()}

    people = []  # bytes, marks
    for number in range(10):  # all right, two of them in another way
        unusual = {task: answers[task, "right"][0] for task in tasks if number % 5 == 0 and (task, "right") in answers}
        people.append((notebook(sheet, solved | unusual), full))
    for number in range(10):  # one to three tasks wrong
        failed = {tasks[(number + step) % len(tasks)] for step in range(1 + number % 3)}
        wrong = {task: answers[task, "wrong"][number % len(answers[task, "wrong"])] for task in failed}
        people.append((notebook(sheet, solved | wrong), without(*failed)))
    first = tasks[0]
    for code in (LOOP, HOARD, EXIT, PRINT):
        people.append((notebook(sheet, solved | {first: code}), without(first)))
    people.append((notebook(sheet, solved | {first: DELETE.format(root=root) + solved[first]}), full))
    wrong = answers[first, "wrong"][0]
    people.append((notebook(sheet, solved | {first: PATCH + wrong, f"{first}-tests": "pass"}), without(first)))
    people.append((notebook(sheet, solved, cut={first, f"{first}-tests"}), without(first)))
    people.append((b"", none))
    people.append((b"%PDF-1.7 an essay", none))
    people.append((zipped({"../../90.ipynb": b"{}"}), none))

    files = {}
    for number, (data, marks) in enumerate(people):
        inner = f"{sheet.name}.ipynb"
        if number == len(people) - 1:
            name = f"Student {number:02}_{1000 + number}_assignsubmission_file_work.zip"
        elif number % 3 == 0:
            name = f"Student {number:02}_{1000 + number}_assignsubmission_file_/{inner}"
        elif number % 3 == 1:
            name = f"student{number:02}_{2000 + number}_{90000 + number}_{inner}"
        else:
            name, data = f"student-{number:02}.zip", zipped({f"my work/{inner}": data})
        files[name] = (data, marks)
    return files


def zipped(files):
    """Pack files into a zip."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


def copy_of_course(place):
    """Copy what grading reads, so that what changes in the repository meanwhile does not disturb."""
    for name in ("aelib", "exercises"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__", "pages"))
    (place / "data").symlink_to(ROOT / "data")
    return place


def state_of(*folders):
    """Give path, size and time of change of every file below some folders."""
    found = {}
    for folder in folders:
        for place, _, names in os.walk(folder):
            for name in names:
                status = os.lstat(os.path.join(place, name))
                found[os.path.join(place, name)] = status.st_size, status.st_mtime_ns
    return found


def measure(files, place, root, workers):
    """Grade the class once; gives minutes, and what differs from the marks known beforehand."""
    folder = grade.Folder(place / f"grading-{workers}")
    start = time.monotonic()
    rows = grade.grade(place / "downloads", folder, root=root, workers=workers)
    minutes = (time.monotonic() - start) / 60
    got = {re.sub(r"\D", "", row.name)[:2]: row for row in rows}
    differences = []
    for number, (_, marks) in enumerate(files.values()):
        row = got.get(f"{number:02}")
        scores = {part.grade_id: part.score for part in row.parts if part.grade_id in marks} if row else None
        if scores != marks:
            differences.append(f"{number}: {scores} in place of {marks} ({row and row.notes})")
    return minutes, differences, rows, folder


def grade_class(sheet_name):
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="mock-class-") as temporary:
        place = Path(temporary)
        root = copy_of_course(place / "course")
        (sheet,) = grade.load_sheets(root, sheet_name)
        files = mock_class(sheet, answers_of(root, sheet.name), root)
        for name, (data, _) in files.items():
            path = place / "downloads" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        homes = [Path.home() / name for name in (".cache", ".config", ".ipython", ".jupyter", ".keras", ".local/share")]
        before = state_of(root, place / "downloads", ROOT / "data", *homes)
        names = set(os.listdir(tempfile.gettempdir()))
        minutes = {}
        for workers in (1, 2):
            minutes[workers], differences, rows, folder = measure(files, place, root, workers)
            verdict = "as known beforehand" if not differences else "NOT as known beforehand:"
            print(f"\n{workers} at a time: {len(rows)} submissions, {minutes[workers]:.2f} minutes, marks {verdict}")
            print("".join(f"  {difference}\n" for difference in differences), flush=True)
        print(f"Speed-up: {minutes[1] / minutes[2]:.2f}")
        plain = [row.seconds for row in rows if not row.notes]
        print(f"One that needs nothing special: {sum(plain) / len(plain):.1f} s on average")
        shutil.rmtree(folder.path / "feedback")
        start = time.monotonic()
        grade.main(["--grading", str(folder.path)], root)
        print(f"All {len(rows)} feedback pages rebuilt in {time.monotonic() - start:.1f} s")
        after = state_of(root, place / "downloads", ROOT / "data", *homes)
        changed = sorted(path for path in before | after if before.get(path) != after.get(path))
        left = sorted(name for name in set(os.listdir(tempfile.gettempdir())) - names if name.startswith("grading-"))
        print(f"Touched outside the grading folders: {', '.join(changed + left) or 'nothing'}")


def grade_solutions():
    """Grade every sheet with its own solutions, as if a student had handed them in."""
    with tempfile.TemporaryDirectory(prefix="solutions-") as temporary:
        root = copy_of_course(Path(temporary))
        isolation = find_isolation("", root, Path(temporary) / "cache")
        sys.path.insert(0, str(root))
        os.environ["MPLBACKEND"] = "agg"
        for sheet in grade.load_sheets(root):
            solved = {sheets.grade_id(c): c.source for c in sheet.source.cells if sheets.kind_of(c) == "solution"}
            solved |= {name: "An answer." for name in sheet.points if name.startswith("question")}
            student = marking.Student(isolation, root, Limits())
            marked = marking.mark(sheet, notebook(sheet, solved), student)
            got, most = (
                sum(s or 0 for s in marked.scores.values()),
                sum(points for name, points in sheet.points.items() if name.endswith("-tests")),
            )
            print(f"{sheet.name}: {got:g} of {most:g} marks, {marked.seconds:.0f} s {marked.notes or ''}", flush=True)
            for cell in marked.notebook.cells:
                for output in cell.get("outputs", []):
                    if output.output_type == "error":
                        print(f"  {sheets.grade_id(cell)}: {output.ename}: {output.evalue}\n  {output.traceback}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", nargs="?", default="02", help="number or name (default: 02)")
    parser.add_argument("--solutions", action="store_true", help="grade every sheet's own solutions instead")
    options = parser.parse_args()
    if options.solutions:
        grade_solutions()
    else:
        grade_class(options.sheet)
