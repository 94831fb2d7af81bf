"""The chapters and sheets in a real JupyterLab: what its own Markdown and output renderers make of them.

Each is opened with the outputs that are saved in it. The first chapter is run as well, and so is a notebook with a live
explorer; that all chapters run is seen by nbval, that all sheets do by test_exercises.py. The folder is a copy, so
nothing here changes a chapter.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
from test_book import RAW_MARKUP, figures_saved
from test_browser import SCREENSHOTS, find_chromium

import pairs

ROOT = Path(__file__).resolve().parent.parent
PAIRS = [*pairs.find_pairs(ROOT, "chapter"), *pairs.find_pairs(ROOT, "sheet")]
EXPLORER = """import numpy as np
from aelib import models
from aelib.explorer import LatentExplorer
model = models.dense_autoencoder(2, hidden=(8,), code_activation="linear", seed=0)
LatentExplorer(model.decoder, np.random.default_rng(0).normal(size=(50, 2)), np.arange(50) % 10)
"""
# Lab draws a long notebook piece by piece, as it is scrolled; a test wants it whole.
SETTINGS = {
    "notebook-extension/tracker": '{"windowingMode": "none"}',
    "apputils-extension/notification": '{"fetchNews": "false", "checkForUpdates": false}',
}
EMPTIED = "emptied.ipynb"  # the first chapter, without outputs
TEXT = """() => [...document.querySelectorAll(".jp-RenderedMarkdown")].map((element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll("mjx-container, pre, code, script").forEach((part) => part.remove());
    return copy.textContent;
}).join("\\n")"""

PROMPTS = """() => [...document.querySelectorAll(".jp-CodeCell .jp-InputPrompt")].map((prompt) =>
    /\\[\\d+\\]/.test(prompt.textContent) ? "number" : prompt.textContent.includes("*") ? "star" : ""
)"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address of a JupyterLab on a copy of the chapters and sheets."""
    if find_chromium() is None:
        pytest.skip(
            "no Chromium on this machine, so nothing was opened in JupyterLab; install one (apt install chromium)"
        )
    home = tmp_path_factory.mktemp("lab")
    for folder in ("chapters", "exercises/source"):
        shutil.copytree(ROOT / folder, home / "course" / folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(EXPLORER)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(notebook, home / "course" / "explorer.ipynb")
    emptied = pairs.read_notebook_half(PAIRS[0])
    for cell in emptied.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(emptied, home / "course" / "chapters" / EMPTIED)
    for name, text in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--ServerApp.port={port}"]
    command += ["--IdentityProvider.token=", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={home / 'course'}"]
    command += ["--LabApp.expose_app_in_browser=True"]
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "AELIB_DATA": str(ROOT / "data"),
        "JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter_config"),  # as `make lab` sets it
    }
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail(f"JupyterLab did not start:\n{(home / 'log').read_text()[-3000:]}")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


@pytest.fixture(scope="module")
def window(lab):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_context(viewport={"width": 1280, "height": 900})
        browser.close()


@pytest.fixture(scope="module")
def desk(lab, window):
    """A JupyterLab in which one notebook after the other is opened and closed: loading it takes longest."""
    page = window.new_page()
    page.goto(f"{lab}/lab/workspaces/desk/?reset")
    page.wait_for_function("() => window.jupyterapp?.commands.hasCommand('docmanager:open')", timeout=60_000)
    page.evaluate("() => jupyterapp.restored.then(() => 0)")
    return page


def path_of(pair):
    return pair.notebook_path.relative_to(ROOT).as_posix()


