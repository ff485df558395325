"""The engine in the browser by itself: how exact it is, what it refuses, and its compiled kernels."""

import re
import shutil
import subprocess

import numpy as np
import pytest
import torch

from tests.engines.browser_engine import FASTEST, PLAIN
from tests.engines.kinds import BROWSER, adapted, tensors
from tests.server import ROOT
from tinygpt import load_checkpoint
from tinygpt.inference.generation import WindowedReader, current_window
from tinygpt.model.gpt import FAMILIES

MODEL = ROOT / "tinygpt" / "web" / "model"
BOUND = 1e-4  # on the difference between two logits, which lie between -20 and 20
COMPILER = "clang version 19.1.7"


@pytest.mark.parametrize("kernels", [FASTEST, PLAIN], ids=["fastest", "plain"])
def test_the_logits_of_the_shipped_weights_are_within_the_bound_past_the_context_too(open_in_browser, text, kernels):
    model, tokenizer = load_checkpoint(ROOT / "weights")
    ids = tokenizer.encode(text)[:300]
    engine = open_in_browser(model.config, tensors(model), kernels=kernels)
    reader, logits = WindowedReader(engine, [ids[:200]]), []
    for id in ids[200:]:
        logits.append(reader.read()[0])
        reader.append([id])
    with torch.no_grad():
        for n in (0, 55, 56, 57, 99):  # the window is full after 56
            window = current_window(model.config, ids[:200], ids[200 : 200 + n])
            np.testing.assert_allclose(logits[n], model(torch.tensor([window]))[0, -1], atol=BOUND)


@pytest.mark.parametrize("kind", BROWSER)
@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_a_browser_without_relaxed_simd_computes_the_same(open_in_browser, build, kind, family):
    model = adapted(kind, build(family, block_size=48, n_embd=52, vocab_size=33))
    ids_N = np.random.default_rng(1).integers(33, size=48)
    reader = open_in_browser(model.config, tensors(model), kernels=PLAIN).open_reader(1)
    expected_NV = model(torch.from_numpy(ids_N[None]))[0]
    np.testing.assert_allclose(reader.read([ids_N[:47].tolist()])[0], expected_NV[46], atol=BOUND)
    np.testing.assert_allclose(reader.read([ids_N[47:].tolist()])[0], expected_NV[47], atol=BOUND)


def test_readers_that_are_closed_give_their_memory_to_others(open_in_browser, build):
    model = build("llama", block_size=8192, n_embd=64)
    engine = open_in_browser(model.config, tensors(model))  # a reader takes 8.4 MB, and there are at most 4 GB
    engine.evaluate("(engine) => { for (let i = 0; i < 1000; i++) engine.openReader(1).close(); }")
    with pytest.raises(ValueError, match="the browser has too little memory left for this model: close other tabs"):
        engine.open_reader(1000)


def test_a_context_whose_keys_and_values_no_browser_can_hold_is_refused(open_in_browser, build):
    model = build(block_size=65_536, n_layer=110, n_head=8, n_embd=8)  # 4.6 GB, of which 32 bits keep 0.3
    engine = open_in_browser(model.config, tensors(model))
    with pytest.raises(ValueError, match="the browser has too little memory left for this model: close other tabs"):
        engine.open_reader(1)


@pytest.mark.parametrize(
    "damage",
    {
        "cut off": lambda content: content[:-1],
        "empty": lambda content: b"",
        "a page of a server": lambda content: b"<!DOCTYPE html><title>Not found</title>",
        "another model's": lambda content: content.replace(b'"shape":[16,16]', b'"shape":[8, 32]'),
    }.items(),
    ids=lambda damage: damage[0],
)
def test_a_file_that_does_not_hold_the_model_is_refused(open_in_browser, build, damage):
    model = build()
    with pytest.raises(ValueError, match="the file of the weights is damaged: reload the page, or export it again"):
        open_in_browser(model.config, tensors(model), damage=damage[1])


def test_a_browser_that_can_run_none_of_the_kernels_is_told_so(open_in_browser, build):
    model = build()
    with pytest.raises(ValueError, match="this browser is too old for the model: it needs WebAssembly with SIMD"):
        open_in_browser(model.config, tensors(model), kernels=["engine.js"])


def test_the_compiled_kernels_are_those_of_the_source(tmp_path):
    if missing := [tool for tool in ("sh", "clang-19", "wasm-ld-19") if not shutil.which(tool)]:
        pytest.skip(f"compiling the kernels needs {' and '.join(missing)}")
    version = subprocess.run(["clang-19", "--version"], capture_output=True, text=True, check=True).stdout
    if COMPILER not in version:
        pytest.skip(
            f"the kernels were compiled by {COMPILER}, and others compile differently: {version.splitlines()[0]}"
        )
    sources = {name: (MODEL / name).read_text(encoding="utf-8") for name in ("kernels.c", "products.h")}
    for name, source in sources.items():
        (tmp_path / name).write_text(source, encoding="utf-8")
    commands = re.findall(r"^// +((?:FLAGS=|clang-19 \$FLAGS).*)$", sources["kernels.c"], re.MULTILINE)
    subprocess.run(["sh", "-ec", "\n".join(commands)], cwd=tmp_path, check=True)
    for name in FASTEST:
        assert (tmp_path / name).read_bytes() == (MODEL / name).read_bytes(), f"compile {name} again: see kernels.c"
