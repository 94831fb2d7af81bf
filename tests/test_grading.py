"""Grading: what is collected, what a sandbox keeps in, and that one bad submission does nothing to the rest of a class.

All on a sheet of three small NumPy tasks that is written here.
"""

import csv
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest

import feedback
import grade
import gradebook
import handed_in
import marking
import pairs
import pool
import remote
import sandbox
import sheets
import submissions
from sandbox import Died, Kernel, Limits, SandboxError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="submissions are graded on Linux only")
TOOLS = Path(grade.__file__).parent
SHEET = '''# %% [markdown]
# # Exercise sheet 90: Tiny
#
# Three tasks and a question.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
from aelib.exercises import started

import numpy as np
import psutil

numbers = np.arange(6.0)

# %% [markdown]
# ## Task 1: A mean (2 marks)
#
# Define `mean_square(x)`.

# %% nbgrader={"grade": false, "grade_id": "task-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_square(x):
    """The mean of the squares."""
    ### BEGIN SOLUTION
    return np.mean(x**2)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-1-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(mean_square(numbers), "Task 1"):
    assert np.shape(mean_square(numbers)) == (), "mean_square returns an array; it needs one number."
    assert np.isclose(mean_square(numbers), 55 / 6), "Your number is not the mean; did you sum?"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
secret_numbers = np.linspace(-3, 2, 11)
assert np.isclose(mean_square(secret_numbers), (secret_numbers**2).mean()), "It is wrong for negative numbers."
### END HIDDEN TESTS

# %% [markdown]
# ## Task 2: A scale (2 marks)
#
# Define `scaled(x, factor=2)`, which refuses factors of 0 or less.

# %% nbgrader={"grade": false, "grade_id": "task-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def scaled(x, factor=2):
    """x times the factor; ValueError if that is not positive."""
    ### BEGIN SOLUTION
    if factor <= 0:
        raise ValueError("the factor must be positive")
    return x * factor
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-2-tests", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
if started(scaled(numbers), "Task 2"):
    assert np.allclose(scaled(numbers, factor=3), 3 * numbers), "It does not multiply by the factor."
    print("Task 2: the visible checks pass.")
### BEGIN HIDDEN TESTS
try:
    secret = scaled(numbers, -1)
except ValueError:
    secret = "refused"
assert isinstance(secret, str), "It takes a negative factor."
### END HIDDEN TESTS

# %% [markdown]
# ## Task 3: A choice (1 mark)
#
# Set `best` to the largest of `numbers`.

# %% nbgrader={"grade": false, "grade_id": "task-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
best = None
### BEGIN SOLUTION
best = numbers.max()
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "task-3-tests", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false}
if started(best, "Task 3"):
    print("Task 3: there is a number.")
### BEGIN HIDDEN TESTS
assert best == 5, "That is not the largest."
### END HIDDEN TESTS

# %% [markdown]
# ## Question 1: Why? (3 marks)
#
# Why squares?

# %% [markdown] nbgrader={"grade": true, "grade_id": "question-1", "locked": false, "points": 3, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# **Model answer.** The secret model answer. **Rubric.** 3 marks for it.
# ### END SOLUTION
'''  # noqa: E501

RIGHT = {
    "task-1": "def mean_square(x):\n    return np.mean(x**2)",
    "task-2": "def scaled(x, factor=2):\n    if factor <= 0:\n        raise ValueError('no')\n    return x * factor",
    "task-3": "best = 5.0",
    "question-1": "Because they are never negative.",
}
LIMITS = Limits(cell=20, total=180, memory=700 << 20, processes=40, flood=2_000_000)


def make_project(folder: Path) -> Path:
    """Make a repository in small, with one sheet."""
    place = folder / "exercises" / "source" / "90_tiny"
    place.mkdir(parents=True)
    (place / "90_tiny.py").write_text(SHEET, encoding="utf-8")
    shutil.copy(TOOLS.parent / "exercises" / "nbgrader_config.py", folder / "exercises")
    (folder / "aelib").mkdir()
    for name in ("__init__.py", "exercises.py"):
        shutil.copy(TOOLS.parent / "aelib" / name, folder / "aelib")
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def sheet(project):
    return grade.load_sheets(project)[0]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def isolation(project, cache):
    """This machine's isolation. Where there is none, what needs it is skipped, and says so."""
    try:
        return sandbox.find_isolation("", project, cache)
    except SandboxError as error:
        pytest.skip(f"no submission can be isolated here: {str(error).splitlines()[0]}")


def submission(sheet, edits=None, **changes) -> bytes:
    """Make a student's notebook of the released sheet, with the cells given in place of the stubs."""
    notebook = nbformat.from_dict(json.loads(json.dumps(sheet.released)))
    for cell in notebook.cells:
        name = sheets.grade_id(cell)
        if name in (edits or {}):
            cell.source = edits[name]
    for change in changes.values():
        change(notebook)
    return nbformat.writes(notebook).encode()


def marks_of(rows, student) -> dict:
    row = next(row for row in rows if row.student == student)
    return {part.title: part.score for part in row.parts} | {"notes": "; ".join(row.notes)}


# --- reading and rebuilding ----------------------------------------------------------------------------------------


def rebuilt(sheet, data):
    return handed_in.rebuild(handed_in.read(data), sheet.source, sheet.released)


def kinds(result):
    return [cell.metadata.aelib for cell in result.notebook.cells]


def test_an_untouched_notebook_is_the_sheet(sheet):
    result = rebuilt(sheet, submission(sheet))
    assert result.notes == [] and result.answers == {}
    assert [c.source for c in result.notebook.cells] == [
        source.source if sheets.kind_of(source) == "tests" else stub.source
        for source, stub in zip(sheet.source.cells, sheet.released.cells, strict=True)
    ]


def test_cells_of_their_own_stay_where_they_are(sheet):
    def add(notebook):
        notebook.cells.insert(4, nbformat.v4.new_code_cell("helper = 1"))

    result = rebuilt(sheet, submission(sheet, RIGHT, add=add))
    place = next(n for n, cell in enumerate(result.notebook.cells) if cell.source == "helper = 1")
    assert sheets.grade_id(result.notebook.cells[place + 1]) == "task-1-tests"
    assert result.notes == ["1 code cell of their own"]


def test_edited_tests_are_restored_and_missing_ones_put_back(sheet):
    def vandalise(notebook):
        notebook.cells = [cell for cell in notebook.cells if sheets.grade_id(cell) != "task-2-tests"]

    result = rebuilt(sheet, submission(sheet, {**RIGHT, "task-1-tests": "pass"}, vandalise=vandalise))
    sources = {sheets.grade_id(cell): cell.source for cell in result.notebook.cells}
    assert "secret_numbers" in sources["task-1-tests"] and "secret" in sources["task-2-tests"]
    assert result.notes == [
        "edited cells were restored: task-1-tests",
        "missing cells were put back: task-2-tests",
    ]


def test_the_last_of_several_copies_counts(sheet):
    def repeat(notebook):
        place = next(n for n, cell in enumerate(notebook.cells) if sheets.grade_id(cell) == "task-3")
        first = nbformat.from_dict(json.loads(json.dumps(notebook.cells[place])))
        first.source, first.id = "best = 1", "another"
        notebook.cells.insert(place, first)

    result = rebuilt(sheet, submission(sheet, RIGHT, repeat=repeat))
    code = [cell.source for cell in result.notebook.cells if cell.source.startswith("best")]
    assert code == ["best = 1", "best = 5.0"]
    assert "copies of a cell, the last counts: task-3" in result.notes


