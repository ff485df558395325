"""Which tests are run, in which order, and which of them in one process: hooks of pytest, for conftest.py."""

import re

import pytest

try:
    from xdist.scheduler import LoadFileScheduling
except ImportError:  # where only the engines and the training are tested, as benchmarks/gpu.sh does
    LoadFileScheduling = object

# What takes longest, first: a file that begins late keeps one process busy when the other is done. In a new copy, the
# page of the browser tests compiles machine code at first; meanwhile the second process does what needs none.
_ORDER = ("browser", "data", "model", "test_wheel.py", "training", "benchmarks", "checkpoint", "ui", "engines")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the tests in that order; on a GPU, those alone that compute there."""
    if config.getoption("--device") != "cpu":
        config.hook.pytest_deselected(items=[item for item in items if not _computes_on_device(item)])
        items[:] = filter(_computes_on_device, items)
    names = [*_ORDER, ""]
    items.sort(key=lambda item: next(i for i, name in enumerate(names) if name in ("", *item.path.parts)))


def _computes_on_device(item: pytest.Item) -> bool:
    """Whether a test computes on the device of the option --device, as only torch's engine does.

    "torch, then numba" is left out: where weights are on a GPU, no other engine takes over.
    """
    kind = item.callspec.params.get("kind", "torch") if hasattr(item, "callspec") else "torch"
    return "device" in item.fixturenames and kind in ("torch", "torch bfloat16")


# Modules that start the app with settings of their own.
_OWN_SERVERS = r"tests/browser/test_(several_weights|training_on_the_page|while_writing)\b"


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    return _Scheduling(config, log)


class _Scheduling(LoadFileScheduling):
    """Keep a file in one process, and all browser tests of a page in one: server, browser and page start once."""

    def _split_scope(self, nodeid: str) -> str:
        if re.match(r"tests/browser/test_(static|model|service)", nodeid):
            return "page without a server"
        if not nodeid.startswith("tests/browser/") or re.match(_OWN_SERVERS, nodeid):
            return super()._split_scope(nodeid)
        return "page"
