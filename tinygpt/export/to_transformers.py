"""Export for the transformers library: a folder that its Auto classes load without code from elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from tinygpt.checkpoint.reading import Checkpoint
from tinygpt.checkpoint.torch_checkpoint import save_safetensors
from tinygpt.config import GPTConfig, SampleConfig
from tinygpt.export.cards import transformers_card
from tinygpt.export.tokenizer_files import save_tokenizer

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel

# Parts of the model -> their names in GPT2LMHeadModel.
_GPT2_BLOCK = {
    "attention.query_key_value": "attn.c_attn",
    "attention.proj": "attn.c_proj",
    "attention_norm": "ln_1",
    "feed_forward_norm": "ln_2",
    "feed_forward.expand": "mlp.c_fc",
    "feed_forward.proj": "mlp.c_proj",
}
_GPT2 = {
    "embedding.token": "transformer.wte",
    "embedding.position": "transformer.wpe",
    "norm": "transformer.ln_f",
    "lm_head": "lm_head",
}
# ... in LlamaForCausalLM, and with the two norms of heads in Qwen3ForCausalLM.
_LLAMA_BLOCK = {
    "attention.query": "self_attn.q_proj",
    "attention.key": "self_attn.k_proj",
    "attention.value": "self_attn.v_proj",
    "attention.proj": "self_attn.o_proj",
    "attention.query_norm": "self_attn.q_norm",
    "attention.key_norm": "self_attn.k_norm",
    "attention_norm": "input_layernorm",
    "feed_forward_norm": "post_attention_layernorm",
    "feed_forward.gate": "mlp.gate_proj",
    "feed_forward.expand": "mlp.up_proj",
    "feed_forward.proj": "mlp.down_proj",
}
_LLAMA = {"embedding.token": "model.embed_tokens", "norm": "model.norm", "lm_head": "lm_head"}


def export_transformers(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a checkpoint to an empty folder, as the transformers library saves a model in float32.

    Raises ModuleNotFoundError where transformers is not installed, and OSError.
    """
    config = checkpoint.config
    with torch.device("meta"):  # without memory for weights that are replaced
        model = transformers_model(config)
    model.load_state_dict(_state_dict(config, checkpoint.tensors), strict=True, assign=True)
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    _generation_config(config, checkpoint.vocabulary).save_pretrained(folder)
    # Not by the model's own save_pretrained, for which a full disk is no OSError, and other users no readers.
    save_safetensors(folder / "model.safetensors", model.state_dict(), {"format": "pt"})  # without it, none loads it
    save_tokenizer(folder, checkpoint.vocabulary, config.block_size)
    (folder / "README.md").write_text(transformers_card(checkpoint), encoding="utf-8", newline="\n")


def transformers_model(config: GPTConfig) -> "PreTrainedModel":
    """The model of the transformers library that computes what a GPTLanguageModel of this config does.

    Its weights are random. Raises ModuleNotFoundError where transformers is not installed.
    """
    import transformers

    shared = {"vocab_size": config.vocab_size, "tie_word_embeddings": False, "dtype": "float32"}
    shared |= {"bos_token_id": None, "eos_token_id": None}
    if config.family == "gpt":
        return transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                n_positions=config.block_size,
                n_embd=config.n_embd,
                n_layer=config.n_layer,
                n_head=config.n_head,
                activation_function="relu",
                layer_norm_epsilon=1e-5,
                resid_pdrop=config.dropout,
                attn_pdrop=config.dropout,
                embd_pdrop=0.0,
                **shared,
            )
        )
    kind = {"llama": "Llama", "qwen3": "Qwen3"}[config.family]
    settings = getattr(transformers, f"{kind}Config")(
        max_position_embeddings=config.block_size,
        hidden_size=config.n_embd,
        intermediate_size=config.hidden,
        num_hidden_layers=config.n_layer,
        num_attention_heads=config.n_head,
        num_key_value_heads=config.n_head,
        head_dim=config.head_size,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        **shared,
    )
    return getattr(transformers, f"{kind}ForCausalLM")(settings)


def _generation_config(config: GPTConfig, vocabulary: str) -> "GenerationConfig":
    """What `generate` does unless told otherwise: sample until the context is full; without a prompt, from a newline.

    The tokenizer does not know of the newline's role: it would drop special tokens from texts.
    """
    from transformers import GenerationConfig

    newline = vocabulary.find("\n")
    return GenerationConfig(
        bos_token_id=None if newline < 0 else newline,
        max_length=config.block_size,
        do_sample=True,
        temperature=SampleConfig.temperature,
        top_k=0,  # or it would be 50
    )


def _state_dict(config: GPTConfig, tensors: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint with the names and in the layout of the model that transformers_model returns."""
    if config.family == "gpt":
        renamed = _renamed(_as_in_gpt2(config, tensors), _GPT2, "transformer.h", _GPT2_BLOCK)
    else:
        renamed = _renamed(tensors, _LLAMA, "model.layers", _LLAMA_BLOCK)
    return {name: torch.from_numpy(np.ascontiguousarray(tensor)) for name, tensor in renamed.items()}


def _as_in_gpt2(config: GPTConfig, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Join the matrices of queries, keys and values, with the bias that GPT-2 has; transpose all within blocks."""
    joined = {name: tensor.T if name.startswith("blocks.") else tensor for name, tensor in tensors.items()}
    for layer in range(config.n_layer):
        attention = f"blocks.{layer}.attention"
        parts = [joined.pop(f"{attention}.{part}.weight") for part in ("query", "key", "value")]
        joined[f"{attention}.query_key_value.weight"] = np.concatenate(parts, axis=1)
        joined[f"{attention}.query_key_value.bias"] = np.zeros(3 * config.n_embd, np.float32)
    return joined


def _renamed(
    tensors: dict[str, np.ndarray], outside: dict[str, str], blocks: str, within: dict[str, str]
) -> dict[str, np.ndarray]:
    """Rename tensors: those outside blocks by one table, those within by another, after the name of all blocks."""
    renamed = {}
    for name, tensor in tensors.items():
        part, kind = name.rsplit(".", 1)
        if part.startswith("blocks."):
            _, number, part_of_block = part.split(".", 2)
            renamed[f"{blocks}.{number}.{within[part_of_block]}.{kind}"] = tensor
        else:
            renamed[f"{outside[part]}.{kind}"] = tensor
    return renamed