def test_a_notebook_without_metadata_is_recognised_by_its_text(sheet):
    def strip(notebook):
        for number, cell in enumerate(notebook.cells):
            cell.metadata, cell.id = {}, f"x{number}"

    result = rebuilt(sheet, submission(sheet, RIGHT, strip=strip))
    order = [c.source for c in result.notebook.cells if c.metadata.aelib in ("own", "set-up") and c.cell_type == "code"]
    assert [source.split("(")[0] for source in order][1:3] == ["def mean_square", "def scaled"]


def test_an_answer_below_the_question_counts_as_one(sheet):
    def add(notebook):
        notebook.cells.append(nbformat.v4.new_markdown_cell("My answer."))

    result = rebuilt(sheet, submission(sheet, {**RIGHT, "question-1": "Your answer here."}, add=add))
    assert result.answers == {"question-1": "My answer."}


def test_an_answer_that_was_split_is_whole(sheet):
    def split(notebook):  # as JupyterLab does: both halves keep the metadata
        place = next(n for n, cell in enumerate(notebook.cells) if sheets.grade_id(cell) == "question-1")
        second = nbformat.from_dict(json.loads(json.dumps(notebook.cells[place])))
        second.source, second.id = "And the second half.", "another"
        notebook.cells.insert(place + 1, second)

    result = rebuilt(sheet, submission(sheet, {**RIGHT, "question-1": "The first half."}, split=split))
    assert result.answers == {"question-1": "The first half.\n\nAnd the second half."}
    result = rebuilt(sheet, submission(sheet, split=split))
    assert result.answers == {"question-1": "And the second half."}, "the stub is no part of an answer"


def test_what_no_file_can_hold_is_replaced(sheet):
    notebook = json.loads(submission(sheet))
    attachments = {"a.png": {"image/png": "é"}}
    notebook["cells"].append(
        {"cell_type": "markdown", "source": "half of a pair: \ud800", "metadata": {}, "attachments": attachments}
    )
    cell = handed_in.read(json.dumps(notebook).encode())[-1]
    assert cell.source == "half of a pair: ?" and cell.attachments == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"<!DOCTYPE html>", "web page"),
        (b"\xff\xfe\x00\xd8", "something else"),
        (b"[1, 2]", "no list of cells"),
        (b'{"cells": 3}', "no list of cells"),
        (b'{"cells": [', "a damaged one"),
        (b"[" * 100_000, "not a notebook"),
        (b'{"cells": [' + b"{}," * 3000 + b"{}]}", "more than 2000 cells"),
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(data, message):
    with pytest.raises(handed_in.Unreadable, match=message):
        handed_in.read(data)


def test_odd_but_legal_notebooks_are_read():
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [], "metadata": {}}]}
    cell = {
        "cell_type": "code",
        "language": "python",
        "input": "x = 1",
        "outputs": [],
        "metadata": {},
        "collapsed": False,
    }
    old["worksheets"][0]["cells"].append(cell)
    assert [c.source for c in handed_in.read(json.dumps(old).encode())] == ["x = 1"]
    strange = {"cells": [{"cell_type": "code", "source": ["a\n", "b", 7]}, 5, {"source": None, "metadata": []}]}
    assert [c.source for c in handed_in.read(json.dumps(strange).encode("utf-16"))] == ["a\nb", ""]


@pytest.mark.parametrize(
    "text",
    ["<script>x</script>", "<img src=x onerror=x>", "[x](javascript:x)", "[x]: javascript:x\n[x]", "</div><b>", "<!--"],
)
def test_an_answer_cannot_run_in_the_markers_browser(text):
    html = feedback.mistune.html(handed_in.harmless(text))
    assert not re.search(r"<(script|img|b|/div|!--)|href=.javascript", html)


def test_harmless_text_keeps_its_meaning():
    assert handed_in.harmless("If $a < b$ then **c** > d, and 2 <3.") == "If $a < b$ then **c** > d, and 2 <3."
    assert handed_in.harmless("![mine](attachment:image.png)") == "![mine](attachment:image.png)"


# --- collecting ----------------------------------------------------------------------------------------------------


def collected(folder, sheet, only=""):
    return {found.student: found for found in submissions.collect(folder, [sheet], only)}


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for number, (name, data) in enumerate(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (1_700_000_000 + 10 * number,) * 2)
    return folder


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return target.getvalue()


