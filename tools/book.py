"""Build the book: execute the chapters and exercise sheets that need it, then make the pages.

Called by the Makefile, and directly where there is no ``make``::

    python tools/book.py                  # build
    python tools/book.py serve            # build, then serve on this machine
    python tools/book.py --solutions 0    # build without a trace of the sheets' solutions

The result is ``_build/html``. It opens from disk.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.server
import shutil
import sys
from pathlib import Path

import yaml
from nbformat import NotebookNode

import chapters
import pairs
import sheets
from pairs import Pair, PairError
from progress import Progress, each, fault_of_files, room, say

ROOT = Path(__file__).resolve().parent.parent
FIRST_PORT = 8000


def configuration(root: Path) -> dict:
    """Read ``_config.yml``; if it names a repository, add the buttons that then lead somewhere."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    if config.get("repository", {}).get("url"):
        config.setdefault("html", {}).update(use_repository_button=True, use_issues_button=True)
        config["launch_buttons"] = {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        }
    # Jupyter Book reads these paths relative to the configuration file, of which this one is a copy elsewhere.
    extensions = config["sphinx"]["local_extensions"]
    config["sphinx"]["local_extensions"] = {name: str(root / folder) for name, folder in extensions.items()}
    return config


def build_pages(root: Path, output: Path, *, execution: str) -> int:
    """Make the pages, with warnings as errors; returns Sphinx's exit status.

    The pages of the exercise sheets are made from what `sheets.write_pages` wrote.

    Parameters
    ----------
    root : Path
        The repository's root.
    output : Path
        Folder for the pages; its parent also gets Sphinx's own files.
    execution : {"cache", "off"}
        Outputs from the cache of executed chapters, or those saved in the notebooks.
    """
    from jupyter_book.sphinx import REDIRECT_TEXT, build_sphinx  # slow to import

    output.parent.mkdir(parents=True, exist_ok=True)
    config = configuration(root)
    effective = output.parent / "_config.yml"
    effective.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
    status = build_sphinx(
        root,
        output,
        noconfig=True,
        path_config=effective,
        confoverrides={
            "external_toc_path": (root / "_toc.yml").as_posix(),
            "nb_execution_mode": execution,
            "nb_execution_cache_path": str(root / "_build" / ".jupyter_cache"),
            "nitpicky": True,
            "latex_individualpages": False,
        },
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    if status == 0:
        first_page = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))["root"] + ".html"
        (output / "index.html").write_text(REDIRECT_TEXT.format(first_page=first_page), encoding="utf-8")
    return 1 if isinstance(status, BaseException) else status


def build(root: Path = ROOT, *, solutions: bool = True) -> int:
    """Execute what changed, then make the pages; returns the exit status.

    Parameters
    ----------
    root : Path
        The repository's root.
    solutions : bool
        Whether the exercise sheets' pages hold their solutions, folded away. If not, the sheets need not be executed.
    """
    html, seen = root / "_build" / "html", root / "_build" / "outputs.sha256"
    outputs: dict[Pair, str] = {}
    pages: dict[Pair, NotebookNode] = {}

    def prepare(pair: Pair, label: str) -> None:
        notebook, note = chapters.align(pair)
        source = ""
        if pair.kind == "chapter" or solutions:
            notebook, source = chapters.run(pair, notebook, label, clean=False)
        if pair.kind == "chapter":
            outputs[pair] = pairs.outputs_fingerprint(notebook)
        else:
            pages[pair] = notebook
        say(f"{label}: {', '.join(filter(None, [note, source])) or 'no solutions, no outputs'}")

    if each(chapters.choose(root, [], []), prepare, at_once=room(), stop=chapters.end_all):
        return 1
    # Figures and words of pages made before stay in the folder and in the search index, whatever the pages are now.
    kind_of_book = root / "_build" / "solutions"
    if not kind_of_book.exists() or kind_of_book.read_text() != str(solutions):
        if html.exists():
            shutil.rmtree(html)
        pairs.write_atomically(kind_of_book, str(solutions))
    sheets.write_pages(root, pages, solutions=solutions)
    # Sphinx makes a page again only if its file changed; outputs also change with aelib or the data, and style sheets
    # are copied only while pages are made.
    assets = [path.read_bytes() for path in sorted((root / "book_assets").rglob("*")) if path.is_file()]
    made_from = pairs.sha256(*(outputs[pair] for pair in sorted(outputs, key=str)), *assets)
    if not seen.exists() or seen.read_text() != made_from:
        seen.unlink(missing_ok=True)
        shutil.rmtree(root / "_build" / ".doctrees", ignore_errors=True)
    with Progress("Making the pages"):
        status = build_pages(root, html, execution="cache")
    if status:
        print("The pages have faults: see the messages above. Every warning counts as an error.", file=sys.stderr)
        return status
    pairs.write_atomically(seen, made_from)
    without = "" if solutions else ", without solutions"
    print(f"\nThe book is built{without}. Open it in a browser:\n  {(html / 'index.html').as_uri()}", flush=True)
    return 0


class _QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        pass


def serve(root: Path = ROOT) -> None:
    """Serve the built book to this machine, on the first free port from 8000."""
    handler = functools.partial(_QuietHandler, directory=root / "_build" / "html")
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
            break
        except OSError:
            continue
    else:
        raise SystemExit(f"ERROR: no free port from {FIRST_PORT} to {FIRST_PORT + 99}.")
    print(f"Serving the book at http://127.0.0.1:{port}/ until you press Ctrl-C.", flush=True)
    with server, contextlib.suppress(KeyboardInterrupt):  # its usual end
        server.serve_forever()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Build the book.")
    parser.add_argument("command", nargs="?", default="build", choices=["build", "serve"])
    parser.add_argument("--solutions", default="1", choices=["0", "1"], help="0: no trace of the sheets' solutions")
    options = parser.parse_args(arguments)
    try:
        status = build(solutions=options.solutions == "1")
        if status == 0 and options.command == "serve":
            serve()
        return status
    except PairError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(fault_of_files(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What was executed is kept; the same command carries on.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
