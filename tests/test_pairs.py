"""Every chapter and sheet: two equal halves, fresh and clean outputs; and the form that all chapters share.

What else a sheet must be is in test_exercises.py.
"""

import ast
import re
import unicodedata
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from test_book import RAW_MARKUP

import pairs
import sheets

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = pairs.find_pairs(ROOT, "chapter")
SHEETS = pairs.find_pairs(ROOT, "sheet")
PAGES = sorted((ROOT / "chapters").glob("*.md"))

SECTIONS = (
    "What you will learn",
    "What you need",
    "Summary",
    "Pitfalls",
    "Exercises",
    "Further reading",
    "Next",
    "Check your run",
)
MOST_LINES = 20
MOST_BYTES = 1_000_000
FITTING = {"fit", "fit_transform", "fit_predict", "partial_fit", "train_on_batch"}
ROLE_OR_DIRECTIVE = re.compile(r"\{[a-zA-Z][\w:+-]*\}`|^\s*(```+|~~~+|:::+)\s*\{", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(home|root|Users|tmp|work|mnt|opt|usr|var)/|\b[A-Z]:\\(?=\w)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")

pytestmark = pytest.mark.filterwarnings("ignore")


def each_pair(function):
    return pytest.mark.parametrize("pair", [*CHAPTERS, *SHEETS], ids=str)(function)


def each_chapter(function):
    return pytest.mark.parametrize("chapter", CHAPTERS, ids=str)(function)


def mend(pair):
    return f"mend with: {pair.sync_command}"


def notebook_of(pair):
    if not pair.notebook_path.exists():
        pytest.skip("no notebook: test_halves_are_equal says so")
    return pairs.read_notebook_half(pair)


def cells(notebook, kind):
    return [(number, cell) for number, cell in enumerate(notebook.cells, start=1) if cell.cell_type == kind]


def without_code(markdown):
    """Markdown less its code, in which anything may stand."""
    markdown = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]+`", "", markdown)


def prose(notebook):
    return "\n\n".join(cell.source for _, cell in cells(notebook, "markdown"))


def headings(markdown):
    plain = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return [(len(marks), title.strip()) for marks, title in re.findall(r"^(#{1,6})\s+(.+)$", plain, re.MULTILINE)]


def slug(title):
    """The anchor that code hosts and the book give a heading."""
    title = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower()
    return re.sub(r"[^\w\- ]", "", title).replace(" ", "-")


def markdown_of(path):
    if path.suffix == ".ipynb":
        return prose(notebook_of(next(pair for pair in [*CHAPTERS, *SHEETS] if pair.notebook_path == path)))
    return path.read_text(encoding="utf-8")


def test_there_are_chapters_and_sheets_and_all_are_in_the_book():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]
    names = {f"chapters/{path}" for path in [*(chapter.name for chapter in CHAPTERS), *(page.stem for page in PAGES)]}
    names |= {f"{sheets.PAGES}/{sheet.name}/{sheet.name}" for sheet in SHEETS}
    assert CHAPTERS, "no chapter found in chapters/"
    assert SHEETS, "no sheet found in exercises/source/"
    assert set(files) == names, (
        f"_toc.yml and the folders differ in: {sorted(set(files) ^ names)}; add them to _toc.yml"
    )
    for sheet in SHEETS:
        before = files[files.index(f"{sheets.PAGES}/{sheet.name}/{sheet.name}") - 1]
        assert before == f"chapters/{sheet.name}", f"_toc.yml: {sheet} should follow its chapter, not {before}"


@each_pair
def test_halves_are_equal(pair):
    assert pair.text_path.exists(), f"{pair.text_path} is missing; {mend(pair)}"
    assert pair.notebook_path.exists(), f"{pair.notebook_path} is missing; {mend(pair)}"
    text = pair.text_path.read_text(encoding="utf-8")
    assert pairs.text_of(notebook_of(pair)) == text, f"{pair}: the halves differ; {mend(pair)}"


@each_pair
def test_notebook_holds_nothing_of_one_machine(pair):
    notebook = notebook_of(pair)
    canonical = pairs.notebook_json(pairs.renew(notebook, notebook, pair))
    found = pair.notebook_path.read_text(encoding="utf-8")
    assert found == canonical, f"{pair.notebook_path.name} is not in its canonical form; {mend(pair)}"
    for number, cell in enumerate(notebook.cells, start=1):
        texts = [cell.source]
        for output in cell.get("outputs", []):
            texts += [output.get("text", "")] + [
                value for kind, value in output.get("data", {}).items() if kind.startswith("text/")
            ]
        for text in texts:
            path = MACHINE_PATH.search(text)
            assert not path, f"{pair}, cell {number}: a path of one machine: {text[path.start() :][:60]!r}"


@each_pair
def test_outputs_are_of_this_code(pair):
    notebook = notebook_of(pair)
    assert pairs.runs_in_order(notebook), f"{pair}: not executed once from first to last; {mend(pair)}"
    fresh = pairs.outputs_are_fresh(notebook, pairs.environment_fingerprint(ROOT))
    assert fresh, f"{pair}: code, aelib, data or library changed since the outputs were made; {mend(pair)}"


@each_pair
def test_outputs_are_clean(pair):
    problems = pairs.output_problems(notebook_of(pair))
    assert not problems, f"{pair}:\n" + "\n".join(problems) + f"\nchange the cell, then {mend(pair)}"


@each_pair
def test_every_figure_has_alternative_text(pair):
    for number, cell in cells(notebook_of(pair), "code"):
        if any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) >= 20, (
                f"{pair.text_path.name}, cell {number} draws a figure but has alternative text {alt!r}; say what "
                'can be seen: # %% mystnb={"image": {"alt": "..."}}'
            )


@each_pair
def test_figures_are_few_bytes(pair):
    notebook_of(pair)
    size = pair.notebook_path.stat().st_size
    assert size < MOST_BYTES, f"{pair.notebook_path.name} has {size:,} bytes; at most {MOST_BYTES:,}: shrink figures"


@each_chapter
def test_cells_are_short(chapter):
    long = [
        f"cell {number} has {len(cell.source.splitlines())} lines ({cell.source.splitlines()[0][:60]})"
        for number, cell in cells(notebook_of(chapter), "code")
        if len(cell.source.splitlines()) > MOST_LINES
    ]
    assert not long, f"{chapter.text_path.name}: at most {MOST_LINES} lines a cell: " + "; ".join(long)


@each_pair
def test_no_cell_is_empty(pair):
    empty = [number for number, cell in enumerate(notebook_of(pair).cells, start=1) if not cell.source.strip()]
    assert not empty, f"{pair.text_path.name}: empty cells: {empty}"


@each_pair
def test_markdown_reads_the_same_everywhere(pair):
    for number, cell in cells(notebook_of(pair), "markdown"):
        where = f"{pair.text_path.name}, cell {number}"
        found = ROLE_OR_DIRECTIVE.search(cell.source)
        assert not found, f"{where}: the MyST role or directive {found.group()!r}; use plain Markdown"
        text = without_code(cell.source)
        inside = re.search(r"^.*\S.*?\$\$.*\S.*$", re.sub(r"^\s*(> )?\$\$.*$", "", text, flags=re.MULTILINE), re.M)
        closes = inside and inside.group().rstrip().endswith("$$") and inside.group().count("$$") == 1
        assert not inside or closes, f"{where}: $$ within a line of text: {inside.group()!r}; give it lines of its own"


@each_chapter
def test_plain_markdown_leaves_nothing_unrendered(chapter):
    """As code hosts render it: GitHub's Markdown and mathematics between dollars, nothing else."""
    renderer = MarkdownIt("gfm-like", {"linkify": False, "html": True}).use(dollarmath_plugin)
    for number, cell in cells(notebook_of(chapter), "markdown"):
        page = BeautifulSoup(renderer.render(cell.source), "html.parser")
        for part in page.select("code, pre, .math, eq, eqn"):
            part.decompose()
        found = RAW_MARKUP.search(page.get_text(" "))
        assert not found, f"{chapter.text_path.name}, cell {number}: not rendered as plain Markdown: {found.group()!r}"


@each_chapter
def test_sections(chapter):
    found = headings(prose(notebook_of(chapter)))
    assert [level for level, _ in found].count(1) == 1 and found[0][0] == 1, f"{chapter.name}: exactly one title, first"
    missing = [name for name in SECTIONS if (2, name) not in found]
    assert not missing, f"{chapter.text_path.name}: sections missing (level 2, exactly so): {', '.join(missing)}"
    for (before, _), (level, title) in pairwise(found):
        assert level <= before + 1, f"{chapter.text_path.name}: the heading {title!r} skips a level"
    predict = re.search(r"^> \*\*Predict first\.\*\*", prose(notebook_of(chapter)), re.MULTILINE)
    assert predict, f"{chapter.text_path.name}: no note that begins '> **Predict first.**'"


@each_pair
def test_equation_tags_are_unique(pair):
    tags = re.findall(r"\\tag\{([^}]*)\}", prose(notebook_of(pair)))
    twice = sorted({tag for tag in tags if tags.count(tag) > 1})
    assert not twice, f"{pair.text_path.name}: equation tags used twice: {twice}"


PATHS = [pair.notebook_path for pair in [*CHAPTERS, *SHEETS]] + PAGES


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    for target in LINK.findall(without_code(markdown_of(path))):
        if re.match(r"[a-z]+:", target):
            assert target.startswith(("https://", "mailto:")), f"{path.name}: link to {target}; use https"
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        in_the_book = file == path or file.is_relative_to(ROOT / "chapters")
        assert in_the_book, f"{path.name}: {target} leaves the book's chapters; link to the repository"
        assert file.exists(), f"{path.name}: link to {target}, a file that does not exist"
        if anchor:
            anchor = unquote(anchor)
            anchors = {slug(title) for _, title in headings(markdown_of(file))}
            assert anchor in anchors, f"{path.name}: {file.name} has no heading with the anchor #{anchor}"


@pytest.mark.parametrize("name", ["glossary", "references"])
def test_entries_are_in_order(name):
    level_2 = None
    groups = {}
    for level, title in headings((ROOT / "chapters" / f"{name}.md").read_text(encoding="utf-8")):
        if level == 2:
            level_2 = title if name == "references" else ""
        elif level == 3:
            groups.setdefault(level_2, []).append(title)
    for entries in groups.values():
        keys = [without_accents(slug(entry)).replace("-", " ") for entry in entries]
        assert keys == sorted(keys), f"{name}.md: not in alphabetical order: {next_out_of_order(entries, keys)}"
        assert len(set(keys)) == len(keys), f"{name}.md: an entry stands twice"


def without_accents(text):
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


def next_out_of_order(entries, keys):
    return next(entry for entry, key, right in zip(entries, keys, sorted(keys), strict=True) if key != right)


def names_in(node):
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def lines_that_fit_on_test_images(tree):
    """List the lines of calls that fit something, or validate, on test images."""
    lines = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        inputs = [*call.args, *(keyword.value for keyword in call.keywords)] if function in FITTING else []
        inputs += [keyword.value for keyword in call.keywords if (keyword.arg or "").startswith("validation")]
        if any(re.search(r"(^|_)test(_|$)", name) for value in inputs for name in names_in(value)):
            lines.append(call.lineno)
    return lines


@each_pair
def test_test_images_are_for_reporting(pair):
    lines = lines_that_fit_on_test_images(ast.parse(pair.text_path.read_text(encoding="utf-8")))
    assert not lines, f"{pair.text_path.name}: test images are fitted or validated on, in lines {lines}"


@pytest.mark.parametrize(
    ("code", "caught"),
    [
        ("model.fit(x_train, x_train, validation_data=(x_test, x_test))", True),
        ("training.fit(model, x_train, validation_data=noisy_test)", True),
        ("PCA(64).fit_transform(mnist.x_test)", True),
        ("model.fit(x_train, validation_data=x_validation)", False),
        ("model.predict(x_test)", False),
        ("model.fit(contest_images)", False),
    ],
)
def test_the_check_on_test_images_catches(code, caught):
    assert bool(lines_that_fit_on_test_images(ast.parse(code))) == caught


@each_pair
def test_aelib_comes_before_keras(pair):
    modules = []
    for node in ast.walk(ast.parse(pair.text_path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            modules.append((node.lineno, node.module.split(".")[0]))
        elif isinstance(node, ast.Import):
            modules += [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
    first = next((name for _, name in sorted(modules) if name in ("aelib", "keras")), "aelib")
    assert first == "aelib", f"{pair.text_path.name}: import aelib before keras, or TensorFlow writes to stderr"
