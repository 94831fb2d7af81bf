"""The exercise sheets: their form, what is made of them, and the proof that they grade what they say.

The proof runs every sheet with its solutions, untouched, and with every answer of exercises/answers (see proofs.py).
"""

import builtins
import concurrent.futures
import io
import json
import multiprocessing
import os
import re
import shutil
import textwrap
import zipfile
from html import unescape
from pathlib import Path

import nbformat
import proofs
import pytest
import yaml
from bs4 import BeautifulSoup
from test_pairs import headings, notebook_of, prose

import book
import chapters
import pairs
import sheets

ROOT = Path(__file__).resolve().parent.parent
SHEETS = pairs.find_pairs(ROOT, "sheet")
MARKS = 20
TASKS, QUESTIONS, QUESTION_MARKS = range(4, 7), range(1, 3), range(4, 7)
WRONG_ANSWERS, RIGHT_ANSWERS = 4, 1
# The released cell has this where the source has a region between marks.
STUBS = {"code": "# Your code here, in place of the three dots.\n...", "markdown": "Your answer here."}

pytestmark = pytest.mark.filterwarnings("ignore")
each_sheet = pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)


def grade_ids(notebook, kind):
    return [sheets.grade_id(cell) for cell in notebook.cells if sheets.kind_of(cell) == kind]


def find(notebook, grade_id):
    return next(cell for cell in notebook.cells if sheets.grade_id(cell) == grade_id)


# --- a course in small: tools/sheets.py and tools/book.py -----------------------------------------------------------


def flags(name, kind):
    _, grade, solution, locked = next(key for key, value in sheets.KINDS.items() if value == kind)
    metadata = {"grade": grade, "grade_id": name, "locked": locked, "schema_version": 3, "solution": solution}
    metadata |= {"task": False} | ({"points": 2} if grade else {})
    return f"nbgrader={json.dumps(metadata, sort_keys=True)}"


SMALL = f'''# %% [markdown]
# # Exercise sheet 1: Small
#
# This sheet follows [chapter 1](../../../chapters/01_small.ipynb).

# %% {flags("setup", "set-up")}
from aelib.exercises import started

numbers = [1, 2, 3]
print("numbers:", numbers)

# %% [markdown]
# ## Task 1: Add (2 marks)
#
# Add all numbers.


# %% {flags("task-1", "solution")}
def add(numbers):
    """Return the total."""
    ### BEGIN SOLUTION
    accumulated = sum(numbers)
    return accumulated
    ### END SOLUTION


# %% {flags("task-1-tests", "tests")}
if started(add(numbers), "Task 1"):
    assert add(numbers) == 6, "1, 2 and 3 do not make this"
    print("Task 1: the visible checks pass.")
### BEGIN HIDDEN TESTS
assert add([40, 2]) == 42, "Task 1: unfortunately not so for larger numbers"
### END HIDDEN TESTS

# %% [markdown]
# ## Question 1: Why? (2 marks)

# %% [markdown] {flags("question-1", "question")}
# ### BEGIN SOLUTION
# **Model answer.** Associativity.
#
# **Rubric.**
#
# - 2 marks for the word.
# ### END SOLUTION
'''
SMALL_STUB = '''def add(numbers):
    """Return the total."""
    # Your code here, in place of the three dots.
    ...'''
SMALL_ANSWERS = """# Answers to the small sheet.

# %% task-1 wrong: gives the first number
def add(numbers):
    return numbers[0]

# %% task-1 wrong: knows the visible answer
def add(numbers):
    return 6

# %% task-1 wrong: does not run
def add(numbers):
    return undefined

# %% task-1 wrong: one more than the official solution
official = add

def add(numbers):
    return official(numbers) + 1

# %% task-1 right: recursive
def add(numbers):
    return numbers[0] + add(numbers[1:]) if numbers else 0
"""


