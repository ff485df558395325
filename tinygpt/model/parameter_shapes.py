"""Names and shapes of a model's parameters, computed from its config without building it."""

from math import prod

from tinygpt.config import GPTConfig

Shapes = dict[str, tuple[int, ...]]


def shapes(config: GPTConfig) -> Shapes:
    """The shape of every tensor in the state_dict of a GPTLanguageModel with this config, by name."""
    C, V, classic = config.n_embd, config.vocab_size, config.family == "gpt"
    parts = {"embedding.token.weight": (V, C)}
    if classic:
        parts["embedding.position.weight"] = (config.block_size, C)
    for block in (f"blocks.{number}." for number in range(config.n_layer)):
        for name in ("query", "key", "value"):
            parts[f"{block}attention.{name}.weight"] = (C, C)
        parts |= _layer(f"{block}attention.proj", (C, C), biased=classic)
        if config.family == "qwen3":
            for name in ("query_norm", "key_norm"):
                parts[f"{block}attention.{name}.weight"] = (config.head_size,)
        for name in ("attention_norm", "feed_forward_norm"):
            parts |= _layer(f"{block}{name}", (C,), biased=classic)
        if not classic:
            parts[f"{block}feed_forward.gate.weight"] = (config.hidden, C)
        parts |= _layer(f"{block}feed_forward.expand", (config.hidden, C), biased=classic)
        parts |= _layer(f"{block}feed_forward.proj", (C, config.hidden), biased=classic)
    return parts | _layer("norm", (C,), biased=classic) | {"lm_head.weight": (V, C)}


def count_parameters(config: GPTConfig) -> int:
    """The number of parameters of a model with this config."""
    return sum(map(prod, shapes(config).values()))


def _layer(name: str, shape: tuple[int, ...], biased: bool) -> Shapes:
    return {f"{name}.weight": shape} | ({f"{name}.bias": shape[:1]} if biased else {})
