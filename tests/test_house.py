"""The house rules: who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tinygpt

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tinygpt"

# From the cellar up: a room uses only rooms that come before it.
ROOMS = [
    # settings and small tools
    "config",
    "memorised",
    "by_heart",
    "background",
    "device",
    "parallel",
    "flags",
    "output",
    "turns",
    # numbers in, numbers out: neither text nor files
    "sampling",
    "shapes",
    "trace",
    "cache",
    "layers",
    "attention",
    "model",
    "eight_bits",
    "kernels",
    "packed",
    "compiled",
    # text
    "tokenizer",
    "download",
    "overlap",
    "data",
    # what is done with a model
    "generation",
    "beam",
    "evaluation",
    "optim",
    "stored",
    "checkpoint",
    "opening",
    "inspection",
    "ensemble",
    "state",
    # whole tasks
    "training",
    "card",
    "hub",
    "writing",
    # what people see
    "ui",
    "app",
    "train",
    "__main__",
]
# A library, and the only rooms that may import it.
KEPT_TO = {
    "huggingface_hub": {"hub"},
    "safetensors": {"stored", "checkpoint"},
    "numba": {"kernels"},
    "llvmlite": {"kernels"},
    "gradio": {"ui", "app"},
    "torch": {
        *("device", "parallel", "cache", "layers", "attention", "model", "overlap", "data", "evaluation", "optim"),
        *("checkpoint", "ensemble", "state", "training", "train"),
    },
}

FILES = [ROOT / "app.py", ROOT / "train.py", *sorted(set(PACKAGE.rglob("*.py")) - {PACKAGE / "__init__.py"})]
each_file = pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])


def room(path: Path) -> str:
    """The room a file belongs to: a folder of the package is one room."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py") if PACKAGE in path.parents else path.stem


def imported(path: Path) -> set[str]:
    """The modules a file imports anywhere in it, by their whole names."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} line {node.lineno}: write the whole name, not a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@each_file
def test_every_file_has_its_place_in_the_list(path):
    assert room(path) in ROOMS


@each_file
def test_imports_only_run_downward(path):
    below = ROOMS[: ROOMS.index(room(path))]
    mine = {name.split(".")[1] for name in imported(path) if name.startswith("tinygpt.")}
    assert mine - {room(path)} <= set(below)
    if room(path) != "ui":
        assert room(path) not in mine


@each_file
def test_libraries_are_imported_only_where_they_belong(path):
    libraries = {name.split(".")[0] for name in imported(path)}
    assert {library for library in libraries & KEPT_TO.keys() if room(path) not in KEPT_TO[library]} == set()


def test_what_the_page_does_can_be_tested_without_gradio():
    assert not any(name.startswith("gradio") for name in imported(PACKAGE / "ui" / "session.py"))


def test_every_public_name_is_there():
    assert [name for name in tinygpt.__all__ if not hasattr(tinygpt, name)] == []
    assert set(tinygpt.__all__) <= set(dir(tinygpt))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(tinygpt, "nonsense")  # noqa: B009


def test_the_page_starts_without_torch_or_numba_and_writes_without_torch():
    starting = """
import sys, app, tinygpt.__main__
assert not {"torch", "numba"} & sys.modules.keys()
from tinygpt import open_checkpoint, stream
assert next(stream(*open_checkpoint("weights"), "ROMEO:"))
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", starting], check=True, cwd=ROOT)
