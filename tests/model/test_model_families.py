"""Each family computes what the transformers library's model of that name does with the same weights."""

import pytest
import torch

from tinygpt import GPTLanguageModel

transformers = pytest.importorskip("transformers", reason="the transformers library is not installed")

_BLOCK = {
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
_OUTSIDE_BLOCKS = {"embedding.token": "model.embed_tokens", "norm": "model.norm", "lm_head": "lm_head"}


def modern_weights(model: GPTLanguageModel) -> dict[str, torch.Tensor]:
    """The weights under the names they have in LlamaForCausalLM and Qwen3ForCausalLM."""
    renamed = {}
    for name, tensor in model.state_dict().items():
        part, kind = name.rsplit(".", 1)
        if part.startswith("blocks."):
            _, number, within = part.split(".", 2)
            renamed[f"model.layers.{number}.{_BLOCK[within]}.{kind}"] = tensor
        else:
            renamed[f"{_OUTSIDE_BLOCKS[part]}.{kind}"] = tensor
    return renamed


def gpt2_weights(model: GPTLanguageModel) -> dict[str, torch.Tensor]:
    """The weights as GPT2LMHeadModel stores them: transposed, with query, key and value in one matrix."""
    mine = model.state_dict()
    renamed = {
        "transformer.wte.weight": mine["embedding.token.weight"],
        "transformer.wpe.weight": mine["embedding.position.weight"],
        "transformer.ln_f.weight": mine["norm.weight"],
        "transformer.ln_f.bias": mine["norm.bias"],
        "lm_head.weight": mine["lm_head.weight"],
    }
    for i in range(model.config.n_layer):
        block, h = f"blocks.{i}", f"transformer.h.{i}"
        qkv = torch.cat([mine[f"{block}.attention.{name}.weight"] for name in ("query", "key", "value")])
        renamed[f"{h}.attn.c_attn.weight"] = qkv.T
        renamed[f"{h}.attn.c_attn.bias"] = torch.zeros(len(qkv))
        for their, my in (
            ("attn.c_proj", "attention.proj"),
            ("mlp.c_fc", "feed_forward.expand"),
            ("mlp.c_proj", "feed_forward.proj"),
        ):
            renamed[f"{h}.{their}.weight"] = mine[f"{block}.{my}.weight"].T
            renamed[f"{h}.{their}.bias"] = mine[f"{block}.{my}.bias"]
        for their, my in (("ln_1", "attention_norm"), ("ln_2", "feed_forward_norm")):
            for kind in ("weight", "bias"):
                renamed[f"{h}.{their}.{kind}"] = mine[f"{block}.{my}.{kind}"]
    return renamed


def theirs(model: GPTLanguageModel) -> torch.nn.Module:
    """The transformers library's model with the same weights."""
    config = model.config
    if config.family == "gpt":
        other = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(
                vocab_size=config.vocab_size,
                n_positions=config.block_size,
                n_embd=config.n_embd,
                n_layer=config.n_layer,
                n_head=config.n_head,
                activation_function="relu",
                tie_word_embeddings=False,
                bos_token_id=None,
                eos_token_id=None,
            )
        )
        other.load_state_dict(gpt2_weights(model))
        return other.eval()
    names = {"llama": ("LlamaForCausalLM", "LlamaConfig"), "qwen3": ("Qwen3ForCausalLM", "Qwen3Config")}
    kind, settings = (getattr(transformers, name) for name in names[config.family])
    other = kind(
        settings(
            vocab_size=config.vocab_size,
            max_position_embeddings=config.block_size,
            hidden_size=config.n_embd,
            num_hidden_layers=config.n_layer,
            num_attention_heads=config.n_head,
            num_key_value_heads=config.n_head,
            head_dim=config.head_size,
            intermediate_size=model.blocks[0].feed_forward.gate.out_features,
            rms_norm_eps=1e-6,
            tie_word_embeddings=False,
            bos_token_id=None,
            eos_token_id=None,
        )
    )
    other.load_state_dict(modern_weights(model))  # strict: every name has to match
    return other.eval()


@pytest.mark.parametrize("family", ["gpt", "llama", "qwen3"])
@torch.no_grad()
def test_the_logits_are_those_of_the_model_of_that_name(build, family):
    model = build(family, block_size=32, n_embd=32, n_head=4)
    x_BT = torch.randint(model.config.vocab_size, (2, 32), generator=torch.Generator().manual_seed(0))
    logits_BTV = model(x_BT)
    assert logits_BTV.std() > 0.1
    torch.testing.assert_close(logits_BTV, theirs(model)(input_ids=x_BT).logits, rtol=0, atol=1e-5)