@pytest.fixture
def course(tmp_path):
    """A course in small: one chapter, its sheet, and what the book is made with."""
    shutil.copytree(ROOT / "book_assets", tmp_path / "book_assets")
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "welcome.md").write_text("# Welcome\n\nTo [a chapter](01_small.ipynb).\n")
    (tmp_path / "chapters" / "01_small.py").write_text('# %% [markdown]\n# # A chapter\n\n# %%\nprint("hello")\n')
    (tmp_path / "exercises" / "source" / "01_small").mkdir(parents=True)
    (tmp_path / "exercises" / "source" / "01_small" / "01_small.py").write_text(SMALL)
    (tmp_path / "exercises" / "answers").mkdir()
    (tmp_path / "exercises" / "answers" / "01_small.py").write_text(SMALL_ANSWERS)
    shutil.copy(ROOT / "exercises" / "nbgrader_config.py", tmp_path / "exercises")
    entries = [{"file": "chapters/01_small"}, {"file": f"{sheets.PAGES}/01_small/01_small"}]
    toc = {"format": "jb-book", "root": "chapters/welcome", "parts": [{"caption": "All", "chapters": entries}]}
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
    return tmp_path


@pytest.fixture
def small(course):
    return pairs.read_text_half(pairs.find_pairs(course, "sheet")[0])


def edit(course, old, new):
    path = course / "exercises" / "source" / "01_small" / "01_small.py"
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new, 1))


def files_below(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_sheet_in_order_has_no_faults(small):
    assert sheets.faults(small) == []
    assert sheets.points_of(small) == {"task-1-tests": 2, "question-1": 2}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Add (2 marks)", "Add (3 marks)", "Task 1: Add (3 marks) promises 3 marks, its cells give 2"),
        ("Task 1: Add (2 marks)", "Task 1, Add", "the heading must read '## Task 1: what it is about (2 marks)'"),
        ("# ## Question 1: Why? (2 marks)", "# Why?", "cell 7 (question-1): of the cells with answers and tests, none"),
        ('"question-1"', '"question-2"', "the next one expected is question-1"),
        ('"task-1-tests"', '"task-1"', "cell 5 (task-1): another cell has this grade_id"),
        ('"task-1-tests"', '"Task 1 tests"', "small letters, digits and hyphens"),
        ('"task-1-tests", "locked": true', '"task-1-tests", "locked": false', "is neither set-up, solution, tests nor"),
        ('"points": 2', '"points": 0', "its points must be a number above 0"),
        ('"schema_version": 3', '"schema_version": 1', "must say schema_version 3"),
        (f"# %% {flags('setup', 'set-up')}", "# %%", "cell 2: a code cell without nbgrader metadata"),
        ("    ### BEGIN SOLUTION\n", "", "cell 4 (task-1): every ### BEGIN SOLUTION needs its ### END SOLUTION"),
        ("### END HIDDEN TESTS", "", "cell 5 (task-1-tests): every ### BEGIN HIDDEN TESTS needs its"),
        (
            'print("numbers:"',
            "### BEGIN SOLUTION\n### END SOLUTION\nprint(",
            "cell 2 (setup): ### BEGIN SOLUTION belongs",
        ),
        ("### BEGIN HIDDEN TESTS\n", "assert add([1]) == 1, '", "cell 5 (task-1-tests): every ### BEGIN HIDDEN"),
    ],
)
def test_faults_are_named_and_nothing_is_released(course, capsys, old, new, message):
    edit(course, old, new)
    assert sheets.main(["release"], root=course) == 1
    said = capsys.readouterr().err
    assert message in said
    assert "The sheet is not in order" in said and "sheet 01_small" in said
    assert not (course / "_build" / "release").exists()


def test_the_released_sheet(course, small):
    stub = sheets.released(small, sheets.course_config(course))
    nbformat.validate(stub)
    assert find(stub, "task-1").source == SMALL_STUB
    assert find(stub, "question-1").source == "Your answer here."
    tests = find(stub, "task-1-tests")
    assert tests.source.endswith('print("Task 1: the visible checks pass.")')
    assert tests.metadata.editable is False and tests.metadata.nbgrader.checksum
    assert "aelib" not in stub.metadata
    assert small.cells[3].source != stub.cells[3].source, "the source itself is left alone"


