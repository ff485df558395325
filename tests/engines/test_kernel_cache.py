"""Whatever is wrong with the cache of machine code, the code runs, and one warning tells what it costs.

Most tests compile a small function in place of the kernels, which take half a minute.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numba
import pytest

from tinygpt.engines import kernel_cache
from tinygpt.model.sampling import uniform

ROOT = Path(__file__).parents[2]
FUNCTIONS = """
from tinygpt.engines.kernel_cache import cached_njit

@cached_njit()
def compute(x):
    return 2 * x + 2
"""
UNIFORM = "import numpy, tinygpt.engines.kernels as k; print(k._uniform(numpy.uint64(1), numpy.uint64(0)))"
UNIFORM_OF_SEED_1 = uniform(1, 0)


@pytest.fixture
def start_again(tmp_path, monkeypatch) -> Callable:
    """start_again() returns the module FUNCTIONS as a new process would import it."""
    path = tmp_path / "functions.py"
    path.write_text(FUNCTIONS)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))

    def load():
        monkeypatch.setattr(kernel_cache, "_warned", set())
        spec = importlib.util.spec_from_file_location("functions", path)
        spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
        return module

    return load


def cached_files(folder: Path, suffix: str) -> list[Path]:
    return sorted((folder / "cache").rglob(f"*{suffix}"))


def test_what_was_compiled_is_loaded_at_the_next_start(start_again, caplog):
    assert start_again().compute(20) == 42
    module = start_again()
    assert module.compute(20) == 42
    assert (module.compute.stats.cache_hits.total(), module.compute.stats.cache_misses.total()) == (1, 0)
    assert caplog.messages == []


def test_only_cached_functions_are_called_where_nothing_may_be_compiled(start_again, tmp_path, monkeypatch):
    def refuses(module) -> bool:
        try:
            with kernel_cache.only_cached():
                assert module.compute(20) == 42
        except kernel_cache.NotCachedError:
            return True
        return False

    assert refuses(module := start_again())
    assert module.compute(20) == 42  # outside the block it is compiled
    assert not refuses(module)
    assert not refuses(start_again())
    (path,) = cached_files(tmp_path, ".nbc")
    path.write_bytes(emptied(path.read_bytes()))
    assert refuses(start_again())
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(path))  # no folder
    assert refuses(start_again())


def emptied(content: bytes) -> bytes:
    return b""


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def replaced(content: bytes) -> bytes:
    return b"<html>" + content


def with_zeros_inside(content: bytes) -> bytes:
    """As after a power failure."""
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


def with_a_bit_flipped(content: bytes) -> bytes:
    middle = len(content) // 2  # amid the machine code
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        *((".nbc", damage) for damage in (emptied, cut, replaced, with_zeros_inside, with_a_bit_flipped)),
        *((".nbi", damage) for damage in (emptied, cut, replaced)),
    ],
)
def test_a_damaged_cache_is_compiled_anew_and_replaced(start_again, tmp_path, caplog, suffix, damage):
    start_again().compute(20)
    (path,) = cached_files(tmp_path, suffix)
    path.write_bytes(damage(path.read_bytes()))
    assert start_again().compute(20) == 42
    (message,) = caplog.messages
    assert message.startswith(f"Compiling again, for up to a minute: the machine code in {tmp_path}")
    caplog.clear()
    assert start_again().compute(20) == 42
    assert caplog.messages == []


def test_a_cache_that_can_neither_be_read_nor_replaced_does_no_harm(start_again, tmp_path, caplog):
    start_again().compute(20)
    (path,) = cached_files(tmp_path, ".nbi")
    path.unlink()
    path.mkdir()
    for _ in range(2):
        caplog.clear()
        assert start_again().compute(20) == 42
        loading, saving = caplog.messages
        assert "cannot be loaded" in loading
        assert "Machine code cannot be saved, so each start takes up to a minute: set NUMBA_CACHE_DIR" in saving


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_where_the_disk_is_full_machine_code_runs_without_being_saved(tmp_path):
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", full + UNIFORM], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (0, f"{UNIFORM_OF_SEED_1}\n")
    assert ended.stderr.startswith("Machine code cannot be saved, so each start takes up to a minute: set NUMBA_CACHE")
    assert ended.stderr.count("\n") == 1


UNKNOWN_USER = ("unshare", "--user", "--map-user=12345")


def _can_be_another_user() -> bool:
    return bool(shutil.which("unshare")) and not subprocess.run([*UNKNOWN_USER, "true"], capture_output=True).returncode


@pytest.mark.skipif(not _can_be_another_user(), reason="needs Linux's user namespaces")
def test_a_user_without_name_home_and_folders_gets_machine_code_and_no_folder_named_tilde(tmp_path):
    shutil.copytree(ROOT / "tinygpt", tmp_path / "tinygpt", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tinygpt" / "engines" / "__pycache__").touch()  # a file, where numba wants a folder
    kept = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}  # no HOME, no USER
    command = [*UNKNOWN_USER, sys.executable, "-c", f"import tinygpt.commands.generate\n{UNIFORM}"]
    ended = subprocess.run(command, env=kept, cwd=tmp_path, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, f"{UNIFORM_OF_SEED_1}\n"), ended.stderr
    assert ended.stderr.startswith("Machine code cannot be saved, so each start takes up to a minute: set NUMBA_CACHE")
    assert ended.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["tinygpt"]
