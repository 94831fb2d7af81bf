"""What comes out of grading: a page for each student, and the table of marks.

A page is one small file that needs nothing else: no network, no script, no style sheet. It shows what the student wrote
and what became of it. Of tests it shows messages only.
"""

from __future__ import annotations

import base64
import csv
import html
import io
import re
from pathlib import Path

import mistune
import nbformat
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

import pairs
import sheets
from gradebook import Part, Row

_FORMATTER = HtmlFormatter(nowrap=True, style="default")
_DARK = HtmlFormatter(nowrap=True, style="monokai")
STYLE = f"""
:root {{ color-scheme: light dark; --line: #b0b7c0; --soft: #f3f5f8; --bad: #a11; --good: #14632b; }}
@media (prefers-color-scheme: dark) {{ :root {{ --line: #555c66; --soft: #20242a; --bad: #ff9a8f; --good: #8fe0a5; }} }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border-bottom: 1px solid var(--line); padding: .3rem 1rem .3rem 0; text-align: left; }}
td.number, th.number {{ text-align: right; }}
pre {{ background: var(--soft); padding: .7rem; overflow-x: auto; border-radius: 4px; white-space: pre-wrap; }}
pre.failed {{ border-left: 4px solid var(--bad); }}
.bad {{ color: var(--bad); }} .good {{ color: var(--good); }}
blockquote {{ border-left: 4px solid var(--line); margin: 1rem 0; padding: 0 1rem; }}
img {{ max-width: 100%; background: white; }}
{_FORMATTER.get_style_defs("pre")}
@media (prefers-color-scheme: dark) {{ {_DARK.get_style_defs("pre")} }}
"""
STAMP = '<meta name="made-from" content="{}">'
_TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


# --- pages ---------------------------------------------------------------------------------------------------------


def write_page(row: Row, notebook_path: Path, page_path: Path) -> bool:
    """Write a student's page for a sheet, if anything that it shows has changed.

    Parameters
    ----------
    row : Row
        The marks.
    notebook_path : Path
        The graded notebook.
    page_path : Path
        Where the page goes.

    Returns
    -------
    bool
        Whether it was written.
    """
    stamp = STAMP.format(pairs.sha256(repr(row), STYLE, Path(__file__).read_bytes(), notebook_path.read_bytes()))
    if page_path.exists() and stamp in page_path.read_text(encoding="utf-8")[:2000]:
        return False
    notebook = nbformat.reads(notebook_path.read_text(encoding="utf-8"), as_version=4)
    return pairs.write_atomically(page_path, page(row, notebook, stamp))