def test_release_writes_both_halves_and_a_zip_of_them(course, capsys):
    assert sheets.main(["release"], root=course) == 0
    assert "4 marks, _build/release/01_small.zip" in capsys.readouterr().out
    target = course / "_build" / "release"
    made = files_below(target)
    assert {path.relative_to(target).as_posix() for path in made} == {
        "01_small.zip",
        "01_small/01_small.ipynb",
        "01_small/01_small.py",
    }
    for content in made.values():
        assert not re.search(rb"accumulated|unfortunately|Associativity|SOLUTION|HIDDEN", content)
    stub = nbformat.reads(made[target / "01_small" / "01_small.ipynb"].decode(), as_version=4)
    assert pairs.text_of(stub) == made[target / "01_small" / "01_small.py"].decode(), "the halves are a pair"
    with zipfile.ZipFile(io.BytesIO(made[target / "01_small.zip"])) as archive:
        assert archive.testzip() is None
        unpacked = {target / name: archive.read(name) for name in archive.namelist()}
    assert unpacked == {path: content for path, content in made.items() if path.suffix != ".zip"}


def test_release_is_the_same_to_the_byte_and_writes_only_what_changed(course, capsys):
    sheets.main(["release", "01"], root=course)
    target = course / "_build" / "release"
    made, stamps = files_below(target), {path: path.stat().st_mtime_ns for path in files_below(target)}
    sheets.main(["release", "01_small"], root=course)
    assert {path: path.stat().st_mtime_ns for path in made} == stamps
    shutil.rmtree(target)
    sheets.main(["release"], root=course)
    assert files_below(target) == made
    edit(course, "Add all numbers.", "Add them.")  # in the .py half only
    sheets.main(["release"], root=course)
    assert "Add them." in (target / "01_small" / "01_small.ipynb").read_text()


def test_an_unknown_sheet_is_named(course, capsys):
    assert sheets.main(["release", "07"], root=course) == 1
    assert "'07' names 0 sheets; expected exactly one of: 01_small." in capsys.readouterr().err


def test_a_page_folds_solutions_away_and_has_no_hidden_tests(course, small):
    page = sheets.folded(small, sheets.course_config(course))
    nbformat.validate(page)
    stub, solution = page.cells[3:5]
    assert stub.source == SMALL_STUB
    assert "accumulated = sum" in solution.source and "SOLUTION" not in solution.source
    assert solution.metadata.tags == ["hide-input"]
    assert solution.metadata.mystnb.code_prompt_show == "Show a solution"
    assert page.cells[-1].source.startswith("<details>\n<summary>") and "Associativity" in page.cells[-1].source
    assert "HIDDEN" not in json.dumps(page) and "unfortunately" not in json.dumps(page)
    assert not any("nbgrader" in cell.metadata for cell in page.cells)


def test_the_switch_for_solutions_leaves_nothing_stale(course, monkeypatch, capsys):
    runs = []

    def quick(notebook, pair, progress):
        runs.append(str(pair))
        executed = nbformat.from_dict(notebook)
        for count, cell in enumerate((c for c in executed.cells if c.cell_type == "code"), start=1):
            cell.execution_count = count
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"consequence {count}\n")]
        return executed

    monkeypatch.setattr(chapters, "execute", quick)
    html = course / "_build" / "html"
    page = html / sheets.PAGES / "01_small" / "01_small.html"
    source = html / "_sources" / sheets.PAGES / "01_small" / "01_small.ipynb"
    secrets = {"accumulated", "associativity", "associ", "accumul"}

    def built_text():
        made = (path for path in html.rglob("*") if path.suffix in TEXT and html / "_static" not in path.parents)
        return {path: path.read_text("utf-8", "replace").lower() for path in made}

    def holders(words):
        return {path for path, text in built_text().items() if any(word in text for word in words)}

    assert book.build(course) == 0, capsys.readouterr().err
    assert sorted(runs) == ["chapter 01_small", "sheet 01_small"], "both, in either order: they run side by side"
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    assert "accumulated" in soup.select_one("details.hide .highlight, .hide details .highlight").text
    assert "Associativity" in soup.select_one("details:not(.hide) p").text
    assert "consequence 1" in soup.text and "unfortunately" not in soup.text
    assert holders(secrets) == {page, source, html / "searchindex.js"}
    assert not holders({"unfortunately", "unfortun", "hidden tests"})
    made_from = course / sheets.PAGES / "01_small" / "01_small.ipynb"
    stamp = made_from.stat().st_mtime_ns
    assert book.build(course) == 0
    assert made_from.stat().st_mtime_ns == stamp, "what a page is made of is not written again for nothing"

    assert book.build(course, solutions=False) == 0
    assert not holders(secrets) and not holders({"begin solution", "hidden tests", "unfortun"})
    assert "consequence" not in page.read_text(encoding="utf-8")
    assert "your code here" in built_text()[page]
    sheets.main(["release"], root=course)
    assert source.read_bytes() == (course / "_build" / "release" / "01_small" / "01_small.ipynb").read_bytes()

    assert book.build(course) == 0
    assert "accumulated" in built_text()[page]
    assert len(runs) == 2, "nothing was executed again"