@pytest.mark.parametrize(
    ("path", "student", "name"),
    [
        ("Ana Bell_1234567_assignsubmission_file_/90_tiny.ipynb", "Ana_Bell_1234567", "Ana Bell"),
        ("Ana Bell_1234567_assignsubmission_file_90_tiny.ipynb", "Ana_Bell_1234567", "Ana Bell"),
        ("Teilnehmer_77_assignsubmission_file_/x/y.ipynb", "Teilnehmer_77", "Teilnehmer"),
        ("bellana_4711_998877_90_tiny.ipynb", "bellana_4711", "bellana"),
        ("bellana_LATE_4711_998877_90_tiny-2.ipynb", "bellana_4711", "bellana"),
        ("gradebook_X_HW1_abell_attempt_2024-01-15-10-30-00_90_tiny.ipynb", "abell", "abell"),
        ("123-456 - Ana Bell - Oct 5, 2023 1134 PM/90_tiny.ipynb", "Ana_Bell", "Ana Bell"),
        ("ana_b/90_tiny/90_tiny.ipynb", "ana_b", "ana_b"),
        ("90_tiny/ana_b/90_tiny.ipynb", "ana_b", "ana_b"),
        ("90_tiny/ana_b.ipynb", "ana_b", "ana_b"),
        ("ana_b_90_tiny.ipynb", "ana_b", "ana_b"),
        ("90-Tiny ana_b (2).ipynb", "ana_b", "ana_b"),
        ("ana_b_90_tiny_v2_final.ipynb", "ana_b", "ana_b"),
        ("Exercise sheet 90 - José Ñandú.ipynb.txt", "José_Ñandú", "José Ñandú"),
        ("ana_b.zip!work/anything.ipynb", "ana_b", "ana_b"),
        ("Ana Bell_12_assignsubmission_file_/my work.zip!90_tiny.ipynb", "Ana_Bell_12", "Ana Bell"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_naming_schemes(tmp_path, sheet, path, student, name, packed):
    def entries(path, data):
        place, _, inside = path.partition("!")
        return {place: zipped({inside: data, "__MACOSX/._x.ipynb": b"junk", ".DS_Store": b""}) if inside else data}

    other = re.sub("ana_b|Ana Bell|bellana|abell|José Ñandú", "Zoe", re.sub(r"(\d)(?=_)", r"\g<1>1", path))
    other = other.replace("Teilnehmer", "Zoe").replace("901_tiny", "90_tiny").replace("90_tiny1", "90_tiny")
    files = entries(path, submission(sheet, RIGHT)) | entries(other, submission(sheet))
    source = put(tmp_path / "downloads", files | {"notes/.ipynb_checkpoints/x.ipynb": b"junk"})
    if packed:
        source = tmp_path / "downloads.zip"
        source.write_bytes(zipped(files))
    found = collected(source, sheet)
    assert found[student].name == name
    assert found[student].data == submission(sheet, RIGHT)
    assert len(found) == 2


def test_wrapping_folders_are_left_out(tmp_path, sheet):
    put(tmp_path, {"Course - Sheet 90/ana.ipynb": submission(sheet), "Course - Sheet 90/ben.ipynb": submission(sheet)})
    assert set(collected(tmp_path, sheet)) == {"ana", "ben"}


def test_one_students_folder_is_not_a_wrapper(tmp_path, sheet):
    assert set(collected(put(tmp_path, {"ana/90_tiny.ipynb": submission(sheet)}), sheet)) == {"ana"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("bellana_4711_100_90_tiny.ipynb", "bellana_LATE_4711_200_90_tiny-1.ipynb"),
        ("ana_90_tiny.ipynb", "ana_90_tiny (1).ipynb"),
        ("ana_v1.ipynb", "ana_v2.ipynb"),
        ("ana.ipynb", "Ana.zip!inside/90_tiny.ipynb"),
        ("g_x_abell_attempt_2024-01-15-10-30-00_a.ipynb", "g_x_abell_attempt_2024-02-01-09-00-00_a.ipynb"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_latest_version_counts(tmp_path, sheet, first, second, turned):
    old, new = submission(sheet), submission(sheet, RIGHT)
    files = {first: old, second: new}
    if "!" in second:
        if turned:
            pytest.skip("without numbers in the names, the order in time counts")
        files = {first: old, second.partition("!")[0]: zipped({second.partition("!")[2]: new})}
    elif turned:
        files = dict(reversed(files.items()))  # what the platform says goes before the files' times
    (found,) = collected(put(tmp_path, files), sheet).values()
    assert found.data == new
    assert any(note.startswith("2 versions were handed in; the latest counts") for note in found.notes)
    assert ("handed in late" in found.notes) == ("LATE" in second)


def test_copies_of_the_same_are_no_versions(tmp_path, sheet):
    files = {"ana.ipynb": submission(sheet), "ana (1).ipynb": submission(sheet)}
    assert collected(put(tmp_path, files), sheet)["ana"].notes == []


def test_an_earlier_version_counts_if_the_latest_cannot_be_read(tmp_path, sheet):
    files = {"ana_v1.ipynb": submission(sheet, RIGHT), "ana_v2.ipynb": b"{broken"}
    found = collected(put(tmp_path, files), sheet)["ana"]
    assert found.data == submission(sheet, RIGHT)
    assert "a later file cannot be read" in found.notes[0]


def link() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo("90_tiny.ipynb")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return target.getvalue()


def locked() -> bytes:
    data = bytearray(zipped({"90_tiny.ipynb": b"{}"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped({"../../ana.ipynb": b"{}"}), "leads out of it"),
        (zipped({"/etc/cron.d/x": b"{}"}), "leads out of it"),
        (zipped({"..\\x.ipynb": b"{}"}), "leads out of it"),
        (zipped({"C:\\x.ipynb": b"{}"}), "leads out of it"),
        (zipped({"90_tiny.ipynb": b"0" * (8 << 20)}), "grows more than 200 times"),
        (link(), "a link"),
        (locked(), "password"),
        (b"PK\x03\x04 and no more", "not a zip, or a damaged one"),
        (zipped({}), "is empty"),
        (zipped({"essay.docx": b"PK words"}), "not a notebook"),
        (zipped({f"{n}.txt": b"" for n in range(20_001)}), "more than 20,000 files"),
        (zipped({".": b"{}", "__MACOSX/x": b""}), "is empty"),
    ],
    ids=range(12),
)
def test_zips_that_are_refused_cost_their_student_only(tmp_path, sheet, data, message):
    found = collected(put(tmp_path / "in" / "box", {"ana.zip": data, "ben.ipynb": submission(sheet)}), sheet)
    assert found["ana"].data is None and message in found["ana"].problem
    assert found["ana"].sheet == "90_tiny"
    assert found["ben"].data is not None
    assert {path.name for path in tmp_path.rglob("*")} == {"in", "box", "ana.zip", "ben.ipynb"}, (
        "something was unpacked"
    )


def test_a_zip_that_lies_about_its_size_is_not_read_to_the_end(tmp_path, sheet):
    data = bytearray(zipped({"90_tiny.ipynb": os.urandom(1000) + b"0" * (30 << 20)}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.rindex(signature) if signature == b"PK\x01\x02" else data.index(signature)
        data[place + offset : place + offset + 4] = (1000).to_bytes(4, "little")
    found = collected(put(tmp_path, {"ana.zip": bytes(data), "ben.ipynb": submission(sheet)}), sheet)
    assert found["ana"].data is None and found["ana"].problem


def test_links_and_pipes_are_not_followed(tmp_path, sheet):
    put(tmp_path, {"ben.ipynb": submission(sheet, RIGHT)})
    (tmp_path / "ana.ipynb").symlink_to(tmp_path / "ben.ipynb")
    os.mkfifo(tmp_path / "cid.ipynb")
    found = collected(tmp_path, sheet)
    assert "not followed" in found["ana"].problem and "not followed" in found["cid"].problem
    assert found["ben"].data is not None


def test_names_that_are_not_utf8_are_graded_all_the_same(tmp_path, sheet):
    with open(os.fsencode(tmp_path) + b"/Jos\xe9.ipynb", "wb") as file:
        file.write(submission(sheet))
    with open(os.fsencode(tmp_path) + b"/Ren\xe9.ipynb", "wb") as file:
        file.write(b"no notebook")
    found = submissions.collect(tmp_path, [sheet])
    assert len(found) == 2
    for one in found:
        "".join([one.student, one.name, one.problem, *one.notes]).encode()


def test_what_a_library_makes_of_a_file_costs_its_student_only(tmp_path, sheet, monkeypatch):
    read = handed_in.read

    def fails(data):
        if data == b"{}":
            raise RecursionError
        return read(data)

    monkeypatch.setattr(handed_in, "read", fails)
    found = collected(put(tmp_path, {"ana.ipynb": b"{}", "ben.ipynb": submission(sheet)}), sheet)
    assert found["ana"].problem == "ana.ipynb cannot be read (RecursionError)" and found["ben"].data is not None


def test_folders_that_cannot_be_read_are_told(tmp_path, sheet, monkeypatch):
    put(tmp_path, {"ana/90_tiny.ipynb": submission(sheet), "ben/90_tiny.ipynb": submission(sheet)})
    scan = os.scandir

    def denied(path):
        if str(path).endswith("ana"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)  # root, who may read all, runs the tests, too
    found = collected(tmp_path, sheet)
    assert "cannot be read (Permission denied)" in found["ana"].problem and found["ben"].data is not None


def test_a_class_zip_that_is_refused_says_why(tmp_path, sheet):
    put(tmp_path, {"class.zip": zipped({"ana.ipynb": submission(sheet), "ben/zeros.npy": bytes(8 << 20)})})
    with pytest.raises(submissions.SubmissionsError, match=r"grows more than 200 times.*Unpack it"):
        submissions.collect(tmp_path / "class.zip", [sheet])


def test_a_file_that_says_nothing_of_its_student_is_graded_all_the_same(tmp_path, sheet):
    files = {"90_tiny.ipynb": submission(sheet), "ben.ipynb": submission(sheet)}
    found = collected(put(tmp_path, files), sheet)["90_tiny"]
    assert found.data is not None and "whose it is cannot be told" in found.notes[0]


def test_folders_that_cannot_be_graded(tmp_path, sheet):
    with pytest.raises(submissions.SubmissionsError, match="There is no folder .*SUBMISSIONS="):
        submissions.collect(tmp_path / "nowhere", [sheet])
    with pytest.raises(submissions.SubmissionsError, match="No notebook in .*found nothing"):
        submissions.collect(tmp_path, [sheet])
    put(tmp_path, {"x.txt": b"no zip"})
    with pytest.raises(submissions.SubmissionsError, match="neither a folder nor a zip"):
        submissions.collect(tmp_path / "x.txt", [sheet])


def test_sheets_are_told_apart_by_their_cells(tmp_path, sheet):
    text = SHEET.replace("90: Tiny", "91: Other").replace("numbers", "digits").replace("scaled", "stretched")
    source = pairs.jupytext.reads(text, fmt="py:percent")
    config = sheets.course_config(TOOLS.parent)
    other = marking.Sheet("91_other", source, sheets.released(source, config))
    files = {"a/ana.ipynb": submission(sheet), "a/90_tiny_ben.ipynb": submission(other), "a/cid.ipynb": b"{broken"}
    files |= {"a/dan.ipynb": submission(sheet)}
    found = submissions.collect(put(tmp_path, files), [sheet, other])
    assert {one.student: one.sheet for one in found if one.data} == {
        "ana": "90_tiny",
        "ben": "91_other",
        "dan": "90_tiny",
    }
    assert [one.sheet for one in found if not one.data] == ["90_tiny"], "what cannot be read is of the usual sheet"


# --- by value ------------------------------------------------------------------------------------------------------


def through(value):
    node, data = remote.pack(value)
    header, data = remote.take_frame(bytearray(remote.frame({"value": node}, data)))
    return remote.unpack(header["value"], data)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(10**30),
        0.1,
        float("inf"),
        1 + 2j,
        "ä\x00",
        np.float32(0.1),
        np.bool_(True),
        np.int64(-3),
        np.str_("x"),
        (1, [2.5, "x"], {"a": (None,), 3: {}}),
        np.zeros((0, 3)),
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.arange(24.0).reshape(2, 3, 4)[:, ::2].T,
        np.array([True, False]),
        np.array(["a", "bcd"]),
        np.array(3.0 - 1j, dtype=np.complex64),
        np.array([np.nan, -0.0]),
        (np.ones(2), {"w": np.zeros((1, 2), dtype=np.int16)}),
    ],
    ids=str,
)
def test_values_arrive_as_they_were(value):
    def same(a, b):
        assert type(a) is type(b)
        if isinstance(a, tuple | list):
            assert len(a) == len(b)
            for x, y in zip(a, b, strict=True):
                same(x, y)
        elif isinstance(a, dict):
            assert list(a) == list(b)
            for key in a:
                same(a[key], b[key])
        else:
            np.testing.assert_array_equal(a, b)
            if isinstance(a, np.ndarray):
                assert a.dtype == b.dtype and a.shape == b.shape and b.flags.writeable

    same(value, through(value))


class Sneaky:
    def __reduce__(self):
        return os.system, ("touch /tmp/sneaked",)


def endless():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "a set"),
        (object(), "an? object"),
        (Sneaky(), "Sneaky"),
        (lambda x: x, "function"),
        ((i for i in ()), "generator"),
        (np.array([object()]), "dtype object"),
        (np.array([(1, 2.0)], dtype="i4,f8"), "dtype"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "dtype"),
        ({(1, 2): 3}, "keys"),
        (endless(), "nested"),
    ],
    ids=range(10),
)
def test_other_kinds_are_refused(value, message):
    with pytest.raises(remote.Refused, match=message):
        remote.pack(value)
    with pytest.raises(remote.Refused):
        remote.pack([value])


def test_large_values_are_refused(monkeypatch):
    monkeypatch.setattr(remote, "VALUE_LIMIT", 1000)
    with pytest.raises(remote.Refused, match="larger than"):
        remote.pack(np.zeros(1001, dtype=np.uint8))
    with pytest.raises(ValueError, match="at most"):
        remote.take_frame(bytearray(remote.frame({}, b"0" * 1001)), limit=1000)


@pytest.mark.parametrize(
    ("node", "data"),
    [
        ({"kind": "array", "dtype": "|O", "shape": [1]}, b"12345678"),
        ({"kind": "array", "dtype": "<f8", "shape": [10**9, 10**9]}, b""),
        ({"kind": "array", "dtype": "<f8", "shape": [-1]}, b"12345678"),
        ({"kind": "array", "dtype": "<f8", "shape": [2]}, b"12345678"),
        ({"kind": "array", "dtype": "<f8", "shape": "x"}, b""),
        ({"kind": "array", "dtype": 5, "shape": []}, b""),
        # One array may not be used twice: a small message would become a large value.
        ({"kind": "list", "items": [{"kind": "array", "dtype": "<f8", "shape": [1]}] * 2}, b"12345678"),
        ({"kind": "scalar", "dtype": "<f8", "shape": [1]}, b"12345678"),
        ({"kind": "pickle", "data": "x"}, b""),
        ({"kind": "dict", "items": [[[], 1]]}, b""),
        ({"kind": "complex", "parts": [1]}, b""),
        ({}, b""),
        ([], b""),
    ],
    ids=range(13),
)
def test_nothing_that_arrives_is_believed(node, data):
    with pytest.raises(ValueError):
        remote.unpack(node, data)


def test_frames_that_are_not_complete_wait_and_others_are_refused():
    whole = remote.frame({"a": 1}, b"xyz")
    buffer = bytearray(whole[:-1])
    assert remote.take_frame(buffer) is None
    buffer += whole[-1:] + whole
    assert remote.take_frame(buffer) == ({"a": 1}, b"xyz")
    assert bytes(buffer) == whole
    deep = b"[" * 50_000
    with pytest.raises(ValueError):
        remote.take_frame(bytearray(remote._LENGTHS.pack(len(deep), 0) + deep))
    with pytest.raises(ValueError, match="object"):
        remote.take_frame(bytearray(remote._LENGTHS.pack(2, 0) + b"[]"))


def raised(error):
    with pytest.raises(Exception) as caught:
        try:
            raise error
        except BaseException as same:
            remote.receive(remote._described(same), b"", "f", None, "f")
    return caught.value


def test_exceptions_arrive_as_their_built_in_class():
    assert type(raised(ValueError("x"))) is ValueError and str(raised(ValueError("x"))) == "x"
    assert type(raised(np.linalg.LinAlgError("singular"))) is ValueError
    assert type(raised(SystemExit(0))) is RuntimeError
    assert type(raised(KeyboardInterrupt())) is TimeoutError
    assert isinstance(raised(UnicodeDecodeError("utf-8", b"x", 0, 1, "bad")), ValueError | RuntimeError)


# --- by value: Keras models ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras():
    import keras

    import aelib.models  # noqa: F401

    return keras


def test_models_arrive_with_their_weights(keras):
    from aelib.models import dense_autoencoder

    x = np.random.default_rng(0).random((3, 12)).astype("float32")
    plain = keras.Sequential([keras.Input((12,)), keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.1)])
    entry = keras.Input((12,))
    hidden = keras.layers.Dense(4, activation="tanh", kernel_regularizer="l2")(entry)
    joined = keras.Model(entry, keras.layers.Concatenate()([hidden, entry]))
    joined.compile("adam", "mse")
    for model in (plain, joined, dense_autoencoder(2, hidden=(5,), input_dim=12)):
        arrived = through({"best": model})["best"]
        assert type(arrived) is type(model)
        np.testing.assert_array_equal(np.asarray(arrived(x)), np.asarray(model(x)))
    images = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3), keras.layers.BatchNormalization()])
    assert through(images).output_shape == images.output_shape
    assert isinstance(through(keras.ops.ones((2, 2))), np.ndarray)


