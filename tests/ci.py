"""What is different where the variable CI is set, as .ci/run sets it: long tests run, and nothing is left out."""

import os
from importlib import import_module
from types import ModuleType
from typing import NoReturn

import pytest

ONLY_IN_CI = pytest.mark.skipif(not os.environ.get("CI"), reason="takes long; set CI=true to run it")


def skip(reason: str) -> NoReturn:
    """Skip a test for want of something; under CI it fails."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def needed(package: str) -> ModuleType:
    """Import what the development requirements bring; where it is missing, skip the file, but under CI, fail."""
    if os.environ.get("CI"):
        return import_module(package)
    return pytest.importorskip(package, reason="pip install -r requirements-dev.txt")