TEXT = {".html", ".js", ".ipynb", ".txt", ".md", ".py", ".json"}


def test_pages_of_sheets_that_are_gone_go_too(course):
    (course / sheets.PAGES / "09_gone").mkdir(parents=True)
    sheets.write_pages(course, {}, solutions=True)
    assert not (course / sheets.PAGES / "09_gone").exists()


def test_the_proof_tells_right_from_wrong(course):
    proof = proofs.prove(course, "01_small")
    assert proof.solutions == {"task-1-tests": ""} and not proof.crashes
    assert proof.untouched["task-1-tests"].startswith("AssertionError: Task 1: unfortunately")
    assert proof.said["task-1-tests"].startswith("Task 1 is not done yet")
    assert [(answer.kind, answer.caught_in) for answer in proof.answers] == [
        ("wrong", "visible"),
        ("wrong", "hidden"),
        ("wrong", "visible"),
        ("wrong", "visible"),
        ("right", ""),
    ]
    assert proof.answers[2].error.startswith("NameError")


def test_a_right_answer_has_nothing_of_the_official_solution(course):
    answers = course / "exercises" / "answers" / "01_small.py"
    answers.write_text("# %% task-1 right: leaves the work to the official solution\npass\n")
    (answer,) = proofs.prove(course, "01_small").answers
    assert answer.error == "NameError: name 'add' is not defined"


def test_the_proof_repeats_only_what_depends_on_students(course, monkeypatch):
    monkeypatch.setattr(builtins, "notes", [], raising=False)
    # The function that students write has an `accumulated` of its own, which is nobody else's.
    once = f"# %% {flags('setup-2', 'set-up')}\naccumulated = 3\nnotes.append(accumulated)\n\n"
    twice = f"# %% {flags('setup-3', 'set-up')}\nnotes.append(add)\n\n"
    edit(course, "# %% [markdown]\n# ## Question 1", f"{once}{twice}# %% [markdown]\n# ## Question 1")
    proofs.prove(course, "01_small")
    assert builtins.notes[0] == 3 and [note.__name__ for note in builtins.notes[1:]] == ["add", "add"]


# --- the sheets: form ----------------------------------------------------------------------------------------------


@each_sheet
def test_the_form_of_a_sheet(sheet):
    notebook = notebook_of(sheet)
    where = sheet.text_path.name
    wrong = sheets.faults(notebook)
    assert not wrong, f"{where}:\n" + "\n".join(wrong)
    title = notebook.cells[0].source
    assert title.startswith(f"# Exercise sheet {int(sheet.name[:2])}: "), f"{where}: the title is '{title[:60]}'"
    chapter = f"../../../chapters/{sheet.name}.ipynb"
    assert f"]({chapter})" in title, f"{where}: the first cell should link its chapter: {chapter}"
    assert re.search(r"\b\d+ minutes\b|\bhours?\b", title), f"{where}: the first cell should say how long it takes"
    found = headings(prose(notebook))
    names = [heading.split()[0] for level, heading in found if level == 2]
    assert names.count("Task") in TASKS, f"{where}: {names.count('Task')} tasks"
    assert names.count("Question") in QUESTIONS, f"{where}: {names.count('Question')} questions"
    assert grade_ids(notebook, "set-up")[0] == "setup", f"{where}: the first locked cell should be called setup"
    tasks = [sheets.grade_id(cell) for cell in notebook.cells if sheets.kind_of(cell) == "solution"]
    assert tasks == [f"task-{number}" for number in range(1, len(tasks) + 1)], f"{where}: tasks in the order {tasks}"


@each_sheet
def test_marks_add_up_and_agree_with_the_table(sheet):
    notebook = notebook_of(sheet)
    points = sheets.points_of(notebook)
    by_hand = sum(value for name, value in points.items() if name.startswith("question"))
    assert sum(points.values()) == MARKS, f"{sheet}: {sum(points.values())} marks, not {MARKS}"
    assert by_hand in QUESTION_MARKS, f"{sheet}: {by_hand} marks for questions"
    rows = [row.strip().strip("|").split("|") for row in notebook.cells[0].source.splitlines() if row.startswith("|")]
    shown = [int(row[-1]) for row in rows if row[-1].strip().isdigit()]
    assert shown == list(points.values()), f"{sheet}: the table says {shown}, the cells {list(points.values())}"


