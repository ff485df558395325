"""The device to compute on, the number of cores, and the precisions that training can use."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from tinygpt.engines.device import choose_device, leave_one_core, use_one_core
from tinygpt.flags import DEVICES
from tinygpt.training.precision import can_compile, choose_dtype


def test_auto_is_a_device_that_is_available():
    device = choose_device("auto")
    assert torch.ones(2, device=device).sum().item() == 2
    assert choose_device("cpu") == torch.device("cpu")


def test_a_device_that_is_not_available_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
    for name in (*set(DEVICES) - {"auto", "cpu"}, "abacus"):
        with pytest.raises(ValueError, match=f"device {name} is not available here; choose auto or one of: cpu$"):
            choose_device(name)


@pytest.fixture
def one_core_again():
    yield
    torch.set_num_threads(1)  # as all tests compute


@pytest.mark.usefixtures("one_core_again")
def test_threads_that_compute_texts_compute_them_on_one_core():
    torch.set_num_threads(2)
    use_one_core()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == 1


@pytest.mark.usefixtures("one_core_again")
def test_training_leaves_a_core_and_has_at_least_one():
    for cores, used in ((1, 1), (2, 1), (4, 3)):
        leave_one_core(cores)
        assert torch.get_num_threads() == used


def test_where_compiling_fails_it_is_said_to(monkeypatch):
    def broken(*_):
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", broken)
    assert not can_compile(torch.device("cpu"))


def test_the_precision_is_one_that_can_be_trained_in():
    assert choose_dtype(torch.device("cpu")) in (torch.float32, torch.bfloat16)
    assert choose_dtype(torch.device("mps")) == torch.float32