def test_models_that_bring_code_are_refused(keras):
    inside = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x, output_shape=(3,))])

    @keras.saving.register_keras_serializable(package="theirs")
    class Own(keras.layers.Layer):
        def call(self, x):
            return x

    for model in (inside, keras.Sequential([keras.Input((3,)), Own()])):
        with pytest.raises(remote.Refused, match="Lambda|Own"):
            remote.pack(model)


@pytest.mark.parametrize(
    "part",
    [
        {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
        {"module": "builtins", "class_name": "function", "config": {"x": 1}, "registered_name": "function"},
        {"module": "builtins", "class_name": "__lambda__", "config": {"value": "x"}, "registered_name": None},
        {"module": "keras.layers", "class_name": "Lambda", "config": {}, "registered_name": None},
        {"module": "keras.layers", "class_name": "Dense", "config": {}, "registered_name": "aelib>Sampling"},
        {"module": "keras.layers", "class_name": ["Dense"], "config": {}},
        {"class_name": "Dense", "config": {}},
        {"module": "aelib.models", "class_name": "os", "config": {}, "registered_name": None},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": "x"}},
        {"module": "keras.layers", "class_name": "Dense", "config": {"units": 10**12}},
    ],
    ids=range(10),
)
def test_descriptions_that_name_other_classes_are_refused(keras, part):
    node = json.loads(json.dumps(remote.pack(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]))[0]))
    node["config"]["config"]["layers"][1] = part
    with pytest.raises(remote.Refused):
        remote.unpack(node, b"0" * 4 * 8)


