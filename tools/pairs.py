"""The two halves of a chapter or an exercise sheet: ``NN_name.py`` (py:percent), ``NN_name.ipynb`` (with outputs).

Everything here is about contents; nothing executes. A notebook records in ``metadata.aelib`` what it was last brought
into step with, so that a fresh clone, whose file times mean nothing, still knows which half was edited:

``text``
    SHA-256 of the contents as py:percent text, when both halves were last equal.
``run``
    fingerprint of the code cells and of all that they depend on, when the outputs were made.
``outputs``
    SHA-256 of the outputs as that run left them.
"""

from __future__ import annotations

import ast
import base64
import copy
import hashlib
import io
import json
import os
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from pathlib import Path

import jupytext
import nbformat
from jupytext.config import JupytextConfiguration
from nbformat import NotebookNode
from PIL import Image

# What ipykernel calls itself: JupyterLab writes these values back on saving, so anything else would change for ever.
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# Without the version of Python, which would change with every machine.
LANGUAGE_INFO = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python", "pygments_lexer": "ipython3"}
CELL_METADATA = ("mystnb", "nbgrader", "tags")
# A chapter's or a sheet's name. A reader's own copy, which JupyterLab calls NN_name-Copy1, is neither.
NAME = re.compile(r"\d\d_\w+")
# Where each kind of pair lies.
PLACES = {"chapter": "chapters", "sheet": "exercises/source/{name}"}
# The same filters stand in pyproject.toml, for JupyterLab.
_FORMAT = JupytextConfiguration(
    notebook_metadata_filter="kernelspec,-all", cell_metadata_filter=",".join([*CELL_METADATA, "-all"])
)

_PROGRESS = re.compile(r"[\r\x08]|\x1b\[")
_WARNING = re.compile(r"\b\w*(Warning|WARNING):")
_ADDRESS = re.compile(r"<[\w.]+ (object )?at 0x[0-9a-f]+>")


class PairError(Exception):
    """Something about a chapter or a sheet that its author must mend; the message says what and how."""


@dataclass(frozen=True)
class Pair:
    """Two files, of which one may not exist yet: a chapter, or an exercise sheet.

    Parameters
    ----------
    root : Path
        The repository's root.
    kind : {"chapter", "sheet"}
        What it is, and so where it lies; see ``PLACES``.
    name : str
        ``NN_name``. A sheet has its chapter's name.
    """

    root: Path
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    @property
    def folder(self) -> Path:
        return self.root / PLACES[self.kind].format(name=self.name)

    @property
    def text_path(self) -> Path:
        return self.folder / f"{self.name}.py"

    @property
    def notebook_path(self) -> Path:
        return self.folder / f"{self.name}.ipynb"

    @property
    def sync_command(self) -> str:
        return f"make sync {self.kind.upper()}={self.name}"


def find_pairs(root: Path, kind: str, wanted: list[str] | None = None) -> list[Pair]:
    """List the chapters or the sheets, in order.

    Parameters
    ----------
    root : Path
        The repository's root.
    kind : {"chapter", "sheet"}
        Which of the two.
    wanted : list of str, optional
        Numbers (``03``), names (``03_dense_autoencoder``) or paths of those wanted; all if empty.

    Raises
    ------
    PairError
        If a wanted one does not exist or matches more than one.
    """
    files = [path for end in ("py", "ipynb") for path in root.glob(PLACES[kind].format(name="*") + f"/*.{end}")]
    files = [path for path in files if NAME.fullmatch(path.stem)]
    pairs = {path.stem: Pair(root, kind, path.stem) for path in files}
    # A file whose name is not its folder's is no sheet, but someone's copy of one.
    names = sorted(name for name, pair in pairs.items() if {pair.text_path, pair.notebook_path} & set(files))
    chosen = set()
    for wish in wanted or []:
        stem = Path(wish).stem
        matches = [name for name in names if name == stem] or [name for name in names if name.startswith(f"{stem}_")]
        if len(matches) != 1:
            raise PairError(
                f"'{wish}' names {len(matches)} {kind}s; expected exactly one of: {', '.join(names) or 'none exist'}."
            )
        chosen.add(matches[0])
    return [pairs[name] for name in names if not wanted or name in chosen]


# --- reading and writing -------------------------------------------------------------------------------------------