def open_notebook(window, lab, path):
    page = window.new_page()
    workspace = re.sub(r"\W", "-", path)
    page.goto(f"{lab}/lab/workspaces/{workspace}/tree/{path}?reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    return page


def wait_for_kernel(page):
    page.wait_for_selector('.jp-NotebookPanel-toolbar [data-status="idle"]', timeout=120_000)


def run_all(page, seconds):
    """Run a notebook that has no outputs yet: saved ones would pass for those of the run."""
    from playwright.sync_api import TimeoutError as NothingHappened

    wait_for_kernel(page)
    # Lab shows a star for a cell that waits or runs, and a number once it is done.
    assert not page.evaluate(PROMPTS).count("number"), "outputs are there before the run"
    page.keyboard.press("Escape")
    for _ in range(3):  # the menu does nothing as long as Lab has not taken the notebook for the current one
        ask = page.get_by_role("button", name="Select", exact=True)
        if ask.count():  # on a busy machine Lab may ask for the kernel, if it was told to run before one is there
            ask.click()
            wait_for_kernel(page)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        with contextlib.suppress(NothingHappened):
            page.wait_for_function(f"() => ({PROMPTS})().some(Boolean)", timeout=10_000)
            break
    page.wait_for_function(f"() => ({PROMPTS})().every((kind) => kind === 'number')", timeout=1000 * seconds)


def faults_of_outputs(page):
    """Standard error and errors among the outputs."""
    wrong = '[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]'
    return page.locator(f".jp-OutputArea {wrong}").all_inner_texts()


def figures_shown(page):
    return page.locator(".jp-OutputArea-output :is(img, figure[data-ready] > div)").count()


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_chapter_or_sheet_reads_well_in_lab(desk, pair):
    from playwright.sync_api import TimeoutError as NothingHappened

    page = desk
    page.evaluate("() => [...jupyterapp.shell.widgets('main')].forEach((panel) => panel.dispose())")
    page.evaluate("(path) => jupyterapp.commands.execute('docmanager:open', { path }).then(() => 0)", path_of(pair))
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    page.wait_for_function("() => !document.querySelector('.jp-RenderedMarkdown.jp-mod-am-unrendered')")
    page.wait_for_function(f"({TEXT})().length > 3000", timeout=60_000)
    # Mathematics is set cell by cell, without a signal at the end. What is never set is found below.
    with contextlib.suppress(NothingHappened):
        page.wait_for_function(f"() => !/\\$/.test(({TEXT})())", timeout=30_000)
    text = page.evaluate(TEXT)
    found = RAW_MARKUP.search(text)
    assert not found, f"{pair}: raw markup in JupyterLab: ...{text[max(0, found.start() - 80) : found.end() + 80]!r}"
    assert len(text) > 3_000, f"{pair}: only {len(text)} characters of text are shown"
    assert not page.locator("mjx-merror").count(), f"{pair}: {page.locator('mjx-merror').first.inner_text()}"
    assert not faults_of_outputs(page)
    assert figures_shown(page) == figures_saved(pair), f"{pair}: figures are missing"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"lab_{str(pair).replace(' ', '_')}.png")


def test_a_chapter_runs_in_lab_and_shows_the_same_figures(lab, window):
    pair = PAIRS[0]
    page = open_notebook(window, lab, f"chapters/{EMPTIED}")
    run_all(page, 300)
    assert not faults_of_outputs(page)
    assert figures_shown(page) == figures_saved(pair)
    assert re.search(r"All \d+ checks passed", page.locator(".jp-NotebookPanel").inner_text())
    page.close()


def test_nbgraders_menus_stay_out_of_the_way(lab, window):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{lab}/formgrader", timeout=20)
    page = open_notebook(window, lab, "explorer.ipynb")
    wait_for_kernel(page)
    assert page.get_by_role("menuitem", name="Run", exact=True).count()
    assert not page.get_by_role("menuitem", name="Nbgrader", exact=True).count()
    page.close()


def test_the_explorer_is_live_in_lab(lab, window):
    page = open_notebook(window, lab, "explorer.ipynb")
    run_all(page, 120)
    figure = page.locator("figure[data-ready]")
    figure.wait_for(timeout=20_000)
    said = figure.locator("output")
    before = said.inner_text()
    figure.locator("canvas").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert said.inner_text() != before, "in JupyterLab, too, an arrow key should move the point"
    page.screenshot(path=SCREENSHOTS / "lab_explorer.png")
    page.close()
