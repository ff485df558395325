"""training/precision.py: the precision and the compiler that the hardware offers."""

import platform
from pathlib import Path

import pytest
import torch
from torch._dynamo.utils import counters

from tests.runs import finished, metrics
from tinygpt.training.precision import can_compile, choose_dtype

CPU, CUDA, MPS = map(torch.device, ("cpu", "cuda", "mps"))
CPUINFO = Path("/proc/cpuinfo")


@pytest.mark.skipif(
    not (hasattr(torch.cpu, "get_capabilities") and CPUINFO.exists() and platform.machine() == "x86_64"),
    reason="needs a torch that lists the processor's capabilities, and Linux on x86-64 to compare them with",
)
def test_a_processor_with_bfloat16_products_trains_in_bfloat16_and_others_in_float32():
    has_bfloat16 = not {"amx_bf16", "avx512_bf16"}.isdisjoint(CPUINFO.read_text().split())
    assert choose_dtype(CPU) == (torch.bfloat16 if has_bfloat16 else torch.float32)


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [
        ({"amx_bf16": True, "avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": False, "avx512_bf16": True}, torch.bfloat16),
        ({"amx_bf16": False, "avx512_bf16": False, "avx512_f": True}, torch.float32),
        ({"neon": True, "bf16": True}, torch.float32),
        ({}, torch.float32),
    ],
    ids=str,
)
def test_the_precision_follows_from_the_capabilities_of_the_processor(monkeypatch, capabilities, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert choose_dtype(CPU) == dtype


def test_a_torch_that_does_not_list_capabilities_trains_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert choose_dtype(CPU) == torch.float32


@pytest.mark.parametrize(("supported", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_gpu_that_only_emulates_bfloat16_trains_in_float32(monkeypatch, supported, dtype):
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or supported
    )
    assert choose_dtype(CUDA) == dtype


def test_apple_gpus_train_in_float32_and_are_not_compiled_for():
    assert choose_dtype(MPS) == torch.float32
    assert not can_compile(MPS)


def test_a_failing_compiler_counts_as_none_and_the_reason_is_logged_once(monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("no compiler\n  in /usr/bin")

    monkeypatch.setattr(torch, "compile", fail)
    assert not can_compile(CPU)
    assert not can_compile(CPU)
    assert [record.getMessage() for record in caplog.records] == [
        "Training without torch.compile, which does not work here: no compiler in /usr/bin"
    ]


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_a_compiled_run_ends_near_one_that_is_not_compiled(train, tmp_path, ema_decay):
    weights, losses = [], []
    for compiled in (False, True):
        changes = {"compile": compiled, "max_iters": 3, "ema_decay": ema_decay, "model": {"dropout": 0.0}}
        trainer = finished(train(tmp_path / str(compiled), **changes))
        weights.append(trainer.published_model.lm_head.weight.detach())
        losses.append(metrics(trainer.folder)[-1]["validation_loss"])
    if not trainer.compiled:
        pytest.skip("there is no compiler here")
    torch.testing.assert_close(*weights, rtol=1e-3, atol=1e-5)
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_a_model_with_more_blocks_takes_no_longer_to_compile(train, tmp_path):
    graphs = []
    torch.compiler.reset()
    for n_layer in (1, 3):
        trainer = train(tmp_path / str(n_layer), compile=True, model={"n_layer": n_layer})
        if not trainer.compiled:
            pytest.skip("there is no compiler here")
        counters.clear()
        next(trainer.run())
        graphs.append(counters["stats"]["unique_graphs"])
    assert graphs == [1, 0]  # all blocks run the code of the first