def write_atomically(path: Path, content: str | bytes) -> bool:
    """Write beside ``path``, then rename; return whether the content changed. An interruption leaves the old file."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return True


def read_text_half(pair: Pair) -> NotebookNode:
    """Read the ``.py`` half as a notebook without outputs."""
    try:
        return jupytext.reads(pair.text_path.read_text(encoding="utf-8-sig"), fmt="py:percent")
    except UnicodeDecodeError as error:
        raise PairError(f"{pair.text_path}: not UTF-8 text ({error}). Save it as UTF-8.") from error


def read_notebook_half(pair: Pair) -> NotebookNode:
    """Read the ``.ipynb`` half."""
    try:
        # Reading through nbformat alone would let an unusual but legal notebook (version 3, no ids) differ later.
        return nbformat.reads(pair.notebook_path.read_text(encoding="utf-8-sig"), as_version=4)
    except Exception as error:  # nbformat raises many kinds, all meaning the same
        raise PairError(
            f"{pair.notebook_path}: not a notebook that can be read ({type(error).__name__}: {error}).\n"
            f"If {pair.text_path.name} is good, delete the .ipynb and run: {pair.sync_command}"
        ) from error


def text_of(notebook: NotebookNode) -> str:
    """Give a notebook's canonical py:percent text: the one form in which contents are compared."""
    plain = nbformat.v4.new_notebook(metadata={"kernelspec": dict(KERNELSPEC)})
    for cell in notebook.cells:
        # In order, as the .ipynb half holds them: else the halves would differ by nothing else.
        kept = {key: _in_order(cell.metadata[key]) for key in CELL_METADATA if cell.metadata.get(key)}
        if cell.cell_type == "code":
            plain.cells.append(nbformat.v4.new_code_cell(cell.source, metadata=kept))
        elif cell.cell_type == "markdown":
            plain.cells.append(nbformat.v4.new_markdown_cell(cell.source, metadata=kept))
        else:
            plain.cells.append(nbformat.v4.new_raw_cell(cell.source, metadata=kept))
    # Two blank lines around definitions, as ruff's formatter wants them; jupytext's own rule differs.
    for cell, following in zip(plain.cells, plain.cells[1:], strict=False):
        apart = _defines(cell, -1) or _defines(following, 0)
        cell.metadata["lines_to_next_cell"] = 2 if apart else 1
    return jupytext.writes(plain, fmt="py:percent", config=_FORMAT)


def _in_order(value):
    """Sort the keys of dictionaries, at every depth."""
    return json.loads(json.dumps(value, sort_keys=True))