# --- the sandbox ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kernel(isolation, project):
    with Kernel(isolation, project, LIMITS) as kernel:
        yield kernel


def said(kernel, code, seconds=30) -> str:
    outputs, problem = kernel.run(code, seconds)
    assert not problem
    return "".join(o.get("text", "") or o.get("evalue", "") for o in outputs)


def test_a_sandbox_has_no_network(kernel):
    code = "import socket\ns = socket.socket()\ns.settimeout(5)\ns.connect(('127.0.0.1', 22))"
    assert "refused" in said(kernel, code)
    assert "unreachable" in said(kernel, code.replace("127.0.0.1", "1.1.1.1"))
    assert said(kernel, "print(*[name for _, name in socket.if_nameindex()])").strip() == "lo"


def test_a_sandbox_sees_neither_sheets_nor_submissions_nor_homes(kernel, project, cache):
    looked = f"import os, pathlib\nprint(sorted(os.listdir({str(project)!r})), os.path.exists({str(cache)!r}))"
    assert said(kernel, looked).strip() == "['aelib'] False"
    here = Path.home()
    hidden = [
        str(TOOLS),
        str(TOOLS.parent / "exercises"),
        str(here / ".ssh"),
        "/etc/passwd",
        "/etc/shadow",
        "/var",
        "/mnt",
    ]
    assert said(kernel, f"print([p for p in {hidden} if os.path.exists(p)])").strip() == "[]"
    home = said(kernel, "print(os.getcwd(), os.environ['HOME'], os.listdir('.'))").strip()
    assert home == "/home/student/work /home/student []"
    assert "AELIB" not in said(kernel, "print(*os.environ)")


def test_a_sandbox_sees_no_other_process(kernel):
    code = "print([p for p in os.listdir('/proc') if p.isdigit() and int(p) > 200], os.getuid() != 0)"
    assert said(kernel, "import os\n" + code).strip() == "[] True"


def test_a_sandbox_writes_nowhere_but_at_home(kernel, project):
    paths = ["/x", "/dev/x", "/usr/x", "/opt/grader/x", f"{project}/x", f"{project}/aelib/x", f"{sys.prefix}/x"]
    code = (
        "failed = []\nfor path in PATHS:\n    try:\n        open(path, 'w')\n"
        "    except OSError:\n        failed.append(path)\nprint(failed == PATHS)"
    )
    assert said(kernel, code.replace("PATHS", str(paths))).strip() == "True"
    assert said(kernel, "open('x', 'w').write('y'); open('/tmp/x', 'w').write('y'); print('ok')").strip() == "ok"
    full = "try:\n    with open('big', 'wb') as f:\n        while True:\n            f.write(bytes(1 << 24))\n"
    full += "except OSError as e:\n    print(e.errno)\nos.remove('big')"
    assert said(kernel, full).strip() in ("27", "28")  # too large a file, no space left


def test_no_privilege_is_left_to_a_sandbox(kernel):
    assert said(kernel, "print(open('/proc/self/status').read())").count("NoNewPrivs:\t1") == 1
    assert "0000000000000000" in said(kernel, "!grep CapEff /proc/self/status")
    mounted = said(kernel, "!mount -t tmpfs none /tmp 2>/dev/null && echo mounted || echo refused")
    assert mounted.strip() == "refused"


def test_output_is_kept_up_to_a_limit(kernel):
    outputs, _ = kernel.run("print('x' * 1_000_000)", 30)
    assert len(outputs[0]["text"]) < LIMITS.text + 100 and "left out" in outputs[0]["text"]
    assert "printed more than 2 million" in said(kernel, "while True:\n    print('x' * 100_000)")
    assert said(kernel, "print('still here')") == "still here\n"


def test_only_text_and_bitmaps_are_kept(kernel):
    code = (
        "from IPython.display import HTML, SVG, Javascript, display\n"
        "display(HTML('<script>x</script>'), Javascript('x'))\n"
        "display({'image/png': '\" onerror=\"x', 'text/plain': 'figure'}, raw=True)"
    )
    outputs, _ = kernel.run(code, 30)
    assert all(set(output["data"]) == {"text/plain"} for output in outputs)


def test_a_loop_is_interrupted_and_the_rest_goes_on(kernel):
    start = time.monotonic()
    _, problem = kernel.run("kept = 1\nwhile True:\n    pass", 1)
    assert problem == "stopped after 1 s" and time.monotonic() - start < 8
    assert said(kernel, "print(kept)") == "1\n"


def test_memory_is_limited(kernel):
    assert kernel.run("x = bytearray(2 << 30)", 30)[0][-1]["ename"] == "MemoryError"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import mmap\nm = mmap.mmap(-1, 1 << 31)\nfor i in range(0, 1 << 31, 4096):\n    m[i] = 1", "GB of memory"),
        (
            "import subprocess\np = [subprocess.Popen(['sleep', '30']) for _ in range(60)]\np[0].wait()",
            "more than 40 processes",
        ),
        ("import os\nos._exit(0)", "ended its own process"),
        ("exit()", "ended its own process"),
        (
            "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(9)",
            "ended its own process",
        ),
        (
            "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            "try:\n    time.sleep(60)\nfinally:\n    time.sleep(60)",
            "could not be interrupted",
        ),
    ],
    ids=["memory", "processes", "_exit", "exit", "kills the relay", "deaf"],
)
def test_a_sandbox_that_goes_too_far_is_ended_and_says_why(isolation, project, code, reason):
    with Kernel(isolation, project, LIMITS) as kernel:
        with pytest.raises(Died, match=reason):
            kernel.run(code, 3 if "SIG_IGN" in code else 20)
        tree = sandbox._tree(kernel._process.pid)
    assert not psutil.wait_procs(tree, timeout=15)[1]


def test_calls_go_to_the_kernel_and_come_back(kernel):
    code = (
        "import numpy as np\nbase = 10\ndef add(x, *, y=1):\n    return {'sum': x + y + base, 'pair': (x, None)}\n"
        "def fail():\n    raise KeyError('here')\ndef leave():\n    raise SystemExit\ndef sleep():\n"
        "    import time\n    time.sleep(60)\nclass C: pass\nthing = C()\nvalues = np.arange(3)"
    )
    said(kernel, code)
    with kernel.serving(20) as ask:
        add = remote.fetch(ask, "add")
        assert add(np.ones(2), y=2)["sum"].tolist() == [13, 13]
        assert add(1)["pair"] == (1, None)
        assert remote.fetch(ask, "values").tolist() == [0, 1, 2]
        with pytest.raises(NameError, match="nothing"):
            remote.fetch(ask, "nothing")
        with pytest.raises(TypeError, match="thing cannot be marked: it is a C"):
            remote.fetch(ask, "thing")
        with pytest.raises(KeyError, match="here") as caught:
            remote.fetch(ask, "fail")()
        assert caught.value.student_path == ["fail: raise KeyError('here')"]
        with pytest.raises(RuntimeError, match="SystemExit"):
            remote.fetch(ask, "leave")()
        with pytest.raises(TypeError, match="an argument of add cannot be handed over: it is a function"):
            add(lambda: 1)
    with kernel.serving(2) as ask, pytest.raises(TimeoutError, match="took too long"):
        remote.fetch(ask, "sleep")()
    assert said(kernel, "print(base)") == "10\n"


