"""Export for ONNX Runtime: one file, with the key-value cache as inputs and outputs.

The graph is put together here operator by operator: that is short, needs neither torch nor a tracer, and serves any
number of characters and all families of models. It has the parts of model/gpt.py in their order, and its letters for
dimensions; S are the positions that are attended to, the P of the cache and the T new ones.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinygpt.checkpoint.reading import Checkpoint
from tinygpt.config import GPTConfig
from tinygpt.export.cards import onnx_card
from tinygpt.export.onnx_graph import Graph
from tinygpt.model.parameter_shapes import count_parameters

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

# The oldest operators among which is LayerNormalization, in the format of their time: what was made since 2022 reads
# them, in browsers, too.
_OPSET, _FORMAT = 17, 8
_MAX_BYTES = 2_000_000_000  # protobuf, in which the file is written, ends at 2^31


def export_onnx(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a checkpoint to an empty folder: model.onnx in float32, what it is in config.json, and how to use it.

    Raises what build_onnx does, and OSError.
    """
    (folder / "model.onnx").write_bytes(build_onnx(checkpoint).SerializeToString())
    texts = {"config.json": json.dumps(_facts(checkpoint), indent=2) + "\n", "README.md": onnx_card(checkpoint)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def build_onnx(checkpoint: Checkpoint) -> "ModelProto":
    """The ONNX model of a checkpoint. Inputs and outputs are named as the optimum library does:

    - `input_ids` (B, T): ids that continue what the cache holds;
    - `past_key_values.LAYER.key` and `.value` (B, H, P, D): the cache, where P is 0 in a new window;
    - `logits` (B, T, V): of the character after each id;
    - `present.LAYER.key` and `.value` (B, H, P + T, D): the cache for the next call.

    To run it fails if P + T exceeds block_size. Raises ModuleNotFoundError where onnx is not installed, and
    ValueError for a model that is too large for one file.
    """
    config = checkpoint.config
    if 4 * count_parameters(config) > _MAX_BYTES:
        raise ValueError(f"a model of {count_parameters(config):,} parameters does not fit into an ONNX file, of 2 GB")
    from onnx import helper

    graph = Graph(checkpoint.tensors)
    _add_model(graph, config)
    model = helper.make_model(
        helper.make_graph(graph.nodes, "tinygpt", *_interface(config), graph.constants),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_FORMAT,
        producer_name="tinygpt",
    )
    # JSON escapes what is not ASCII, such as a NUL, which would end the text for programs in C.
    helper.set_model_props(model, {name: json.dumps(fact) for name, fact in _facts(checkpoint).items()})
    return model


def _facts(checkpoint: Checkpoint) -> dict[str, object]:
    """What has to be known to write with the model, and where it came from."""
    return {
        "vocabulary": checkpoint.vocabulary,
        "block_size": checkpoint.config.block_size,
        "weights_sha256": checkpoint.facts["weights_sha256"],
        "model": asdict(checkpoint.config),
    }


def _interface(config: GPTConfig) -> "tuple[list[ValueInfoProto], list[ValueInfoProto]]":
    """The inputs and the outputs. Dimensions with names may have any size."""
    from onnx import TensorProto, helper

    def cache(name: str, length: str) -> "list[ValueInfoProto]":
        shape = ["batch", config.n_head, length, config.head_size]
        names = [f"{name}.{layer}.{part}" for layer in range(config.n_layer) for part in ("key", "value")]
        return [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each in names]

    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "sequence", config.vocab_size])
    return [ids, *cache("past_key_values", "past")], [logits, *cache("present", "total")]


def _add_model(graph: Graph, config: GPTConfig) -> None:
    positions_T, mask_TS = _positions(graph)
    x_BTC = graph.node("Gather", graph.weight("embedding.token.weight"), "input_ids")
    rotation = []
    if config.family == "gpt":
        position_TC = graph.node("Gather", graph.weight("embedding.position.weight"), positions_T)
        x_BTC = graph.node("Add", x_BTC, position_TC)
    else:
        tables = zip(("cos", "sin"), _rotations(config), strict=True)
        rotation = [graph.node("Gather", graph.constant(name, table), positions_T) for name, table in tables]
    for layer in range(config.n_layer):
        block = f"blocks.{layer}"
        normed_BTC = _norm(graph, config, x_BTC, f"{block}.attention_norm")
        x_BTC = graph.node("Add", x_BTC, _attention(graph, config, normed_BTC, layer, rotation, mask_TS))
        normed_BTC = _norm(graph, config, x_BTC, f"{block}.feed_forward_norm")
        x_BTC = graph.node("Add", x_BTC, _feed_forward(graph, config, normed_BTC, f"{block}.feed_forward"))
    graph.linear(_norm(graph, config, x_BTC, "norm"), "lm_head", to="logits")


