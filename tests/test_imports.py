"""Which module may import which, and what importing the ground floor may not drag in."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import aelib

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "aelib").glob("*.py"))
# From the ground up. A module may import those before it only.
ORDER = ["_checks", "_idx", "data", "noise", "losses", "metrics"]
ORDER += ["code_layers", "training", "models", "variational", "baselines", "anomaly", "probes", "compression"]
ORDER += ["experiments", "plots", "explorer", "exercises"]
GROUND_FLOOR = ["data", "noise", "losses", "metrics"]
HEAVY = ["keras", "tensorflow", "sklearn", "skimage", "scipy", "matplotlib", "pandas", "pooch", "requests"]


def imported(path):
    """Return every module that a file imports, at its top or inside a function, by its full name."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(["aelib"] * bool(node.level) + [node.module] * bool(node.module))
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


def run(code):
    # Without the variables under test, which pytest's own process has set by now.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_modules_import_only_those_below_them(path):
    below = set() if path.stem == "__init__" else set(ORDER[: ORDER.index(path.stem)])
    siblings = {name.split(".")[1] for name in imported(path) if name.startswith("aelib.")}
    assert siblings <= below, f"aelib/{path.name} imports {sorted(siblings - below)}, which stands beside or above it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_module_imports_the_backend(path):
    found = {name.split(".")[0] for name in imported(path)} & {"tensorflow", "jax", "torch"}
    assert not found, f"aelib/{path.name} imports {found}; use Keras operations, so that KERAS_BACKEND decides"


@pytest.mark.parametrize("module", ["aelib", *(f"aelib.{name}" for name in GROUND_FLOOR)])
def test_the_ground_floor_imports_nothing_heavy(module):
    assert run(f"import sys, {module}; print(*(name for name in {HEAVY} if name in sys.modules))") == []


def test_data_is_imported_in_half_a_second():
    code = "import time; start = time.process_time(); import aelib.data; print(time.process_time() - start)"
    # The best of three, and the process's own time: the import is judged, not what else the machine is doing.
    assert min(float(run(code)[0]) for _ in range(3)) < 0.5


def test_importing_aelib_quietens_tensorflow_but_leaves_a_choice_alone():
    show = "print(os.environ['TF_CPP_MIN_LOG_LEVEL'], os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert run(f"import os, aelib; {show}") == ["3", "0"]
    assert run(f"import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '1'; import aelib; {show}") == ["1", "0"]


def test_the_version_is_that_of_the_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert aelib.__version__ == project["version"]
