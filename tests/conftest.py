"""What the tests of the course itself (pairs, book, tools) share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root. Tests read it and write elsewhere."""
    return ROOT
