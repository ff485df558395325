"""The transformers library opens what is exported for it, and computes and writes the same."""

import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from tests.ci import needed
from tests.export.conftest import TEXT
from tinygpt import GPTLanguageModel, SampleConfig, TextEncoderDecoder, load_checkpoint, open_checkpoint, stream
from tinygpt.checkpoint.reading import read_checkpoint
from tinygpt.engines.engine import Engine
from tinygpt.export.to_transformers import export_transformers
from tinygpt.flags import SHIPPED
from tinygpt.model.gpt import FAMILIES

transformers = needed("transformers")

CLASSES = {"gpt": "GPT2LMHeadModel", "llama": "LlamaForCausalLM", "qwen3": "Qwen3ForCausalLM"}
FILES = ["README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json"]

each_family = pytest.mark.parametrize("family", FAMILIES)


def exported(weights: Path, folder: Path) -> tuple[torch.nn.Module, object]:
    """The model and the tokenizer that the Auto classes load from an export of the weights."""
    folder.mkdir()
    export_transformers(read_checkpoint(weights), folder)
    return transformers.AutoModelForCausalLM.from_pretrained(folder), transformers.AutoTokenizer.from_pretrained(folder)


def greedy(model: GPTLanguageModel | Engine, tokenizer: TextEncoderDecoder, prompt: str, length: int) -> str:
    """A prompt with what tinygpt writes after it."""
    settings = SampleConfig(max_new_tokens=length, temperature=0)
    return prompt + "".join(stream(model, tokenizer, prompt, settings))


@each_family
@pytest.mark.parametrize("sizes", [{}, {"block_size": 5, "n_head": 1, "n_embd": 6, "n_layer": 1}], ids=["", "odd"])
@torch.no_grad()
def test_every_family_loads_without_custom_code_and_has_the_same_logits(save, tmp_path, family, sizes):
    weights, model, _ = save(family, **sizes)
    other, _ = exported(weights, tmp_path / "out")
    assert type(other).__name__ == CLASSES[family]
    assert other.dtype == torch.float32
    x_BT = torch.randint(
        model.config.vocab_size, (2, model.config.block_size), generator=torch.Generator().manual_seed(0)
    )
    logits_BTV = model(x_BT)
    assert logits_BTV.std() > 0.1
    torch.testing.assert_close(other(x_BT).logits, logits_BTV, rtol=0, atol=1e-5)


@each_family
def test_the_tokenizer_that_is_loaded_is_the_one_that_was_saved(save, tmp_path, family):
    weights, _, ours = save(family)
    _, tokenizer = exported(weights, tmp_path / "out")
    text = TEXT + "".join(reversed(TEXT)) + " \n .a"  # spaces before punctuation, which some tokenizers clean up
    text = "".join(each for each in text if each in ours.vocabulary)
    assert len(tokenizer) == ours.vocab_size
    assert tokenizer(text)["input_ids"] == ours.encode(text)
    assert tokenizer.decode(ours.encode(text), skip_special_tokens=True) == text
    truncated = tokenizer(text, truncation=True)["input_ids"]
    assert truncated == ours.encode(text)[-12:]  # the context


@each_family
def test_greedy_text_is_the_same_until_the_context_is_full(save, tmp_path, family):
    weights, model, ours = save(family)
    other, tokenizer = exported(weights, tmp_path / "out")
    written = other.generate(**tokenizer("ab", return_tensors="pt"), do_sample=False)
    assert tokenizer.decode(written[0]) == greedy(model, ours, "ab", 10)


def test_training_goes_on_with_the_dropout_that_the_model_has(save, tmp_path):
    other, _ = exported(save("gpt")[0], tmp_path / "out")
    rates = {name: each.p for name, each in other.named_modules() if isinstance(each, torch.nn.Dropout)}
    assert rates == {name: 0.0 if name == "transformer.drop" else 0.1 for name in rates}


def test_without_a_newline_in_the_vocabulary_a_prompt_is_needed(save, tmp_path):
    other, tokenizer = exported(save("llama", "abc")[0], tmp_path / "out")
    assert other.generation_config.bos_token_id is None
    assert len(other.generate(**tokenizer("ab", return_tensors="pt"))[0]) == 12


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "shipped"
    exported(SHIPPED, folder)
    return folder


def test_the_folder_holds_the_usual_files_and_all_may_read_them(shipped):
    assert sorted(path.name for path in shipped.iterdir()) == [*FILES, "tokenizer_config.json"]
    assert {path.stat().st_mode for path in shipped.iterdir()} == {(shipped / "README.md").stat().st_mode}
    with safe_open(shipped / "model.safetensors", "numpy") as file:
        assert file.metadata() == {"format": "pt"}  # or versions before 5 refuse it
    # Of the weights nothing is left out, and nothing twice: 4 bytes a parameter.
    assert 1 < (shipped / "model.safetensors").stat().st_size / (4 * 2_682_432) < 1.01


@torch.no_grad()
def test_the_shipped_weights_have_the_same_logits_over_a_whole_context(shipped):
    model, _ = load_checkpoint(SHIPPED)
    x_BT = torch.randint(65, (1, 256), generator=torch.Generator().manual_seed(0))
    other = transformers.AutoModelForCausalLM.from_pretrained(shipped)
    torch.testing.assert_close(other(x_BT).logits, model(x_BT), rtol=0, atol=1e-4)


def test_the_pipeline_writes_the_same_with_the_shipped_weights(shipped):
    write = transformers.pipeline("text-generation", model=str(shipped))
    written = write("JULIET:", do_sample=False, max_length=107)[0]["generated_text"]
    assert written == greedy(*open_checkpoint(SHIPPED), "JULIET:", 100)


@each_family
def test_the_pipeline_samples_until_the_context_is_full_and_warns_of_nothing(save, tmp_path, capfd, family):
    exported(save(family)[0], tmp_path / "out")
    write = transformers.pipeline("text-generation", model=str(tmp_path / "out"))
    capfd.readouterr()
    texts = [write(prompt)[0]["generated_text"] for prompt in ("ab", "ab", "ab", "")]
    assert [len(text) for text in texts] == [12] * 4
    assert len(set(texts)) == 4
    assert texts[-1].startswith("\n")  # an empty prompt is a newline
    assert capfd.readouterr().err == ""


def test_the_examples_of_its_card_run_as_they_stand(save, tmp_path, monkeypatch, capsys):
    weights, _, _ = save("qwen3", "\n :EMOR", block_size=40)
    exported(weights, tmp_path / "out")
    monkeypatch.chdir(tmp_path / "out")
    card = Path("README.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", card, flags=re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(example, {})
        printed = capsys.readouterr().out
        assert printed.startswith("ROMEO:")
        assert len(printed.removesuffix("\n")) == 40
    assert read_checkpoint(weights).facts["weights_sha256"] in card