def _defines(cell: NotebookNode, position: int) -> bool:
    """Tell whether the first (0) or last (-1) statement of a code cell defines a function or a class."""
    if cell.cell_type != "code":
        return False
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:  # magics
        return False
    return bool(statements) and isinstance(statements[position], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def notebook_json(notebook: NotebookNode) -> str:
    """Give the exact content of the ``.ipynb`` file."""
    return nbformat.writes(notebook) + "\n"


# --- fingerprints --------------------------------------------------------------------------------------------------


def sha256(*parts: str | bytes) -> str:
    """Hash parts so that their boundaries count."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def environment_fingerprint(root: Path) -> str:
    """Fingerprint what chapters and sheets depend on: aelib, the data, and the locked versions of aelib's libraries.

    Line ends do not count, because a version control system may change them, nor do docstrings, which change no output.
    """
    parts: list[str | bytes] = []
    for path in sorted(path for path in (root / "aelib").rglob("*") if path.suffix in {".py", ".js"}):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        parts += [path.relative_to(root).as_posix(), _without_docstrings(content) if path.suffix == ".py" else content]
    for path in sorted((root / "data").glob("*.npz")):
        parts += [path.name, path.read_bytes()]
    project, lock = root / "pyproject.toml", root / "requirements.lock"
    if project.exists() and lock.exists():
        needs = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {}).get("dependencies", [])
        libraries = {re.match(r"[\w.-]+", need).group() for need in needs}
        parts += [line for line in lock.read_text(encoding="utf-8").splitlines() if line.split("==")[0] in libraries]
    return sha256(*parts)


def _without_docstrings(source: bytes) -> bytes:
    # From the text, not the syntax tree: how a tree is written out differs between versions of Python.
    lines: list[bytes | None] = list(source.split(b"\n"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    try:
        tree = ast.parse(source)
    except SyntaxError:  # The chapter that imports it will say where.
        return source
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            first, last = text.lineno - 1, text.end_lineno - 1
            code = lines[first][: text.col_offset] + lines[last][text.end_col_offset :]
            lines[first : last + 1] = [code if code.strip() else None, *[None] * (last - first)]
    return b"\n".join(line for line in lines if line is not None)


def code_of(notebook: NotebookNode) -> list[str]:
    """List the sources of the code cells."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def run_fingerprint(notebook: NotebookNode, environment: str) -> str:
    """Fingerprint all that the outputs of ``notebook`` depend on."""
    return sha256(environment, *code_of(notebook))


def outputs_fingerprint(notebook: NotebookNode) -> str:
    """Fingerprint the outputs themselves."""
    outputs = [(cell.execution_count, cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]
    return sha256(json.dumps(outputs, sort_keys=True))


def record_of(notebook: NotebookNode) -> dict:
    """Give what the notebook says it was last brought into step with (see the module's docstring)."""
    return notebook.metadata.get("aelib", {})


def outputs_are_fresh(notebook: NotebookNode, environment: str) -> bool:
    """Tell whether the outputs are those of a complete run of exactly this code in this environment."""
    record = record_of(notebook)
    return (
        record.get("run") == run_fingerprint(notebook, environment)
        and record.get("outputs") == outputs_fingerprint(notebook)
        and runs_in_order(notebook)
    )


# --- bringing two halves into step ---------------------------------------------------------------------------------


def compare(pair: Pair, keep: str | None = None) -> tuple[NotebookNode, str | None]:
    """Find out which half of a pair is right.

    Parameters
    ----------
    pair : Pair
        The two files.
    keep : {"py", "ipynb"}, optional
        The half to take if both were edited.

    Returns
    -------
    notebook : NotebookNode
        The pair as it should be: contents of the edited half, cell ids and outputs of the old notebook.
    edited : str or None
        The file that was edited, None if the halves are equal.

    Raises
    ------
    PairError
        If both halves were edited differently and ``keep`` does not choose; nothing is changed then.
    """
    if not pair.notebook_path.exists():
        return renew(read_text_half(pair), None, pair), pair.text_path.name
    old = read_notebook_half(pair)
    if not pair.text_path.exists():
        return renew(old, old, pair), pair.notebook_path.name
    new = read_text_half(pair)
    text_half, notebook_half = text_of(new), text_of(old)
    if text_half == notebook_half:
        return renew(old, old, pair), None
    last = record_of(old).get("text")
    text_edited, notebook_edited = sha256(text_half) != last, sha256(notebook_half) != last
    if text_edited and notebook_edited and keep is None:
        raise PairError(_conflict(pair, text_half, notebook_half))
    if keep == "py" or (text_edited and not notebook_edited):
        return renew(new, old, pair), pair.text_path.name
    return renew(old, old, pair), pair.notebook_path.name


def _conflict(pair: Pair, text_half: str, notebook_half: str) -> str:
    lines = list(
        unified_diff(
            notebook_half.splitlines(),
            text_half.splitlines(),
            pair.notebook_path.name,
            pair.text_path.name,
            n=1,
            lineterm="",
        )
    )
    shown = "\n".join(f"    {line}" for line in lines[:30]) + ("\n    ..." if len(lines) > 30 else "")
    return (
        f"Both halves of {pair} were edited since they were last in step, and they differ:\n"
        f"  {pair.notebook_path}\n  {pair.text_path}\n{shown}\n"
        f"Nothing was changed. Copy what you want to keep into one of the two, then take that one:\n"
        f"  {pair.sync_command} KEEP=py       (or KEEP=ipynb)\n"
        "The other half's version is then saved under _build/replaced/."
    )


def renew(contents: NotebookNode, old: NotebookNode | None, pair: Pair) -> NotebookNode:
    """Build the canonical notebook with the cells of ``contents``, and ids, outputs and record from ``old``."""
    cells = [copy.deepcopy(cell) for cell in contents.cells]
    old_cells = list(old.cells) if old is not None else []
    taken: set[str] = set()
    for position, (cell, source) in enumerate(zip(cells, match_cells(cells, old_cells), strict=True)):
        previous = old_cells[source] if source is not None else None
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)})
        if cell.pop("attachments", None):
            link = Path(os.path.relpath(pair.root / "chapters" / "images" / "name.png", pair.folder)).as_posix()
            raise PairError(
                f"{pair.notebook_path.name}: cell {position + 1} holds a pasted image, which a .py cannot hold.\n"
                f"Save the image as a file under chapters/images/ and link it: ![what it shows]({link})"
            )
        if cell.cell_type == "code":
            same_code = previous is not None and previous.source == cell.source
            cell.outputs = copy.deepcopy(previous.outputs) if same_code else []
            cell.execution_count = previous.execution_count if same_code else None
        identity = previous.get("id") if previous is not None else None
        salt = 0
        while identity is None or identity in taken:
            # From the content, not at random: the same text gives the same notebook.
            identity = sha256(pair.name, str(position), cell.source, str(salt))[:8]
            salt += 1
        cell["id"] = identity
        taken.add(identity)
    metadata = {"kernelspec": dict(KERNELSPEC), "language_info": dict(LANGUAGE_INFO)}
    if old is not None and record_of(old):
        metadata["aelib"] = dict(record_of(old))
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    notebook.nbformat_minor = 5
    return tidy_outputs(notebook)