def test_a_user_namespace_isolates_as_well(isolation, project, monkeypatch):
    """The way of a teacher who is not root, tried by root, too."""
    monkeypatch.setattr(sandbox.os, "geteuid", lambda: 1000)
    with Kernel(isolation, project, LIMITS) as kernel:
        assert said(kernel, "import os; print(os.getuid(), os.listdir('/home/student'))").startswith("1000 ")
        assert "refused" in said(kernel, "import socket; socket.create_connection(('127.0.0.1', 22), 5)")
        assert "0000000000000000" in said(kernel, "!grep CapEff /proc/self/status")
        assert "user" in said(kernel, "!unshare --user true 2>&1 || echo no user namespaces")


def test_without_bubblewrap_grading_is_refused_and_says_what_to_do(project, cache, monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(SandboxError) as caught:
        sandbox.find_isolation("", project, cache)
    for part in ("apt-get install bubblewrap", "ISOLATION=none", "can read whatever you can read", "use the network"):
        assert part in str(caught.value)
    with pytest.raises(SandboxError, match="ISOLATION=docker is not known; expected bwrap, none"):
        sandbox.find_isolation("docker", project, cache)


def test_where_namespaces_are_not_permitted_grading_is_refused_and_says_so(project, cache, monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(SandboxError) as caught:
        sandbox.find_isolation("", project, cache)
    for part in ("setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns", "ISOLATION=none"):
        assert part in str(caught.value)


def test_without_isolation_limits_remain(project, cache):
    isolation = sandbox.find_isolation("none", project, cache)
    assert "can read whatever you can read" in str(isolation)
    with Kernel(isolation, project, LIMITS) as kernel:
        assert kernel.run("while True:\n    pass", 1)[1] == "stopped after 1 s"
        assert kernel.run("x = bytearray(2 << 30)", 30)[0][-1]["ename"] == "MemoryError"
        folder = said(kernel, "import os\nos.getcwd()\nprint(os.environ['HOME'])").strip()
        assert os.path.isdir(folder)
    assert not os.path.exists(folder)


# --- marking one ---------------------------------------------------------------------------------------------------


def test_names_of_a_cell():
    source = "import os\ndef f(a):\n    inner = 1\n    return a\nx, (y, z) = 1, (2, 3)\n"
    source += "for i in range(3):\n    w = [q for q in x]\n"
    assert marking.bound_names(source) == {"f", "x", "y", "z", "i", "w"}
    assert marking.mentioned_names("f(x)\ndef g():\n    return h(1)", only_in_functions=True) == {"h"}
    assert marking.bound_names("%matplotlib inline") == set()


def test_a_locked_cell_that_fails_is_the_sheets_fault(sheet, isolation, project):
    broken = nbformat.from_dict(json.loads(json.dumps(sheet.source)))
    next(cell for cell in broken.cells if sheets.grade_id(cell) == "setup").source = "1 / 0"
    student = marking.Student(isolation, project, LIMITS)
    with pytest.raises(marking.SheetFault, match="locked cell setup fails: ZeroDivisionError"):
        marking.mark(replace(sheet, source=broken), submission(sheet, RIGHT), student)


# --- a class -------------------------------------------------------------------------------------------------------

ALL = {"Task 1": 2, "Task 2": 2, "Task 3": 1}
ONLY = {"Task 1": 0, "Task 2": 2, "Task 3": 1}  # the bad task costs its own marks
NONE = {"Task 1": 0, "Task 2": 0, "Task 3": 0}


def bad_task(code: str) -> dict:
    return RIGHT | {"task-1": code}


PATCHED = """import builtins
for module, name in ((np, "isclose"), (np, "allclose"), (np, "shape"), (np.testing, "assert_allclose")):
    setattr(module, name, lambda *arguments, **keywords: True)
"""
DELETED = """import os, shutil
for place in ("/home/student", "/tmp", "/dev/shm", "/opt", "/usr/bin", os.getcwd(), "PROJECT"):
    shutil.rmtree(place, ignore_errors=True)
"""


def mock_class(sheet, project) -> dict[str, tuple[bytes, dict, str]]:
    """Give each student's file, marks, and a part of what the table says, all known beforehand."""

    def file(edits, **changes):
        return submission(sheet, edits, **changes)

    def without_tests(notebook):
        notebook.cells = [cell for cell in notebook.cells if not sheets.grade_id(cell).endswith("-tests")]

    def without_task(notebook):
        notebook.cells = [cell for cell in notebook.cells if not sheets.grade_id(cell).startswith("task-1")]

    broken_tests = {f"task-{n}-tests": "print('all pass')" for n in (1, 2, 3)}
    mean = RIGHT["task-1"]
    return {
        "right": (file(RIGHT), ALL, ""),
        "unusual": (file(bad_task("mean_square = lambda x: float((x * x).sum()) / len(x)")), ALL, ""),
        "wrong": (file(bad_task("def mean_square(x):\n    return np.sum(x**2)")), ONLY, ""),
        "fits_visible": (file(bad_task("def mean_square(x):\n    return 55 / 6")), ONLY, ""),
        "untouched": (file({}), NONE, "no task was begun"),
        "loops": (file(bad_task("while True:\n    pass")), ONLY, "task 1: stopped after 20 s"),
        "loops_when_called": (file(bad_task("def mean_square(x):\n    while True:\n        pass")), ONLY, ""),
        "hoards": (
            file(bad_task("hoard = []\nwhile True:\n    hoard.append(np.ones(10**6))")),
            ONLY,
            "0.68 GB of memory",
        ),
        "maps": (
            file(bad_task("import mmap\nm = mmap.mmap(-1, 1 << 31)\nfor i in range(0, 1 << 31, 4096):\n    m[i] = 1")),
            ONLY,
            "task 1: it used more than 0.68 GB of memory",
        ),
        "exits": (file(bad_task("import os\nos._exit(0)")), ONLY, "task 1: it ended its own process"),
        "exits_politely": (file(bad_task(mean + "\nexit()")), ONLY, "task 1: it ended its own process"),
        "exits_when_called": (
            file(bad_task("def mean_square(x):\n    import os\n    os._exit(0)")),
            ONLY,
            "task 1: your code was stopped while it was checked: it ended its own process",
        ),
        "prints": (file(bad_task("for _ in range(10**9):\n    print('x' * 1000)")), ONLY, ""),
        "prints_at_once": (file(bad_task("import os\nwhile True:\n    os.write(1, b'x' * 10**6)")), ONLY, "task 1: "),
        "forks": (
            file(
                bad_task("import subprocess\nk = [subprocess.Popen(['sleep', '60']) for _ in range(50)]\nwhile 1: pass")
            ),
            ONLY,
            "task 1: it started more than 40 processes",
        ),
        "deletes": (file(RIGHT | {"task-1": DELETED.replace("PROJECT", str(project)) + mean}), ALL, ""),
        "edits_tests": (
            file(RIGHT | broken_tests | {"task-1": "def mean_square(x):\n    return 0"}),
            ONLY,
            "edited cells were restored: task-1-tests, task-2-tests, task-3-tests",
        ),
        "removes_tests": (file(bad_task("mean_square = None"), cut=without_tests), ONLY, "missing cells were put back"),
        "patches": (file(bad_task(PATCHED + "def mean_square(x):\n    return 0")), ONLY, ""),
        "lacks_a_task": (file(RIGHT, cut=without_task), ONLY, "missing cells were put back: task-1, task-1-tests"),
        "returns_nonsense": (file(bad_task("def mean_square(x):\n    return {1, 2}")), ONLY, ""),
        "returns_code": (
            file(bad_task("class mean_square(float):\n    def __eq__(self, other): return True")),
            ONLY,
            "",
        ),
        "empty": (b"", NONE, "the file is empty"),
        "no_notebook": (b"%PDF-1.7", NONE, "not a notebook but a PDF"),
        "no_cells": (b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', NONE, "no task was begun"),
    }


def grade_class(source, folder, project, **options):
    return grade.grade(source, grade.Folder(folder), root=project, limits=LIMITS, workers=2, **options)


@pytest.fixture(scope="module")
def graded(sheet, project, isolation, tmp_path_factory):
    """A whole class, graded once; tests that change anything work on copies."""
    place = tmp_path_factory.mktemp("class")
    people = mock_class(sheet, project)
    put(place / "downloads", {f"{name}.ipynb": data for name, (data, _, _) in people.items()})
    before = {path: path.read_bytes() for path in sorted(project.rglob("*")) if path.is_file()}
    rows = grade_class(place / "downloads", place / "grading", project)
    assert {path: path.read_bytes() for path in sorted(project.rglob("*")) if path.is_file()} == before
    return place, people, rows


def test_every_submission_gets_the_marks_it_earns(graded):
    _, people, rows = graded
    got = {row.student: {part.title: part.score for part in row.parts if part.title != "Question 1"} for row in rows}
    assert got == {name: marks for name, (_, marks, _) in people.items()}


def test_the_table_says_what_happened(graded):
    place, people, _ = graded
    with open(place / "grading" / "marks.csv", encoding="utf-8-sig", newline="") as file:
        table = {line["student"]: line for line in csv.DictReader(file)}
    for name, (_, marks, note) in people.items():
        assert note in table[name]["what happened"], name
        assert float(table[name]["total"]) == sum(marks.values()), name
        assert table[name]["maximum"] == "8"
    assert table["right"]["what happened"] == ""
    assert table["right"]["awaiting"] == "Question 1"
    assert table["untouched"]["awaiting"] == "" and table["untouched"]["Question 1"] == "0"
    assert list(table["right"])[:8] == ["student", "name", "sheet", "Task 1", "Task 2", "Task 3", "Question 1", "total"]


def test_every_student_has_a_page_that_gives_nothing_away(graded):
    place, people, _ = graded
    for name in people:
        page = (place / "grading" / "feedback" / name / "90_tiny.html").read_text(encoding="utf-8")
        assert not re.search("secret|HIDDEN TESTS|linspace", page), name
        assert not re.search(r"<script|https?://|src=.(?!data:)", page), name
    wrong = (place / "grading" / "feedback" / "wrong" / "90_tiny.html").read_text(encoding="utf-8")
    assert "Your number is not the mean; did you sum?" in wrong and "def" in wrong
    fits = (place / "grading" / "feedback" / "fits_visible" / "90_tiny.html").read_text(encoding="utf-8")
    assert "It is wrong for negative numbers." in fits and "in a check on other data" in fits
    empty = (place / "grading" / "feedback" / "empty" / "90_tiny.html").read_text(encoding="utf-8")
    assert "the file is empty" in empty


def test_formgrader_finds_what_it_needs(graded):
    place, people, _ = graded
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(place / "grading")
    config.CourseDirectory.course_id = "autoencoders"
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    found = api.get_submissions("90_tiny")
    assert {one["student"] for one in found} == set(people)
    assert all(one["autograded"] for one in found)
    assert {one["student"] for one in found if one["needs_manual_grade"]} >= {"right", "wrong", "loops"}
    for name in people:
        path = place / "grading" / "autograded" / name / "90_tiny" / "90_tiny.ipynb"
        nbformat.validate(nbformat.reads(path.read_text(encoding="utf-8"), as_version=4))


def test_nothing_is_graded_twice(graded, project, tmp_path, capsys):
    place, people, rows = graded
    shutil.copytree(place / "grading", tmp_path / "grading")
    again = grade_class(place / "downloads", tmp_path / "grading", project)
    assert again == rows
    assert f"{len(people)} submissions of 90_tiny: 0 to grade, {len(people)} unchanged" in capsys.readouterr().out


def mark_by_hand(folder, student, part, mark, comment="Well put."):
    """Do what Formgrader does."""
    with gradebook.Book(folder / "gradebook.db", "autoencoders") as book:
        grade = book._book.find_grade(part, "90_tiny", "90_tiny", student)
        grade.manual_score, grade.needs_manual_grade = mark, False
        book._book.find_comment(part.removesuffix("-tests"), "90_tiny", "90_tiny", student).manual_comment = comment
        book._book.db.commit()


def test_only_what_changed_is_graded_and_hand_given_marks_survive(graded, sheet, project, tmp_path, capsys):
    place, people, _ = graded
    folder = tmp_path / "grading"
    shutil.copytree(place / "grading", folder)
    names = ["right", "wrong", "unusual", "fits_visible"]
    put(tmp_path / "downloads", {f"{name}.ipynb": people[name][0] for name in names})
    mark_by_hand(folder, "right", "question-1", 2.5)
    mark_by_hand(folder, "wrong", "question-1", 1)
    mark_by_hand(folder, "unusual", "question-1", 3)
    mark_by_hand(folder, "fits_visible", "task-1-tests", 1.5, "Half an idea.")
    # One repairs a task, one changes the answer to the question, one neither.
    put(tmp_path / "downloads", {"wrong.ipynb": submission(sheet, RIGHT)})
    put(tmp_path / "downloads", {"unusual.ipynb": submission(sheet, RIGHT | {"question-1": "Another reason."})})
    rows = grade_class(tmp_path / "downloads", folder, project)
    assert "4 submissions of 90_tiny: 2 to grade, 2 unchanged" in capsys.readouterr().out
    assert marks_of(rows, "right") == ALL | {"Question 1": 2.5, "notes": ""}
    assert marks_of(rows, "wrong") == ALL | {"Question 1": 1, "notes": ""}
    assert marks_of(rows, "fits_visible") == ONLY | {"Task 1": 1.5, "Question 1": None, "notes": ""}
    changed = next(row for row in rows if row.student == "unusual")
    assert changed.awaiting == ["Question 1"] and changed.total == 8, "the old mark is kept until there is a new one"
    assert "question 1: the answer changed after it was marked by hand" in changed.notes
    page = (folder / "feedback" / "right" / "90_tiny.html").read_text(encoding="utf-8")
    assert "Well put." in page and "<strong>7.5 of 8 marks</strong>" in page
    assert "Half an idea." in (folder / "feedback" / "fits_visible" / "90_tiny.html").read_text(encoding="utf-8")
    assert len(rows) == len(people), "those who are not in this folder keep their marks"


def test_marks_by_hand_reach_table_and_pages_without_submissions(graded, project, tmp_path, capsys):
    place, _, _ = graded
    shutil.copytree(place / "grading", tmp_path / "grading")
    mark_by_hand(tmp_path / "grading", "right", "question-1", 2)
    assert grade.main(["--grading", str(tmp_path / "grading")], project) == 0
    assert "1 feedback pages" in capsys.readouterr().out
    table = (tmp_path / "grading" / "marks.csv").read_text(encoding="utf-8-sig")
    assert re.search("^right,right,90_tiny,2,2,1,2,7,8,,", table, re.MULTILINE)


def test_a_changed_sheet_is_graded_again_and_a_changed_set_of_tasks_refused(graded, tmp_path, capsys):
    place, people, _ = graded
    project = make_project(tmp_path / "project")
    shutil.copytree(place / "grading", tmp_path / "grading")
    put(tmp_path / "downloads", {"right.ipynb": people["right"][0]})
    path = project / "exercises" / "source" / "90_tiny" / "90_tiny.py"
    path.write_text(SHEET.replace("assert best == 5,", "assert best == 4,"), encoding="utf-8")
    rows = grade_class(tmp_path / "downloads", tmp_path / "grading", project)
    assert marks_of(rows, "right")["Task 3"] == 0
    cut = SHEET[: SHEET.index("# %% [markdown]\n# ## Question 1")]
    path.write_text(cut, encoding="utf-8")
    with pytest.raises(gradebook.GradebookError, match="gained or lost tasks .* GRADING=another_folder"):
        grade_class(tmp_path / "downloads", tmp_path / "grading", project)


RUN = """
import sys
from pathlib import Path
sys.path.insert(0, {tools!r})
import grade, sandbox
if __name__ == "__main__":
    sys.exit(grade.main({arguments!r}, Path({project!r})))
"""


def test_killed_at_any_moment_the_next_run_carries_on(graded, sheet, project, tmp_path):
    files = {f"student{n}.ipynb": submission(sheet, RIGHT | {"task-3": f"best = {n}"}) for n in range(2, 6)}
    put(tmp_path / "downloads", files)
    folder = tmp_path / "grading"
    script = tmp_path / "run.py"
    arguments = [str(tmp_path / "downloads"), "--grading", str(folder), "--workers", "2"]
    script.write_text(RUN.format(tools=str(TOOLS), arguments=arguments, project=str(project)))
    first = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    for line in first.stdout:
        if line.startswith("[1/4]"):
            break
    children = sandbox._tree(first.pid)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    deadline = time.monotonic() + 20
    while any(child.is_running() and child.status() != "zombie" for child in children) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not [c for c in children if c.is_running() and c.status() != "zombie"], (
        "workers or sandboxes outlive the grader"
    )
    done = sqlite3.connect(folder / "gradebook.db").execute("SELECT student FROM aelib_submission").fetchall()
    assert 1 <= len(done) < 4
    second = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=600)
    assert second.returncode == 0, second.stderr
    assert f"{4 - len(done)} to grade, {len(done)} unchanged" in second.stdout
    table = (folder / "marks.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    assert [line.split(",")[5] for line in table] == ["0", "0", "0", "1"]


def test_a_submission_is_recorded_whole_or_not_at_all(graded, tmp_path, monkeypatch):
    place, _, rows = graded
    shutil.copytree(place / "grading", tmp_path / "grading")
    with gradebook.Book(tmp_path / "grading" / "gradebook.db", "autoencoders") as book:
        marked = marking.Marked(None, {"task-1-tests": 0.0}, {}, [])  # fails half-way: the other marks are missing
        with pytest.raises(KeyError):
            book.record("right", "right", "90_tiny", "new", [], marked)
        assert book.rows() == rows


def test_two_runs_do_not_meet(tmp_path):
    folder = grade.Folder(tmp_path)
    second = grade.Folder(tmp_path).alone()
    with folder.alone(), pytest.raises(grade.GradeError, match="Another `make grade` is at work"), second:
        pass


def test_a_test_that_ends_the_grader_costs_its_own_marks(isolation, tmp_path):
    project = make_project(tmp_path / "project")
    path = project / "exercises" / "source" / "90_tiny" / "90_tiny.py"
    trap = "### BEGIN HIDDEN TESTS\nif mean_square(numbers) == 0:\n    __import__('os')._exit(9)\nsecret_numbers"
    text = SHEET.replace("### BEGIN HIDDEN TESTS\nsecret_numbers", trap, 1).replace("55 / 6)", "55 / 6) or True")
    path.write_text(text, encoding="utf-8")
    (sheet,) = grade.load_sheets(project)
    deadly = RIGHT | {"task-1": "def mean_square(x):\n    return 0.0"}
    files = {"deadly.ipynb": submission(sheet, deadly), "ben.ipynb": submission(sheet, RIGHT)}
    rows = grade_class(put(tmp_path / "downloads", files), tmp_path / "grading", project)
    assert marks_of(rows, "ben") == ALL | {"Question 1": None, "notes": ""}
    assert {title: marks_of(rows, "deadly")[title] for title in ONLY} == ONLY
    assert "the checks could not be carried out: they ended the grader's process" in marks_of(rows, "deadly")["notes"]


# --- command lines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "No folder of submissions was named.*Expected: make grade SUBMISSIONS="),
        (["nowhere"], "There is no folder nowhere"),
        ([".", "--sheet", "07"], "'07' names 0 sheets; expected exactly one of: 90_tiny"),
        ([".", "--isolation", "docker"], "ISOLATION=docker is not known"),
    ],
)
def test_bad_command_lines(project, sheet, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(put(tmp_path, {"ana.ipynb": submission(sheet)}))
    assert grade.main([*arguments, "--grading", str(tmp_path.parent / "grading")], project) == 1
    assert re.search(message, capsys.readouterr().err, re.DOTALL)


@pytest.mark.parametrize(
    "arguments", [["--workers", "0"], ["--seconds", "-1"], ["--memory", "much"], ["--workers", "x"]]
)
def test_bad_numbers(project, capsys, arguments):
    with pytest.raises(SystemExit):
        grade.main([".", *arguments], project)
    assert re.search(f"'{arguments[1]}' was given; expected a (whole )?number", capsys.readouterr().err)


def test_the_grading_folder_is_no_folder_of_submissions(project, tmp_path, capsys):
    (tmp_path / "autograded").mkdir()
    assert grade.main([str(tmp_path / "autograded"), "--grading", str(tmp_path)], project) == 1
    assert "lies within the grading folder" in capsys.readouterr().err


def test_results_do_not_go_among_the_submissions(project, sheet, tmp_path, capsys):
    put(tmp_path, {"ana.ipynb": submission(sheet)})
    assert grade.main([str(tmp_path), "--grading", str(tmp_path / "grading")], project) == 1
    assert "would be taken for a student's" in capsys.readouterr().err


def test_less_than_signs_are_shown_as_such():
    cell = nbformat.v4.new_markdown_cell(handed_in.harmless("$x<n$ and `a<b`"))
    page = feedback._markdown(cell)
    assert "$x&lt;n$" in page and "a&lt;b" in page and "&amp;lt;" not in page


def test_a_damaged_gradebook_is_not_overwritten(project, sheet, tmp_path, capsys):
    put(tmp_path, {"downloads/ana.ipynb": submission(sheet), "grading/gradebook.db": b"not a database" * 100})
    assert grade.main([str(tmp_path / "downloads"), "--grading", str(tmp_path / "grading")], project) == 1
    assert "cannot be opened as a gradebook" in capsys.readouterr().err
    assert (tmp_path / "grading" / "gradebook.db").read_bytes() == b"not a database" * 100


def test_a_spreadsheet_takes_nothing_for_a_formula():
    part = gradebook.Part("task-1-tests", "Task 1", 1.0, 2.0, False)
    row = gradebook.Row("=1+1", "@x", "90_tiny", "", (part,), ("=HYPERLINK()",), 1.0)
    line = feedback.table([row]).splitlines()[1]
    assert line == "'=1+1,'@x,90_tiny,1,1,2,,'=HYPERLINK()"
    row = gradebook.Row("+1+cmd|'calc'!A0", "-2", "90_tiny", "", (part,), (), 1.0)
    assert feedback.table([row]).splitlines()[1].startswith("'+1+cmd|'calc'!A0,-2,")


def test_there_is_a_worker_for_each_processor_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"total": 64 << 30}))
    assert pool.default_workers() == 3
    monkeypatch.delattr(os, "sched_getaffinity")  # macOS has none
    assert pool.default_workers() == min(os.cpu_count(), 21)