@each_sheet
def test_every_task_has_a_hint_that_folds(sheet):
    notebook = notebook_of(sheet)
    for section in re.split(r"^## ", prose(notebook), flags=re.MULTILINE):
        if section.startswith("Task"):
            hint = re.search(r"<details>\s*<summary>Hint</summary>\n\n(.*?)\n\n</details>", section, re.DOTALL)
            assert hint and len(hint[1]) > 40, f"{sheet}: no hint in '{section.splitlines()[0]}'"


@each_sheet
def test_checks_begin_kindly(sheet):
    for cell in notebook_of(sheet).cells:
        if sheets.kind_of(cell) == "tests":
            task = sheets.grade_id(cell).removesuffix("-tests").replace("task-", "Task ")
            visible, hidden = sheets.split(cell.source, "HIDDEN TESTS")
            where = f"{sheet}, {sheets.grade_id(cell)}"
            asks = re.search(rf'^if started\(.*"{task}\b', "\n".join(visible), re.MULTILINE | re.DOTALL)
            assert asks, f"{where}: should ask first: if started(..., {task!r}):"
            says = any(re.match(rf'\s+print\(f?"{task}\b', line) for line in visible)
            assert says, f"{where}: should say that the visible checks of {task} pass"
            assert any("assert" in line for line in hidden), f"{where}: no hidden assert"


# --- the sheets: no trace of solutions and hidden tests -------------------------------------------------------------


def words(text):
    return set(re.findall(r"[^\W\d]\w{3,}", text.lower()))


def secret_words(notebook, *marks):
    """Words that stand in the marked regions and nowhere else in the sheet."""
    inside, outside = set(), set()
    for cell in notebook.cells:
        known = cell.source
        for mark in marks:
            open_lines, secret_lines = sheets.split(known, mark)
            known = "\n".join(open_lines)
            inside |= words("\n".join(secret_lines))
        outside |= words(known) | words(json.dumps(cell.metadata))
    return inside - outside


def source_lines(notebook, *marks):
    """Lines of marked regions that stand nowhere else in the sheet, without those that are too short to tell."""
    inside = {line.strip() for cell in notebook.cells for mark in marks for line in sheets.split(cell.source, mark)[1]}
    stub = sheets.released(notebook, sheets.course_config(ROOT))
    outside = {line.strip() for cell in stub.cells for line in cell.source.split("\n")}
    return {line for line in inside - outside if len(line) >= 8}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """Folder with all sheets as they are given out."""
    home = tmp_path_factory.mktemp("release")
    shutil.copytree(ROOT / "exercises", home / "exercises", ignore=shutil.ignore_patterns("pages"))
    assert sheets.main(["release"], root=home) == 0, "see the messages above"
    return home / "_build" / "release"


@each_sheet
def test_released_files_hold_no_solution_and_no_hidden_test(release, sheet):
    notebook = notebook_of(sheet)
    secrets = secret_words(notebook, "SOLUTION", "HIDDEN TESTS")
    lines = source_lines(notebook, "SOLUTION", "HIDDEN TESTS")
    assert len(secrets) >= 20 and len(lines) >= 20, "the test has too little to look for"
    files = {path.name: path.read_bytes() for path in (release / sheet.name).iterdir()}
    with zipfile.ZipFile(release / f"{sheet.name}.zip") as archive:
        files |= {f"zip: {name}": archive.read(name) for name in archive.namelist()}
    assert len(files) == 4
    for name, content in files.items():
        text = content.decode()
        if name.endswith(".ipynb"):
            cells = nbformat.reads(text, as_version=4).cells
            assert not any(cell.get("outputs") for cell in cells), f"{sheet}: outputs in {name}"
            text = "\n".join(json.dumps(cell.metadata) + "\n" + cell.source for cell in cells)
        assert "SOLUTION" not in text and "HIDDEN" not in text, f"{sheet}: marks in {name}"
        found = secrets & words(text)
        assert not found, f"{sheet}: {name} holds words of solutions or hidden tests: {sorted(found)}"
        found = lines & {line.removeprefix("#").strip() for line in text.split("\n")}
        assert not found, f"{sheet}: {name} holds lines of solutions or hidden tests: {sorted(found)}"


