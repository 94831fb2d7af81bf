"""The course's own tools: set-up, pairs, the cache of executed chapters. All in temporary folders."""

import base64
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

import chapters
import pairs
import setup_environment as setup
from progress import Progress

TEXT = """# %% [markdown]
# # A title

# %%
x = 1
x

# %% [markdown]
# Some words.

# %% mystnb={"image": {"alt": "A line that rises."}} tags=["nbval-check-output"]
print("cell", x)
"""


@pytest.fixture
def project(tmp_path):
    """A repository in small: one chapter, as text only."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "01_small.py").write_text(TEXT, encoding="utf-8")
    (tmp_path / "aelib").mkdir()
    (tmp_path / "aelib" / "data.py").write_text("A = 1\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mnist.npz").write_bytes(b"numbers")
    return tmp_path


@pytest.fixture
def chapter(project):
    return pairs.find_pairs(project, "chapter")[0]


@pytest.fixture
def runs(monkeypatch):
    """Count runs, and replace them by something quick."""
    counted = []

    def quick(notebook, pair, progress):
        counted.append(pair.name)
        executed = nbformat.from_dict(notebook)
        for count, cell in enumerate((c for c in executed.cells if c.cell_type == "code"), start=1):
            cell.execution_count = count
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"run {len(counted)}\n")]
        return executed

    monkeypatch.setattr(chapters, "execute", quick)
    return counted


def sync(chapter, keep=None):
    chapters.sync(chapter, chapter.name, keep)


def ids(chapter):
    return [cell.id for cell in pairs.read_notebook_half(chapter).cells]


def edit(path, old, new):
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def both(chapter):
    return chapter.text_path.read_bytes(), chapter.notebook_path.read_bytes()


# --- pairs ---------------------------------------------------------------------------------------------------------


def test_a_text_half_alone_gets_its_notebook(chapter, runs):
    sync(chapter)
    notebook = pairs.read_notebook_half(chapter)
    nbformat.validate(notebook)
    assert pairs.outputs_are_fresh(notebook, pairs.environment_fingerprint(chapter.root))
    assert notebook.cells[3].metadata == {
        "mystnb": {"image": {"alt": "A line that rises."}},
        "tags": ["nbval-check-output"],
    }
    assert "aelib" not in chapter.text_path.read_text(encoding="utf-8"), "the record leaked into the text"


def test_a_notebook_alone_gets_its_text_half(chapter, runs):
    sync(chapter)
    before = both(chapter)
    chapter.text_path.unlink()
    sync(chapter)
    assert both(chapter) == before
    assert len(runs) == 1


def test_nothing_changed_means_nothing_written(chapter, runs):
    sync(chapter)
    before = both(chapter)
    stamps = chapter.text_path.stat().st_mtime_ns, chapter.notebook_path.stat().st_mtime_ns
    sync(chapter)
    assert both(chapter) == before
    assert (chapter.text_path.stat().st_mtime_ns, chapter.notebook_path.stat().st_mtime_ns) == stamps
    assert len(runs) == 1


def test_edited_words_reach_the_notebook_without_a_run(chapter, runs):
    sync(chapter)
    edit(chapter.text_path, "Some words.", "Other words.")
    sync(chapter)
    assert pairs.read_notebook_half(chapter).cells[2].source == "Other words."
    assert len(runs) == 1


def test_edited_notebook_reaches_the_text_whatever_the_file_times(chapter, runs):
    sync(chapter)
    edit(chapter.notebook_path, "Some words.", "Other words.")
    time.sleep(0.01)
    chapter.text_path.touch()  # newer, and yet not the half that was edited
    sync(chapter)
    assert "# Other words." in chapter.text_path.read_text(encoding="utf-8")


def test_edited_alternative_text_needs_no_run_even_from_the_cache(chapter, runs):
    sync(chapter)
    edit(chapter.text_path, "A line that rises.", "A line that falls.")
    notebook, _ = chapters.align(chapter)
    executed, note = chapters.run(chapter, notebook, "", clean=True)
    assert note == "outputs reused"
    assert executed.cells[3].metadata.mystnb.image.alt == "A line that falls."
    assert len(runs) == 1


def test_edited_code_runs_again(chapter, runs):
    sync(chapter)
    edit(chapter.text_path, "x = 1", "x = 2")
    sync(chapter)
    assert len(runs) == 2
    assert pairs.read_notebook_half(chapter).cells[1].outputs[0].text == "run 2\n"


def test_both_halves_edited_is_an_error_that_loses_nothing(chapter, runs):
    sync(chapter)
    edit(chapter.text_path, "Some words.", "Words of the text.")
    edit(chapter.notebook_path, "Some words.", "Words of the notebook.")
    before = both(chapter)
    with pytest.raises(pairs.PairError) as caught:
        sync(chapter)
    message = str(caught.value)
    for expected in (str(chapter.text_path), str(chapter.notebook_path), "Words of the text", "KEEP=py"):
        assert expected in message
    assert both(chapter) == before


@pytest.mark.parametrize(("keep", "kept", "lost"), [("py", "the text", "ipynb"), ("ipynb", "the notebook", "py")])
def test_keeping_one_half_saves_the_other(chapter, runs, keep, kept, lost):
    sync(chapter)
    edit(chapter.text_path, "Some words.", "Words of the text.")
    edit(chapter.notebook_path, "Some words.", "Words of the notebook.")
    sync(chapter, keep)
    assert f"Words of {kept}." in chapter.text_path.read_text(encoding="utf-8")
    assert f"Words of {kept}." in chapter.notebook_path.read_text(encoding="utf-8")
    saved = chapter.root / "_build" / "replaced" / "chapters" / f"01_small.{lost}"
    assert kept not in saved.read_text(encoding="utf-8")


def test_both_halves_edited_alike_is_no_conflict(chapter, runs):
    sync(chapter)
    edit(chapter.text_path, "Some words.", "Other words.")
    edit(chapter.notebook_path, "Some words.", "Other words.")
    sync(chapter)
    edit(chapter.text_path, "Other words.", "Third words.")
    sync(chapter)
    assert "Third words." in chapter.notebook_path.read_text(encoding="utf-8")


def test_cells_keep_their_ids(chapter, runs):
    sync(chapter)
    title, code, words, last = ids(chapter)
    edit(chapter.text_path, "Some words.", "Other words.")
    edit(chapter.text_path, "x = 1", "x = 1000")
    sync(chapter)
    assert ids(chapter) == [title, code, words, last], "edited in place"
    edit(chapter.text_path, "# %%\nx = 1000", "# %%\nnew = 0\n\n# %%\nx = 1000")
    sync(chapter)
    first, inserted, *rest = ids(chapter)
    assert [first, *rest] == [title, code, words, last] and inserted not in (title, code, words, last), "inserted"
    text = chapter.text_path.read_text(encoding="utf-8")
    chapter.text_path.write_text(text.replace("# %%\nnew = 0\n\n", "") + "\n# %%\nnew = 0\n", encoding="utf-8")
    sync(chapter)
    assert ids(chapter) == [title, code, words, last, inserted], "moved to the end"


def test_blank_lines_agree_with_the_formatter(chapter):
    code = "# %%\nx = 1\n\n\n# %%\ndef f():\n    return 1\n\n\n# %% [markdown]\n# Words.\n\n# %%\nf()\n"
    chapter.text_path.write_text(code, encoding="utf-8")
    text = pairs.text_of(pairs.read_text_half(chapter))
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    assert formatted.stdout == text


def test_pasted_images_are_refused(chapter, runs):
    sync(chapter)
    notebook = pairs.read_notebook_half(chapter)
    notebook.cells[0].attachments = {"a.png": {"image/png": ""}}
    chapter.notebook_path.write_text(nbformat.writes(notebook), encoding="utf-8")
    with pytest.raises(pairs.PairError, match="cell 1 holds a pasted image"):
        sync(chapter)


def test_a_damaged_notebook_is_named(chapter, runs):
    sync(chapter)
    chapter.notebook_path.write_bytes(chapter.notebook_path.read_bytes()[:-50])
    with pytest.raises(pairs.PairError, match=r"01_small\.ipynb: not a notebook[\s\S]*delete the \.ipynb"):
        sync(chapter)


def test_an_unknown_chapter_is_named(project, capsys):
    assert chapters.main(["sync", "07"], root=project) == 1
    assert "'07' names 0 chapters" in capsys.readouterr().err


@pytest.fixture
def sheet(project):
    """A sheet in small, named as the chapter is."""
    flags = (
        '{"task": false, "locked": true, "grade_id": "setup", "grade": false, "schema_version": 3, "solution": false}'
    )
    folder = project / "exercises" / "source" / "01_small"
    folder.mkdir(parents=True)
    (folder / "01_small.py").write_text(f"# %% [markdown]\n# # A sheet\n\n# %% nbgrader={flags}\ny = 2\n")
    (folder / "01_small-Copy1.ipynb").write_text("somebody's copy")
    return pairs.find_pairs(project, "sheet")[0]


def test_a_copy_made_in_jupyterlab_is_no_chapter(project):
    (project / "chapters" / "01_small-Copy1.ipynb").write_text("somebody's copy")
    assert [pair.name for pair in pairs.find_pairs(project, "chapter", ["01"])] == ["01_small"]


def test_a_sheet_is_a_pair_like_a_chapter(project, sheet, runs):
    assert chapters.main(["sync"], root=project) == 0
    assert runs == ["01_small", "01_small"]
    notebook = pairs.read_notebook_half(sheet)
    assert pairs.outputs_are_fresh(notebook, pairs.environment_fingerprint(project))
    assert notebook.cells[1].metadata.nbgrader.grade_id == "setup"
    text = sheet.text_path.read_text(encoding="utf-8")
    assert 'nbgrader={"grade": false, "grade_id": "setup", "locked": true' in text, "keys in order, as in the notebook"
    before = both(sheet)
    edit(sheet.notebook_path, "A sheet", "The sheet")
    assert chapters.main(["sync", "--sheet", "01"], root=project) == 0
    assert both(sheet) != before and "# # The sheet" in sheet.text_path.read_text(encoding="utf-8")
    before = both(sheet)
    assert chapters.main(["sync", "--sheet", "01"], root=project) == 0
    assert both(sheet) == before


def test_chapters_and_sheets_are_named_apart(project, sheet, runs, capsys):
    assert chapters.main(["sync", "01"], root=project) == 0
    assert len(runs) == 1 and not sheet.notebook_path.exists()
    assert chapters.main(["sync", "--sheet", "02"], root=project) == 1
    assert "'02' names 0 sheets; expected exactly one of: 01_small." in capsys.readouterr().err
    chapters.main(["sync"], root=project)
    edit(sheet.text_path, "A sheet", "Another sheet")
    edit(sheet.notebook_path, "A sheet", "This sheet")
    assert chapters.main(["sync"], root=project) == 1
    message = capsys.readouterr().err
    assert "Both halves of sheet 01_small" in message and "make sync SHEET=01_small KEEP=py" in message
    assert chapters.main(["sync", "--sheet", "01", "--keep", "py"], root=project) == 0
    assert (project / "_build" / "replaced" / "exercises" / "source" / "01_small" / "01_small.ipynb").exists()


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(pairs.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pairs.write_atomically(path, "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.txt", "old")]


def test_an_interruption_between_the_halves_loses_no_edit(chapter, runs, monkeypatch):
    sync(chapter)
    edit(chapter.notebook_path, "# A title", "# A great title")
    write, written = pairs.write_atomically, []

    def interrupted(path, content):
        if written:
            raise KeyboardInterrupt
        written.append(path)
        return write(path, content)

    monkeypatch.setattr(pairs, "write_atomically", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sync(chapter)
    monkeypatch.setattr(pairs, "write_atomically", write)
    sync(chapter)
    assert all(b"A great title" in half for half in both(chapter))


def test_what_was_edited_while_it_ran_is_left_alone(chapter, runs, monkeypatch):
    quick = chapters.execute

    def edited_meanwhile(notebook, pair, progress):
        edit(pair.notebook_path, "# A title", "# A great title")
        return quick(notebook, pair, progress)

    monkeypatch.setattr(chapters, "execute", edited_meanwhile)
    with pytest.raises(pairs.PairError, match="was edited while it was executed"):
        sync(chapter)
    sync(chapter)
    assert all(b"A great title" in half for half in both(chapter))
    assert len(runs) == 1, "the run is kept"


def test_a_kernel_that_does_not_start_is_told(chapter, monkeypatch):
    notebook = chapters.align(chapter)[0]
    monkeypatch.setenv("PYTHONHOME", str(chapter.root / "no-python-here"))  # its Python ends at once
    with pytest.raises(pairs.PairError, match=r"no kernel could be started.*\n.*the same command again"):
        chapters.execute(notebook, chapter, Progress("one"))


# --- fingerprints and the cache ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["aelib/data.py", "data/mnist.npz"])
def test_outputs_are_made_again_when_aelib_or_the_data_change(project, chapter, runs, name):
    sync(chapter)
    (project / name).write_bytes((project / name).read_bytes() + b"\nB = 2\n")
    assert not pairs.outputs_are_fresh(pairs.read_notebook_half(chapter), pairs.environment_fingerprint(project))
    sync(chapter)
    assert len(runs) == 2


def test_line_ends_do_not_count(project):
    before = pairs.environment_fingerprint(project)
    (project / "aelib" / "data.py").write_bytes(b"A = 1\r\n")
    assert pairs.environment_fingerprint(project) == before


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ('"""Another\n\nmodule."""\nA = 1\n\ndef f():\n    """Words,\n    “quoted”."""\n    return A\n', True),
        ('A = 1\ndef f():\n    "Words"; return A\n', False),
        ('"""Old."""\nA = 1\ndef f():\n    """Old."""\n    return "another value"\n', False),
        ('"""Old."""\nA = """no docstring"""\ndef f():\n    """Old."""\n    return A\n', False),
    ],
)
def test_docstrings_do_not_count_and_all_else_does(project, source, same):
    (project / "aelib" / "data.py").write_text('"""Old."""\nA = 1\n\ndef f():\n    """Old."""\n    return A\n')
    before = pairs.environment_fingerprint(project)
    (project / "aelib" / "data.py").write_text(source, encoding="utf-8")
    assert (pairs.environment_fingerprint(project) == before) is same


def test_a_module_that_does_not_parse_counts_as_it_is(project):
    broken = []
    for source in ('"""Old."""\nA = (\n', '"""New."""\nA = (\n'):
        (project / "aelib" / "data.py").write_text(source)
        broken.append(pairs.environment_fingerprint(project))
    assert broken[0] != broken[1]


def test_only_versions_of_libraries_that_aelib_needs_count(project):
    (project / "pyproject.toml").write_text('[project]\ndependencies = ["numpy>=2"]\n')
    fingerprints = []
    for lock in ("numpy==2.0\npytest==9.0\n", "numpy==2.0\npytest==9.1\n", "numpy==2.1\npytest==9.1\n"):
        (project / "requirements.lock").write_text(lock)
        fingerprints.append(pairs.environment_fingerprint(project))
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_the_book_reuses_what_sync_ran(chapter, runs):
    sync(chapter)
    notebook, _ = chapters.align(chapter)
    assert chapters.run(chapter, notebook, "", clean=False)[1] == "outputs reused"
    assert len(runs) == 1


def test_tampered_outputs_are_noticed(project, chapter, runs):
    sync(chapter)
    edit(chapter.notebook_path, "run 1", "run 7")
    assert not pairs.outputs_are_fresh(pairs.read_notebook_half(chapter), pairs.environment_fingerprint(project))
    sync(chapter)
    assert "run 1" in chapter.notebook_path.read_text(encoding="utf-8")
    assert len(runs) == 1


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_a_half_written_cache_entry_is_dropped(project, chapter, runs, damage):
    sync(chapter)
    (entry,) = (project / "_build" / ".jupyter_cache" / "executed").glob("*/base.ipynb")
    if damage == "missing":
        entry.unlink()
        entry.parent.rmdir()
    else:
        entry.write_text(entry.read_text(encoding="utf-8")[:100], encoding="utf-8")
    notebook, _ = chapters.align(chapter)
    assert chapters.run(chapter, notebook, "", clean=False)[1] == "executed"
    assert chapters.run(chapter, notebook, "", clean=False)[1] == "outputs reused"


def test_a_real_run_and_what_is_refused(project, chapter, capfd):
    assert chapters.main(["sync"], root=project) == 0
    notebook = pairs.read_notebook_half(chapter)
    assert chapter.notebook_path.read_text(encoding="utf-8") == pairs.notebook_json(
        pairs.renew(notebook, notebook, chapter)
    )
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert outputs[0][0].data["text/plain"] == "1"
    assert outputs[1][0].text == "cell 1\n"

    edit(chapter.text_path, 'print("cell", x)', "import warnings\n\nwarnings.warn('mind this')")
    assert chapters.main(["sync"], root=project) == 1
    message = capfd.readouterr().err
    assert "01_small" in message and "cell 4" in message and "mind this" in message
    assert not any(cell.get("outputs") for cell in pairs.read_notebook_half(chapter).cells[2:])

    edit(chapter.text_path, "warnings.warn('mind this')", "1 / 0")
    assert chapters.main(["sync"], root=project) == 1
    message = capfd.readouterr().err
    assert "cell 4 of 4" in message and "ZeroDivisionError" in message and "1 / 0" in message
    assert (project / "_build" / "failed" / "chapters" / "01_small.ipynb").exists()


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ({"output_type": "stream", "name": "stderr", "text": "oh"}, "stderr"),
        ({"output_type": "stream", "name": "stdout", "text": "10/20\r"}, "progress bar"),
        ({"output_type": "stream", "name": "stdout", "text": "UserWarning: oh"}, "warning"),
        ({"output_type": "stream", "name": "stdout", "text": "WARNING:tensorflow:oh"}, "warning"),
        ({"output_type": "display_data", "data": {"text/plain": "<Figure size 640x480>"}, "metadata": {}}, "Figure"),
        (
            {"output_type": "display_data", "data": {"text/plain": "<a.B at 0x7f68>"}, "metadata": {}},
            "'<a.B at 0x7f68>' says nothing",
        ),
        ({"output_type": "error", "ename": "E", "evalue": "v", "traceback": []}, "error E: v"),
        ({"output_type": "stream", "name": "stdout", "text": "fine"}, None),
    ],
)
def test_output_problems(output, problem):
    cell = nbformat.v4.new_code_cell("x", outputs=[nbformat.from_dict(output)])
    found = pairs.output_problems(nbformat.v4.new_notebook(cells=[cell]))
    assert len(found) == (problem is not None)
    assert problem is None or (problem in found[0] and "cell 1" in found[0])


def test_figures_are_stored_with_a_palette_once():
    pixels = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    before = io.BytesIO()
    Image.fromarray(np.dstack([pixels, pixels.T, pixels])).save(before, "png")
    data = {"image/png": base64.b64encode(before.getvalue()).decode()}
    cell = nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", data=data)])
    notebook = pairs.shrink_figures(nbformat.v4.new_notebook(cells=[cell]))
    once = notebook.cells[0].outputs[0].data["image/png"]
    image = Image.open(io.BytesIO(base64.b64decode(once)))
    assert image.mode == "P" and image.size == (256, 256)
    deviation = np.abs(np.asarray(image.convert("RGB"), int) - np.dstack([pixels, pixels.T, pixels]))
    assert deviation.mean() < 8
    assert pairs.shrink_figures(notebook).cells[0].outputs[0].data["image/png"] == once


# --- set-up --------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder to set up, and commands that only note that they were called."""
    (tmp_path / "requirements.lock").write_text("numpy==2.0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")

    def note(command, failure):
        calls.append("venv" if "venv" in command else "aelib")
        setup.venv_python(tmp_path).parent.mkdir(parents=True, exist_ok=True)
        setup.venv_python(tmp_path).touch()

    calls = []
    monkeypatch.setattr(setup, "run", note)
    monkeypatch.setattr(setup, "install_lock", lambda root: calls.append("lock"))
    monkeypatch.setattr(setup, "find_python", lambda root, override: sys.executable)
    return tmp_path, calls


