"""Every chapter: two equal halves, fresh and clean outputs, and the form that all chapters share."""

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

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = pairs.find_chapters(ROOT)
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


def each_chapter(function):
    return pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)(function)


def mend(chapter):
    return f"mend with: make sync CHAPTER={chapter.name}"


def notebook_of(chapter):
    if not chapter.notebook_path.exists():
        pytest.skip("no notebook: test_halves_are_equal says so")
    return pairs.read_notebook_half(chapter)


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
        return prose(notebook_of(pairs.Chapter(path.parent, path.stem)))
    return path.read_text(encoding="utf-8")


def test_there_are_chapters_and_all_are_in_the_book():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = {Path(entry["file"]).name for part in toc["parts"] for entry in part["chapters"]} | {Path(toc["root"]).name}
    names = {chapter.name for chapter in CHAPTERS} | {page.stem for page in PAGES}
    assert CHAPTERS, "no chapter found in chapters/"
    assert files == names, f"_toc.yml and chapters/ differ in: {sorted(files ^ names)}; add them to _toc.yml"


@each_chapter
def test_halves_are_equal(chapter):
    assert chapter.text_path.exists(), f"{chapter.text_path} is missing; {mend(chapter)}"
    assert chapter.notebook_path.exists(), f"{chapter.notebook_path} is missing; {mend(chapter)}"
    text = chapter.text_path.read_text(encoding="utf-8")
    assert pairs.text_of(notebook_of(chapter)) == text, f"{chapter.name}: the halves differ; {mend(chapter)}"


@each_chapter
def test_notebook_holds_nothing_of_one_machine(chapter):
    notebook = notebook_of(chapter)
    canonical = pairs.notebook_json(pairs.renew(notebook, notebook, chapter))
    found = chapter.notebook_path.read_text(encoding="utf-8")
    assert found == canonical, f"{chapter.notebook_path.name} is not in its canonical form; {mend(chapter)}"
    for number, cell in enumerate(notebook.cells, start=1):
        texts = [cell.source]
        for output in cell.get("outputs", []):
            texts += [output.get("text", "")] + [
                value for kind, value in output.get("data", {}).items() if kind.startswith("text/")
            ]
        for text in texts:
            path = MACHINE_PATH.search(text)
            assert not path, f"{chapter.name}, cell {number}: a path of one machine: {text[path.start() :][:60]!r}"


@each_chapter
def test_outputs_are_of_this_code(chapter):
    notebook = notebook_of(chapter)
    assert pairs.runs_in_order(notebook), f"{chapter.name}: not executed once from first to last; {mend(chapter)}"
    fresh = pairs.outputs_are_fresh(notebook, pairs.environment_fingerprint(ROOT))
    assert fresh, f"{chapter.name}: code, aelib, data or library changed since the outputs were made; {mend(chapter)}"


@each_chapter
def test_outputs_are_clean(chapter):
    problems = pairs.output_problems(notebook_of(chapter))
    assert not problems, f"{chapter.name}:\n" + "\n".join(problems) + f"\nchange the cell, then {mend(chapter)}"


@each_chapter
def test_every_figure_has_alternative_text(chapter):
    for number, cell in cells(notebook_of(chapter), "code"):
        if any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) >= 20, (
                f"{chapter.text_path.name}, cell {number} draws a figure but has alternative text {alt!r}; say what "
                'can be seen: # %% mystnb={"image": {"alt": "..."}}'
            )


@each_chapter
def test_figures_are_few_bytes(chapter):
    notebook_of(chapter)
    size = chapter.notebook_path.stat().st_size
    assert size < MOST_BYTES, f"{chapter.notebook_path.name} has {size:,} bytes; at most {MOST_BYTES:,}: shrink figures"


@each_chapter
def test_cells_are_short(chapter):
    long = [
        f"cell {number} has {len(cell.source.splitlines())} lines ({cell.source.splitlines()[0][:60]})"
        for number, cell in cells(notebook_of(chapter), "code")
        if len(cell.source.splitlines()) > MOST_LINES
    ]
    assert not long, f"{chapter.text_path.name}: at most {MOST_LINES} lines a cell: " + "; ".join(long)
    empty = [number for number, cell in enumerate(notebook_of(chapter).cells, start=1) if not cell.source.strip()]
    assert not empty, f"{chapter.text_path.name}: empty cells: {empty}"


@each_chapter
def test_markdown_reads_the_same_everywhere(chapter):
    for number, cell in cells(notebook_of(chapter), "markdown"):
        where = f"{chapter.text_path.name}, cell {number}"
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


@each_chapter
def test_equation_tags_are_unique(chapter):
    tags = re.findall(r"\\tag\{([^}]*)\}", prose(notebook_of(chapter)))
    twice = sorted({tag for tag in tags if tags.count(tag) > 1})
    assert not twice, f"{chapter.text_path.name}: equation tags used twice: {twice}"


PATHS = [chapter.notebook_path for chapter in CHAPTERS] + PAGES


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in LINK.findall(without_code(markdown_of(path))):
        if re.match(r"[a-z]+:", target):
            assert target.startswith(("https://", "mailto:")), f"{path.name}: link to {target}; use https"
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.is_relative_to(ROOT / "chapters"), f"{path.name}: {target} leaves the book; link to the repository"
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


def test_images_in_training(tree):
    """List the lines of calls that fit something, or validate, on test images."""
    lines = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        inputs = [*call.args, *(keyword.value for keyword in call.keywords)] if function in FITTING else []
        inputs += [keyword.value for keyword in call.keywords if (keyword.arg or "").startswith("validation")]
        if any(re.search(r"(^|_)test(_|$)", name) for value in inputs for name in names_in(value)):
            lines.append(call.lineno)
    return lines


test_images_in_training.__test__ = False


@each_chapter
def test_test_images_are_for_reporting(chapter):
    lines = test_images_in_training(ast.parse(chapter.text_path.read_text(encoding="utf-8")))
    assert not lines, f"{chapter.text_path.name}: test images are fitted or validated on, in lines {lines}"


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
    assert bool(test_images_in_training(ast.parse(code))) == caught


@each_chapter
def test_aelib_comes_before_keras(chapter):
    modules = []
    for node in ast.walk(ast.parse(chapter.text_path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            modules.append((node.lineno, node.module.split(".")[0]))
        elif isinstance(node, ast.Import):
            modules += [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
    first = next((name for _, name in sorted(modules) if name in ("aelib", "keras")), "aelib")
    assert first == "aelib", f"{chapter.text_path.name}: import aelib before keras, or TensorFlow writes to stderr"