def without_marked_places(cell):
    """What a cell should be when it is given out, worked out without nbgrader."""
    region = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.MULTILINE | re.DOTALL)
    source = region.sub(lambda match: textwrap.indent(STUBS[cell.cell_type], match[1]), cell.source)
    return re.sub(r"^### BEGIN HIDDEN TESTS\n.*?^### END HIDDEN TESTS$", "", source, flags=re.M | re.S).rstrip()


@each_sheet
def test_stubs_differ_from_the_source_only_at_marked_places(release, sheet):
    source = notebook_of(sheet)
    stub = nbformat.read(release / sheet.name / f"{sheet.name}.ipynb", 4)
    assert [cell.id for cell in stub.cells] == [cell.id for cell in source.cells]
    for before, after in zip(source.cells, stub.cells, strict=True):
        assert after.source == without_marked_places(before), f"{sheet}, {sheets.grade_id(before)}"
        known = json.loads(json.dumps(after.metadata))
        for added in ("deletable", "editable"):
            known.pop(added, None)
        for added in ("checksum", "cell_type"):
            known.get("nbgrader", {}).pop(added, None)
        assert known == before.metadata


def sheet_page(html, sheet):
    path = html / sheets.PAGES / sheet.name / f"{sheet.name}.html"
    return BeautifulSoup(path.read_bytes(), "html.parser").find("article")


@each_sheet
def test_the_book_folds_solutions_away_and_has_no_hidden_test(html, sheet):
    notebook, page = notebook_of(sheet), sheet_page(html, sheet)
    found = secret_words(notebook, "HIDDEN TESTS") & words(page.text)
    assert not found, f"{sheet}: the page holds words of hidden tests: {sorted(found)}"
    download = html / "_sources" / sheets.PAGES / sheet.name / f"{sheet.name}.ipynb"
    assert "HIDDEN TESTS" not in page.text and "HIDDEN TESTS" not in download.read_text(encoding="utf-8")
    solutions = len(grade_ids(notebook, "solution")) + len(grade_ids(notebook, "question"))
    summaries = [summary.text for summary in page.select("details > summary")]
    assert sum(bool(re.search("Show a (solution|model answer)", text)) for text in summaries) == solutions
    secrets = secret_words(notebook, "SOLUTION")
    assert secrets & words(page.text), f"{sheet}: no solution in the page"
    for part in page.select("details"):
        part.decompose()
    outputs = words(" ".join(part.text for part in page.select(".cell_output")))
    found = (secrets & words(page.text)) - outputs
    assert not found, f"{sheet}: the page shows words of solutions openly: {sorted(found)}"


@each_sheet
def test_a_book_without_solutions_has_no_trace_of_them(html_without_solutions, release, sheet):
    html, notebook = html_without_solutions, notebook_of(sheet)
    download = html / "_sources" / sheets.PAGES / sheet.name / f"{sheet.name}.ipynb"
    assert download.read_bytes() == (release / sheet.name / f"{sheet.name}.ipynb").read_bytes()
    page = sheet_page(html, sheet)
    secrets = secret_words(notebook, "SOLUTION", "HIDDEN TESTS")
    found = secrets & words(page.text)
    assert not found, f"{sheet}: the page holds words of solutions or hidden tests: {sorted(found)}"
    assert not page.select(".cell_output"), f"{sheet}: the page has outputs, which solutions may have made"
    for path in html.rglob("*"):
        if path.suffix in TEXT and path.stem != "teaching":  # which tells teachers how to write a sheet
            assert not re.search("(BEGIN|END) (SOLUTION|HIDDEN TESTS)", path.read_text("utf-8", "replace")), path