def match_cells(new: list[NotebookNode], old: list[NotebookNode]) -> list[int | None]:
    """For each new cell, find the old cell that it continues: unchanged, moved, or edited in place."""
    keys_new = [(cell.cell_type, cell.source.strip()) for cell in new]
    keys_old = [(cell.cell_type, cell.source.strip()) for cell in old]
    matches: list[int | None] = [None] * len(new)
    edits = []
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, keys_old, keys_new, autojunk=False).get_opcodes():
        if kind == "equal":
            matches[j1:j2] = range(i1, i2)
        elif kind == "replace":
            edits.append((range(i1, i2), range(j1, j2)))
    free = defaultdict(list)
    used = {match for match in matches if match is not None}
    for index, key in enumerate(keys_old):
        if index not in used:
            free[key].append(index)
    for index, key in enumerate(keys_new):
        if matches[index] is None and free[key]:
            matches[index] = free[key].pop(0)
    used = {match for match in matches if match is not None}
    for before, after in edits:
        for kind in ("code", "markdown", "raw"):
            left = [i for i in before if i not in used and keys_old[i][0] == kind]
            right = [j for j in after if matches[j] is None and keys_new[j][0] == kind]
            for i, j in zip(left, right, strict=False):
                matches[j] = i
    return matches


# --- outputs -------------------------------------------------------------------------------------------------------


def tidy_outputs(notebook: NotebookNode) -> NotebookNode:
    """Remove from outputs what only one machine or one session needs; returns the same notebook."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        tidy: list[NotebookNode] = []
        for output in cell.outputs:
            data = output.get("data", {})
            if "application/vnd.jupyter.widget-view+json" in data:
                continue
            if any(key.startswith("image/") for key in data):
                data.pop("text/plain", None)  # "<Figure size 640x480 with 1 Axes>"
            joins = tidy and output.output_type == "stream" and tidy[-1].get("name") == output.name
            if joins:
                tidy[-1].text += output.text
            else:
                tidy.append(output)
        cell.outputs = tidy
    return notebook


def shrink_figures(notebook: NotebookNode) -> NotebookNode:
    """Store each PNG with a palette of 256 colours, which takes a third of the space; returns the same notebook."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                image = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
                if image.mode != "P":
                    smaller = io.BytesIO()
                    # Without dithering: a flat background stays flat.
                    image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(smaller, "png", optimize=True)
                    data["image/png"] = base64.b64encode(smaller.getvalue()).decode() + "\n"
    return notebook


def runs_in_order(notebook: NotebookNode) -> bool:
    """Tell whether the code cells were executed once each, from the first to the last."""
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    return counts == list(range(1, len(counts) + 1))


def output_problems(notebook: NotebookNode) -> list[str]:
    """List what no output may hold: errors, stderr, warnings, progress-bar remains, figures' text, bare objects."""
    problems = []
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        where = f"cell {number} ({cell.source.strip().splitlines()[0][:60] if cell.source.strip() else 'empty'})"
        for output in cell.outputs:
            text = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            if output.output_type == "error":
                problems.append(f"{where}: error {output.ename}: {output.evalue}")
            elif output.output_type == "stream" and output.name == "stderr":
                problems.append(f"{where}: stderr: {text.strip()[:500]}")
            elif _PROGRESS.search(text):
                problems.append(f"{where}: remains of a progress bar or terminal colours: {text.strip()[:80]!r}")
            elif _WARNING.search(text):
                problems.append(f"{where}: a warning: {text.strip()[:300]}")
            elif "<Figure size" in text:
                problems.append(f"{where}: the text {text.strip()[:60]!r} in place of a figure")
            elif _ADDRESS.search(text):
                problems.append(f"{where}: {text.strip()[:80]!r} says nothing; give the cell's last value a name")
    return problems
