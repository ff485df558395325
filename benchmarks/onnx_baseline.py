"""One more baseline for benchmarks.decode: ONNX Runtime.

The graph reads one character and adds its keys and values to buffers in place, with ONNX Runtime's own attention
operator. Of the ways to keep them that were tried, this is the fastest. Measured as in baselines.py.
"""

from collections.abc import Callable

import numpy as np

from benchmarks.baselines import LENGTH
from benchmarks.machine import seconds
from tinygpt.config import GPTConfig
from tinygpt.export.onnx_graph import Graph

_OWN = "com.microsoft"  # the domain of operators that only ONNX Runtime has


def onnxruntime(config: GPTConfig) -> Callable[[], float]:
    """A timer of ONNX Runtime (github.com/microsoft/onnxruntime) on a float32 model of this shape, with random weights.

    Raises ValueError where onnx or onnxruntime is not installed.
    """
    try:
        import onnx  # noqa: F401  # builds the graph
        import onnxruntime as ort
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed: pip install onnx onnxruntime") from None

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = ort.InferenceSession(_model(config), options, providers=["CPUExecutionProvider"])
    types = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}
    sides = [*session.get_inputs(), *session.get_outputs()]
    arrays = {side.name: np.zeros(side.shape, types[side.type]) for side in sides}
    binding = session.io_binding()
    for side in session.get_inputs():
        binding.bind_ortvalue_input(side.name, ort.OrtValue.ortvalue_from_numpy(arrays[side.name]))
    for side in session.get_outputs():
        # A cache is copied at every step unless its output has the same memory as its input.
        array = arrays[side.name.removeprefix("new ")]
        binding.bind_ortvalue_output(side.name, ort.OrtValue.ortvalue_from_numpy(array))

    def write() -> None:
        arrays["id"][:] = 0
        for position in range(LENGTH):
            arrays["before"][:], arrays["total"][:] = position, position + 1
            session.run_with_iobinding(binding)
            arrays["id"][:] = arrays["logits"].argmax()

    return lambda: LENGTH / seconds(write)


def _model(config: GPTConfig) -> bytes:
    """An ONNX file with random weights, named as in GPTLanguageModel: reads `id`, the character after `before` others.

    The keys and values of layer 0 go in as "keys 0" and "values 0" and come out as "new keys 0" and "new values 0".
    """
    from onnx import TensorProto, helper

    width, head, random, graph = config.n_embd, config.head_size, np.random.default_rng(0), Graph({})
    node, weight = graph.node, graph.constant

    def matrix(name: str, *shape: int) -> str:
        return weight(f"{name}.weight", 0.05 * random.standard_normal(shape, np.float32))

    def norm(x: str, name: str, size: int) -> str:
        return node("RMSNormalization", x, weight(f"{name}.weight", np.ones(size, np.float32)), epsilon=1e-6)

    def head_norm(x: str, name: str) -> str:
        return node("Reshape", norm(node("Reshape", x, heads), name, head), flat)

    heads = weight("heads", np.array([config.n_head, head]))
    flat = weight("flat", np.array([1, 1, width]))
    angles = np.outer(np.arange(config.block_size), 10_000.0 ** -(np.arange(0, head, 2) / head))
    rotations = weight("cos", np.cos(angles).astype(np.float32)), weight("sin", np.sin(angles).astype(np.float32))

    x = node("Gather", matrix("embedding.token", config.vocab_size, width), "id")
    for layer in range(config.n_layer):
        block, caches = f"blocks.{layer}", (f"keys {layer}", f"values {layer}")
        normed = norm(x, f"{block}.attention_norm", width)
        q, k, v = (
            node("MatMul", normed, matrix(f"{block}.attention.{part}", width, width))
            for part in ("query", "key", "value")
        )
        q, k = head_norm(q, f"{block}.attention.query_norm"), head_norm(k, f"{block}.attention.key_norm")
        attended, *_ = graph.split_node(
            "GroupQueryAttention",
            *(q, k, v, *caches, "before", "total", *rotations),
            to=[f"attended {layer}", *(f"new {cache}" for cache in caches)],
            domain=_OWN,
            num_heads=config.n_head,
            kv_num_heads=config.n_head,
            do_rotary=1,
        )
        x = node("Add", x, node("MatMul", attended, matrix(f"{block}.attention.proj", width, width)))
        normed = norm(x, f"{block}.feed_forward_norm", width)
        gate = node("MatMul", normed, matrix(f"{block}.feed_forward.gate", width, config.hidden))
        expanded = node("MatMul", normed, matrix(f"{block}.feed_forward.expand", width, config.hidden))
        gated = node("Mul", node("Mul", gate, node("Sigmoid", gate)), expanded)
        x = node("Add", x, node("MatMul", gated, matrix(f"{block}.feed_forward.proj", config.hidden, width)))
    node("MatMul", norm(x, "norm", width), matrix("lm_head", width, config.vocab_size), to="logits")

    def floats(name: str, *shape: int) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    names = [f"{part} {layer}" for layer in range(config.n_layer) for part in ("keys", "values")]
    room = 1, config.n_head, config.block_size, head
    inputs = [
        helper.make_tensor_value_info("id", TensorProto.INT64, [1, 1]),
        helper.make_tensor_value_info("before", TensorProto.INT32, [1]),
        helper.make_tensor_value_info("total", TensorProto.INT32, [1]),
        *(floats(name, *room) for name in names),
    ]
    outputs = [floats("logits", 1, 1, config.vocab_size), *(floats(f"new {name}", *room) for name in names)]
    versions = [helper.make_opsetid("", 23), helper.make_opsetid(_OWN, 1)]
    made = helper.make_graph(graph.nodes, "model", inputs, outputs, graph.constants)
    # The oldest format that knows these operators, for onnx may be newer than the runtime.
    return helper.make_model(made, opset_imports=versions, ir_version=11).SerializeToString()