def _positions(graph: Graph) -> tuple[str, str]:
    """The positions of the new ids, positions_T, and what is added to attention scores: mask_TS.

    It is 0 where a position may attend, and minus infinity at those after it.
    """
    past = graph.node("Squeeze", graph.node("Shape", "past_key_values.0.key", start=2, end=3))
    total = graph.node("Add", past, graph.node("Squeeze", graph.node("Shape", "input_ids", start=1, end=2)))
    zero, one = (graph.constant(name, np.array(i)) for i, name in enumerate(("zero", "one")))
    positions_T, all_S = (graph.node("Range", start, total, one) for start in (past, zero))
    seen_TS = graph.node(
        "LessOrEqual", all_S, graph.node("Unsqueeze", positions_T, graph.constant("axis", np.array([1])))
    )
    allowed, forbidden = (graph.constant(str(value), np.array(value, np.float32)) for value in (0.0, -np.inf))
    return positions_T, graph.node("Where", seen_TS, allowed, forbidden)


def _attention(graph: Graph, config: GPTConfig, x_BTC: str, layer: int, rotation: list[str], mask_TS: str) -> str:
    name = f"blocks.{layer}.attention"
    heads = graph.constant("heads", np.array([0, 0, config.n_head, config.head_size]))  # 0: as it is
    q_BTHD, k_BTHD, v_BTHD = (
        graph.node("Reshape", graph.linear(x_BTC, f"{name}.{part}"), heads) for part in ("query", "key", "value")
    )
    if config.family == "qwen3":
        q_BTHD = _norm(graph, config, q_BTHD, f"{name}.query_norm")
        k_BTHD = _norm(graph, config, k_BTHD, f"{name}.key_norm")
    q_BHTD, k_BHTD, v_BHTD = (graph.node("Transpose", x, perm=[0, 2, 1, 3]) for x in (q_BTHD, k_BTHD, v_BTHD))
    if rotation:
        q_BHTD, k_BHTD = (_rotated(graph, x_BHTD, *rotation) for x_BHTD in (q_BHTD, k_BHTD))
    k_BHSD, v_BHSD = (
        graph.node("Concat", f"past_key_values.{layer}.{part}", x_BHTD, to=f"present.{layer}.{part}", axis=2)
        for part, x_BHTD in (("key", k_BHTD), ("value", v_BHTD))
    )
    products_BHTS = graph.node("MatMul", q_BHTD, graph.node("Transpose", k_BHSD, perm=[0, 1, 3, 2]))
    scale = graph.constant("scale", np.array(config.head_size**-0.5, np.float32))
    scores_BHTS = graph.node("Add", graph.node("Mul", products_BHTS, scale), mask_TS)
    mixed_BHTD = graph.node("MatMul", graph.node("Softmax", scores_BHTS, axis=-1), v_BHSD)
    mixed_BTHD = graph.node("Transpose", mixed_BHTD, perm=[0, 2, 1, 3])
    width = graph.constant("width", np.array([0, 0, config.n_embd]))
    return graph.linear(graph.node("Reshape", mixed_BTHD, width), f"{name}.proj")


def _rotated(graph: Graph, x_BHTD: str, cos_TD: str, sin_TD: str) -> str:
    first, second = graph.split_node("Split", x_BHTD, to=[f"{x_BHTD} {half}" for half in ("first", "second")], axis=-1)
    turned_BHTD = graph.node("Concat", graph.node("Neg", second), first, axis=-1)
    return graph.node("Add", graph.node("Mul", x_BHTD, cos_TD), graph.node("Mul", turned_BHTD, sin_TD))


def _rotations(config: GPTConfig) -> tuple[np.ndarray, np.ndarray]:
    """cos_TD and sin_TD of the rotary angles, in float32 as in attention.py."""
    exponents = np.arange(0, config.head_size, 2, dtype=np.float32) / np.float32(config.head_size)
    angles_TD = np.tile(np.outer(np.arange(config.block_size, dtype=np.float32), np.float32(10_000) ** -exponents), 2)
    return np.cos(angles_TD), np.sin(angles_TD)


def _feed_forward(graph: Graph, config: GPTConfig, x_BTC: str, name: str) -> str:
    expanded = graph.linear(x_BTC, f"{name}.expand")
    if config.family == "gpt":
        return graph.linear(graph.node("Relu", expanded), f"{name}.proj")
    gate = graph.linear(x_BTC, f"{name}.gate")
    silu = graph.node("Mul", gate, graph.node("Sigmoid", gate))
    return graph.linear(graph.node("Mul", silu, expanded), f"{name}.proj")


def _norm(graph: Graph, config: GPTConfig, x: str, name: str) -> str:
    weight = graph.weight(f"{name}.weight")
    if config.family == "gpt":
        return graph.node("LayerNormalization", x, weight, graph.weight(f"{name}.bias"), epsilon=1e-5)
    two, epsilon = graph.constant("two", np.array(2, np.float32)), graph.constant("epsilon", np.array(1e-6, np.float32))
    mean_square = graph.node("ReduceMean", graph.node("Pow", x, two), axes=[-1])
    return graph.node("Mul", graph.node("Div", x, graph.node("Sqrt", graph.node("Add", mean_square, epsilon))), weight)