def test_set_up_happens_once(home):
    folder, calls = home
    setup.set_up(folder)
    assert calls == ["venv", "lock", "aelib"]
    setup.set_up(folder)
    assert len(calls) == 3


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_lock_is_installed_into_the_same_environment(home, name):
    folder, calls = home
    setup.set_up(folder)
    (folder / name).write_text("other")
    setup.set_up(folder)
    assert calls[3:] == ["lock", "aelib"]
    assert setup.state(folder) == "ready"


def test_an_interrupted_set_up_starts_afresh(home, monkeypatch):
    folder, _ = home

    def interrupted(root):
        (root / ".venv" / "half").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(setup, "install_lock", interrupted)
        with pytest.raises(KeyboardInterrupt):
            setup.set_up(folder)
    assert setup.state(folder) == "create"
    setup.set_up(folder)
    assert not (folder / ".venv" / "half").exists()
    assert setup.state(folder) == "ready"


def test_an_interrupted_update_is_noticed(home, monkeypatch):
    folder, _ = home
    setup.set_up(folder)
    (folder / "requirements.lock").write_text("numpy==2.1\n")

    def interrupted(root):
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "install_lock", interrupted)
    with pytest.raises(KeyboardInterrupt):
        setup.set_up(folder)
    assert setup.state(folder) == "create"


