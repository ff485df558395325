"""A builder for ONNX graphs, which names what is computed."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto


class Graph:
    """Nodes and constants in the order in which they are added. Whatever adds a value returns its name.

    onnx is imported late, since it may not be installed.
    """

    def __init__(self, weights: dict[str, np.ndarray]):
        self.nodes: list[NodeProto] = []
        self._weights = weights
        self._constants: dict[str, TensorProto] = {}

    @property
    def constants(self) -> "list[TensorProto]":
        return list(self._constants.values())

    def node(self, operator: str, *inputs: str, to: str = "", **attributes: object) -> str:
        """Add an operator with one output, whose name may be given by `to`."""
        return self.split_node(operator, *inputs, to=[to or f"{operator} {len(self.nodes)}"], **attributes)[0]

    def split_node(self, operator: str, *inputs: str, to: list[str], **attributes: object) -> list[str]:
        """Add an operator with several outputs, named `to`."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, to, name=to[0], **attributes))
        return to

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a constant, unless there is one of this name."""
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(value.copy(order="C"), name)
        return name

    def weight(self, name: str) -> str:
        """Add a weight of the model, as it is."""
        return self.constant(name, self._weights[name])

    def linear(self, x: str, name: str, to: str = "") -> str:
        """Multiply by a weight matrix, and add the bias if there is one, as torch's Linear does."""
        matrix, bias = f"{name}.weight", f"{name}.bias"
        transposed = self.constant(matrix, self._weights[matrix].T)
        if bias not in self._weights:
            return self.node("MatMul", x, transposed, to=to)
        return self.node("Add", self.node("MatMul", x, transposed), self.weight(bias), to=to)