def page(row: Row, notebook: NotebookNode, stamp: str = "") -> str:
    """Give a page's HTML."""
    title = _title(notebook) or row.sheet
    sections = _sections(notebook)
    parts = "".join(_part_html(part, *sections.get(part.grade_id, (part.title, []))) for part in row.parts)
    lines = "".join(
        f'<tr><td>{_text(sections.get(part.grade_id, (part.title,))[0])}</td><td class="number">{_marks(part)}</td>'
        f'<td class="number">{part.maximum:g}</td></tr>'
        for part in row.parts
    )
    notes = "".join(f"<li>{_text(note)}</li>" for note in row.notes)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{stamp}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{_text(title)}: {_text(row.name)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{_text(title)}</h1>
<p>{_text(row.name)}: <strong>{row.total:g} of {row.maximum:g} marks</strong>{_still(row)}</p>
<table>
<caption>Marks</caption>
<thead>
<tr><th scope="col">Part</th><th scope="col" class="number">Marks</th><th scope="col" class="number">of</th></tr>
</thead>
<tbody>{lines}</tbody>
</table>
{f"<h2>What happened</h2><ul>{notes}</ul>" if notes else ""}
{parts}
</main>
</body>
</html>
"""


def _still(row: Row) -> str:
    return f", not counting what is still to be marked: {_text(', '.join(row.awaiting))}" if row.awaiting else ""


def _marks(part: Part) -> str:
    return "" if part.score is None else f"{part.score:g}" + ("?" if part.awaiting else "")


def _title(notebook: NotebookNode) -> str:
    for cell in notebook.cells:
        match = re.search(r"^# (.+)$", cell.source, re.MULTILINE) if cell.cell_type == "markdown" else None
        if match:
            return match[1]
    return ""


def _sections(notebook: NotebookNode) -> dict[str, tuple[str, list[NotebookNode]]]:
    """Give, for each graded part, its heading and the cells to be shown."""
    found, heading, cells = {}, "", []
    for cell in notebook.cells:
        kind = cell.metadata.get("aelib")
        match = sheets.HEADING.search(cell.source) if kind == "text" else None
        if match:
            heading, cells = re.sub(r" \(\d+ marks?\)$", "", match[0][3:]), []
        if kind in ("solution", "own", "tests", "question"):
            cells.append(cell)
        if kind in ("tests", "question"):
            found[sheets.grade_id(cell)] = (heading or sheets.grade_id(cell), cells)
    return found


def _part_html(part: Part, heading: str, cells: list[NotebookNode]) -> str:
    said = [f"<h2>{_text(heading)}</h2>", f"<p>{_verdict(part)}</p>"]
    for cell in cells:
        kind = cell.metadata.get("aelib")
        if kind == "tests":
            said.append(_checks(cell, part))
        elif cell.cell_type == "code":
            said.append(f"<pre>{highlight(cell.source, PythonLexer(), _FORMATTER)}</pre>{_outputs(cell)}")
        else:
            said.append(f"<blockquote>{_markdown(cell)}</blockquote>")
    if part.comment:
        said.append(f"<p><strong>Comment:</strong> {_text(part.comment)}</p>")
    return "\n".join(said)


def _verdict(part: Part) -> str:
    if part.score is None:
        return "Still to be marked."
    again = " Your answer has changed since it was marked, and will be looked at again." if part.awaiting else ""
    return f"<strong>{part.score:g} of {part.maximum:g} marks.</strong>{again}"


def _checks(cell: NotebookNode, part: Part) -> str:
    failures = [output for output in cell.outputs if output.output_type == "error"]
    if not failures:
        return '<p class="good">All checks pass, the hidden ones included.</p>'
    output = failures[0]
    message = output.evalue if output.ename in ("AssertionError", "NotMarked", "Stopped") else ""
    message = message or f"{output.ename}: {output.evalue}"
    path = "\n".join(line for line in output.traceback[:-1])
    where = f'<pre class="failed">{_text(path)}</pre>' if path else ""
    return f'<p class="bad">A check fails: {_text(message)}</p>{where}'


def _outputs(cell: NotebookNode) -> str:
    said = []
    for output in cell.outputs:
        if output.output_type == "stream":
            said.append(f"<pre>{_text(output.text)}</pre>")
        elif output.output_type == "error":
            lines = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
            said.append(f'<pre class="failed">{_text(lines)}</pre>')
        else:
            images = [(kind, output.data[kind]) for kind in ("image/png", "image/jpeg") if kind in output.data]
            for kind, data in images[:1]:
                said.append(f'<img src="data:{kind};base64,{data}" alt="Figure drawn by your code">')
            if not images and "text/plain" in output.data:
                said.append(f"<pre>{_text(output.data['text/plain'])}</pre>")
    return "".join(said)


def _markdown(cell: NotebookNode) -> str:
    # `<` stands in the notebook as &lt; already (see `marking`), and would be escaped once more.
    rendered = mistune.create_markdown(escape=True, plugins=["table"])(cell.source).replace("&amp;lt;", "&lt;")
    for name, bundle in cell.get("attachments", {}).items():
        for kind, data in bundle.items():
            base64.b64decode(data, validate=True)
            place = re.escape(html.escape(f"attachment:{name}"))
            rendered = re.sub(rf'src="{place}"', f'src="data:{kind};base64,{data}"', rendered)
    return rendered


def _text(text: str) -> str:
    return html.escape(_TERMINAL.sub("", text))


# --- the table -----------------------------------------------------------------------------------------------------


def table(rows: list[Row]) -> str:
    """Give the table of marks as CSV: a line for each submission."""
    titles = list(dict.fromkeys(part.title for row in rows for part in row.parts))
    titles.sort(key=lambda title: (title.split()[0] != "Task", int("0" + re.sub(r"\D", "", title)), title))
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(["student", "name", "sheet", *titles, "total", "maximum", "awaiting", "what happened"])
    for row in rows:
        marks = {part.title: "" if part.score is None else f"{part.score:g}" for part in row.parts}
        cells = [row.student, row.name, row.sheet, *[marks.get(title, "") for title in titles]]
        cells += [f"{row.total:g}", f"{row.maximum:g}", ", ".join(row.awaiting), "; ".join(row.notes)]
        writer.writerow([_cell(cell) for cell in cells])
    return "\ufeff" + target.getvalue()  # by this mark spreadsheets know that it is UTF-8


def _cell(text: str) -> str:
    """Keep a spreadsheet from taking a student's text for a formula."""
    text = " ".join(text.split())
    return "'" + text if re.match(r"[=@+-]", text) and not re.fullmatch(r"[+-]\d+(\.\d+)?", text) else text