def test_a_damaged_or_moved_environment_is_noticed(home):
    folder, _ = home
    setup.set_up(folder)
    stamp = json.loads(setup.stamp_path(folder).read_text())
    setup.stamp_path(folder).write_text(json.dumps(dict(stamp, folder="/elsewhere")))
    assert setup.state(folder) == "create"
    setup.stamp_path(folder).write_text("{")
    assert setup.state(folder) == "create"
    setup.stamp_path(folder).write_text(json.dumps(stamp))
    assert setup.state(folder) == "ready"
    setup.venv_python(folder).unlink()
    assert setup.state(folder) == "create"


def fake_python(folder, name, version):
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="needs shell scripts as stand-ins for Python")
def test_a_suitable_python_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    fake_python(tmp_path, "python3", "3 14")
    monkeypatch.setattr(setup, "CANDIDATES", ("python3",))
    with pytest.raises(setup.SetupError, match=r"Python 3\.11 to 3\.13 is needed; found: .*python3 is 3\.14"):
        setup.find_python(tmp_path / "course")
    monkeypatch.setattr(setup, "CANDIDATES", ("python3", "python3.12"))
    good = fake_python(tmp_path, "python3.12", "3 12")
    assert setup.find_python(tmp_path / "course") == str(good)
    old = fake_python(tmp_path, "python3.9", "3 9")
    with pytest.raises(setup.SetupError, match=r"found: .*python3\.9 is 3\.9"):
        setup.find_python(tmp_path / "course", str(old))
    with pytest.raises(setup.SetupError, match="found: none of /no/python"):
        setup.find_python(tmp_path / "course", "/no/python")


def test_set_up_says_nothing_and_is_quick_when_ready(home, capsys):
    folder, _ = home
    setup.set_up(folder)
    capsys.readouterr()
    start = time.process_time()  # not what the machine's other processes take
    setup.set_up(folder)
    assert time.process_time() - start < 0.1
    assert capsys.readouterr().out == ""


def test_set_up_needs_nothing_but_the_standard_library():
    script = Path(setup.__file__)
    subprocess.run([sys.executable, "-S", "-I", "-c", f"import runpy; runpy.run_path({str(script)!r})"], check=True)