def test_the_search_index_of_a_book_without_solutions_has_no_trace_of_them(html_without_solutions):
    from sphinx.search.en import SearchEnglish

    stemmer = SearchEnglish({})
    index = (html_without_solutions / "searchindex.js").read_text(encoding="utf-8")
    terms = json.loads(index.removeprefix("Search.setIndex(").rstrip(" ;\n").removesuffix(")"))["terms"]

    def stems(words):
        return {stemmer.stem(word.lower()) for word in words}

    pages = [path.read_text(encoding="utf-8") for path in html_without_solutions.rglob("*.html")]
    known = stems({word for page in pages for word in stemmer.split(unescape(re.sub(r"<[^>]*>", " ", page)))})
    secret = [secret_words(notebook_of(sheet), "SOLUTION", "HIDDEN TESTS") for sheet in SHEETS]
    looked_for = stems(set().union(*secret)) - known
    assert len(terms) > 1000 and len(looked_for) > 20, "the test has too little to look at, or to look for"
    assert not looked_for & set(terms), f"the search index holds words of solutions: {sorted(looked_for & set(terms))}"


# --- the sheets: proofs --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def proven(request):
    """Proofs of the sheets asked for, as they come: two at a time, each worker importing Keras once."""
    asked = [
        item.callspec.params["sheet"].name
        for item in request.session.items
        if "proven" in getattr(item, "fixturenames", ())
    ]
    context = multiprocessing.get_context("spawn")
    workers = min(2, os.cpu_count() or 1, len(SHEETS))
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as executor:
        yield {name: executor.submit(proofs.prove, ROOT, name) for name in dict.fromkeys(asked)}
        executor.shutdown(cancel_futures=True)


@each_sheet
def test_solutions_earn_full_marks(proven, sheet):
    proof = proven[sheet.name].result()
    assert not proof.crashes, f"{sheet}: cells that fail:\n" + "\n".join(proof.crashes)
    lost = {name: error for name, error in proof.solutions.items() if error}
    assert not lost, f"{sheet}: the solutions fail {lost}"
    assert len(proof.solutions) in TASKS


@each_sheet
def test_the_untouched_sheet_runs_to_its_end_and_earns_nothing(proven, sheet):
    proof = proven[sheet.name].result()
    assert not proof.crashes, f"{sheet}: cells that fail:\n" + "\n".join(proof.crashes)
    free = [name for name, error in proof.untouched.items() if not error]
    assert not free, f"{sheet}: marks for nothing: {free}; a hidden test must fail where the stub returns None"
    for name, said in proof.said.items():
        assert "not done yet" in said, f"{sheet}, {name}: says {said!r} to a student who has not begun"


@each_sheet
def test_wrong_answers_are_caught_and_right_ones_pass(proven, sheet):
    proof = proven[sheet.name].result()
    faults = []
    for answer in proof.answers:
        where = f"{answer.task} {answer.kind}: {answer.title}"
        kind_of_error, _, message = answer.error.partition(": ")
        if answer.kind == "right" and answer.error:
            faults.append(f"{where}\n    fails: {answer.error}")
        elif answer.kind == "wrong" and not answer.error:
            faults.append(f"{where}\n    passes every check")
        elif answer.caught_in == "answer" or kind_of_error in ("NameError", "SyntaxError", "ImportError"):
            faults.append(f"{where}\n    is caught only because it does not run: {answer.error}")
        elif kind_of_error == "AssertionError" and len(message) < 20:
            faults.append(f"{where}\n    is caught without a word on what is wrong: {answer.error!r}")
    assert not faults, f"exercises/answers/{sheet.name}.py:\n" + "\n".join(faults)


@each_sheet
def test_there_are_answers_of_both_kinds_for_every_task(sheet):
    answers = proofs.read_answers(ROOT, sheet.name)
    tasks = grade_ids(notebook_of(sheet), "solution")
    unknown = {answer.task for answer in answers} - set(tasks)
    assert not unknown, f"exercises/answers/{sheet.name}.py: answers to {unknown}, which the sheet does not have"
    for task in tasks:
        kinds = [answer.kind for answer in answers if answer.task == task]
        enough = kinds.count("wrong") >= WRONG_ANSWERS and kinds.count("right") >= RIGHT_ANSWERS
        assert enough, (
            f"exercises/answers/{sheet.name}.py: {kinds.count('wrong')} wrong, {kinds.count('right')} right for {task}"
        )


@each_sheet
def test_answers_are_different(sheet):
    codes = [(answer.task, answer.code) for answer in proofs.read_answers(ROOT, sheet.name)]
    twice = {task for task, code in codes if codes.count((task, code)) > 1}
    assert not twice, f"exercises/answers/{sheet.name}.py: the same answer twice to {twice}"
