"""The engine of web/model/engine.js in a real browser, as an Engine for the tests."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
from playwright.sync_api import Error, JSHandle, Page

from tinygpt import SampleConfig
from tinygpt.config import GPTConfig
from tinygpt.engines.bounds import check_write
from tinygpt.export.weights_file import weights_file
from tinygpt.model.activation_cache import ActivationCache

FASTEST, PLAIN = ["kernels_relaxed.wasm", "kernels.wasm"], ["kernels.wasm"]
_OPEN = """async ({ kernels, weights, config }) => {
    const { openEngine } = await import("/model/engine.js");
    const read = async (url) => (await fetch(url)).arrayBuffer();
    const files = await Promise.all(kernels.map((name) => read(`/model/${name}`)));
    return openEngine(files, await read(`data:;base64,${weights}`), config);
}"""
_WRITE = """async (reader, { ids, count, settings, seed, i }) => {
    const { probability, sample } = await import("/model/sampling.js");
    const written = [[], []];
    for (let n = i; n < i + count; n++) {
        const [logits_V] = reader.read([ids]);
        ids = [sample(logits_V, settings, BigInt(seed), n)];
        written[0].push(ids[0]);
        written[1].push(probability(logits_V, ids[0]));
    }
    return written;
}"""
_ACTIVATIONS = """(engine, ids) =>
    Object.fromEntries(Object.entries(engine.activations(ids)).map(([name, numbers]) => [name, [...numbers]]))"""


class BrowserEngine:
    """Runs a model in a page where the modules can be loaded."""

    name, slower_because, pending = "browser", "", False

    def __init__(
        self,
        page: Page,
        config: GPTConfig,
        tensors: dict[str, np.ndarray],
        *,
        kernels: list[str] = FASTEST,
        damage: Callable[[bytes], bytes] = bytes,
    ):
        self.config = config
        model = asdict(config) | {"head_size": config.head_size, "hidden": config.hidden}
        weights = base64.b64encode(damage(weights_file(tensors))).decode()
        with _errors():
            self._engine = page.evaluate_handle(_OPEN, {"kernels": kernels, "weights": weights, "config": model})
        self._handles = [self._engine]

    def evaluate(self, script: str) -> Any:
        """What a JavaScript function makes of the engine."""
        return self._engine.evaluate(script)

    def close(self) -> None:
        """Let the page forget the model: a browser has room for about a hundred."""
        for handle in self._handles:
            handle.dispose()

    def open_reader(self, batch: int) -> "BrowserReader":
        """See Engine."""
        with _errors():
            reader = self._engine.evaluate_handle("(engine, batch) => engine.openReader(batch)", batch)
        self._handles.append(reader)
        return BrowserReader(self.config, reader, batch)

    def activations(self, ids: list[int]) -> ActivationCache:
        """See Engine."""
        with _errors():
            found = self._engine.evaluate(_ACTIVATIONS, ids)
        config, T = self.config, len(ids)
        vectors, layers = (config.n_layer, config.n_head, T, config.head_size), config.n_layer + 1
        shapes = [vectors, vectors, (layers, config.n_embd), (layers, config.vocab_size)]
        arrays = [np.array(found[name], np.float32) for name in ActivationCache._fields]
        return ActivationCache(*(array.reshape(shape) for array, shape in zip(arrays, shapes, strict=True)))


class BrowserReader:
    """A Reader of a BrowserEngine."""

    def __init__(self, config: GPTConfig, reader: JSHandle, batch: int):
        self._config, self._reader, self._batch, self._length = config, reader, batch, 0

    def read(self, rows: list[list[int]]) -> np.ndarray:
        """See Reader."""
        logits_BV = self._call("read", rows, "Array.from(result, (logits_V) => [...logits_V])")
        self._length += len(rows[0])
        return np.array(logits_BV, np.float32)

    def write(self, ids: list[int], count: int, settings: SampleConfig, i: int) -> tuple[list[int], list[float]]:
        """See Reader."""
        check_write(self._config, count, settings, batch=self._batch, length=self._length + len(ids))
        sampling = {name: getattr(settings, name) for name in ("temperature", "top_k", "top_p")}
        call = {"ids": ids, "count": count, "settings": sampling, "seed": str(settings.seed), "i": i}
        with _errors():
            written = self._reader.evaluate(_WRITE, call)
        self._length += len(ids) + count - 1
        return tuple(written)

    def clear(self) -> None:
        """See Reader."""
        self._call("clear")
        self._length = 0

    def select(self, rows: list[int]) -> None:
        """See Reader."""
        self._call("select", rows)

    def _call(self, method: str, argument: Any = None, result: str = "null") -> Any:
        with _errors():
            script = f"(reader, argument) => {{ const result = reader.{method}(argument); return {result}; }}"
            return self._reader.evaluate(script, argument)


@contextmanager
def _errors() -> Iterator[None]:
    """Raise what the page throws as Python's ValueError."""
    try:
        yield
    except Error as error:
        raise ValueError(error.message) from None
