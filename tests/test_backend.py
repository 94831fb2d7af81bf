"""What Keras runs on: a backend that does not exist, or is not installed, is named before Keras stumbles over it."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest


def import_with(backend):
    environment = os.environ | {"KERAS_BACKEND": backend}
    command = [sys.executable, "-c", "import aelib.data"]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_an_unknown_backend_is_named_with_those_that_exist():
    done = import_with("theano")
    assert done.returncode != 0
    assert "KERAS_BACKEND is 'theano'; expected one of tensorflow, jax, torch" in done.stderr


def test_a_backend_that_is_not_installed_is_named_with_the_remedy():
    missing = [name for name in ("jax", "torch") if find_spec(name) is None]
    if not missing:
        pytest.skip("every backend that Keras knows is installed here")
    done = import_with(missing[0])
    assert done.returncode != 0
    assert f"pip install {missing[0]}" in done.stderr


@pytest.mark.parametrize("backend", ["tensorflow", ""])
def test_the_default_backend_is_accepted(backend):
    assert import_with(backend).returncode == 0
