"""The worker of the page without a server: texts stream, end at once when they are to, and the latest call wins."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.static_backend import Backend, opened_backend
from tests.browser.static_folder import export
from tests.server import ROOT
from tinygpt import SampleConfig, stream

REQUEST = {
    "prompt": "ROMEO:",
    "length": 5000,
    "temperature": 0.8,
    "top_k": 65,
    "top_p": 1,
    "seed": "1",
    "stop": "",
    "strategy": "sample",
    "beam_width": 4,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What is exported of the shipped weights."""
    folder = tmp_path_factory.mktemp("page")
    export(ROOT / "weights", folder)
    return folder


@pytest.fixture(scope="module")
def backend(browser: Browser, folder: Path) -> Iterator[Backend]:
    with opened_backend(browser, folder) as backend:
        yield backend


@pytest.fixture(scope="module")
def romeo(shipped) -> str:
    """The whole text of the request."""
    return "".join(stream(*shipped, "ROMEO:", SampleConfig(max_new_tokens=5000, seed=1)))


def test_the_model_is_opened_once_its_config_is_there(backend: Backend):
    assert backend.events == ["opened", "ready"]


def test_a_long_text_streams_and_leaves_the_page_free(backend: Backend, romeo: str):
    script = """async (request) => {
        let [last, longest] = [performance.now(), 0];
        const watch = setInterval(() => {
            longest = Math.max(longest, performance.now() - last);
            last = performance.now();
        }, 5);
        const start = performance.now();
        const answers = await ask("write", { request });
        clearInterval(watch);
        return [answers.map(({ text }) => text.length), performance.now() - start, longest, answers.at(-1).text];
    }"""
    lengths, milliseconds, longest, text = backend.page.evaluate(script, REQUEST)
    assert text == romeo
    assert lengths[0] < 200
    assert lengths == sorted(lengths)
    assert milliseconds / 1000 * 5 < len(lengths) < milliseconds / 1000 * 15 + 4
    assert longest < milliseconds / 4  # in which the page could not answer


def test_a_text_ends_where_it_is_as_soon_as_it_is_stopped(backend: Backend, romeo: str):
    script = """(request) => new Promise((resolve) => {
        let stopped = 0;
        backend.write({ request }, (answer) => {
            if (!answer.writing) resolve([performance.now() - stopped, answer]);
            else if (!stopped) [stopped] = [performance.now(), backend.stop()];
        });
    })"""
    waits = []
    for _ in range(3):
        milliseconds, text = backend.page.evaluate(script, REQUEST)
        waits.append(milliseconds)
        assert 0 < len(text["text"]) < 5000
        assert romeo.startswith(text["text"])
        assert text["status"][0][1].endswith(" · seed 1 · stopped")
        assert f'"length":{len(text["text"])}' in text["link"]
    assert min(waits) < 50


def test_a_later_call_ends_the_one_before_it(backend: Backend, romeo: str):
    script = """async (request) => {
        const early = [];
        backend.write({ request }, (answer) => early.push(answer));
        backend.write({ request: { ...request, length: 0 } }, (answer) => early.push(answer));
        const [refused] = await ask("write", { request: { ...request, length: -1 } });
        await new Promise((resolve) => backend.write({ request }, resolve));
        const { text } = (await ask("write", { request: { ...request, length: 90 } })).at(-1);
        return [early.length, refused.status[0][1], text];
    }"""
    early, refused, text = backend.page.evaluate(script, REQUEST)
    assert early == 0
    assert refused.startswith("Length must be")
    assert text == romeo[:90]


def test_a_text_that_is_discarded_gives_no_answer_any_more(backend: Backend, romeo: str):
    script = """async (request) => {
        const after = [];
        let discarded = false;
        await new Promise((resolve) => backend.write({ request }, (answer) => {
            if (discarded) after.push(answer);
            discarded = true;
            backend.discard();
            resolve();
        }));
        await ask("compare", { prompt: "A", seed: "1", temperatures: "1" });
        return [after, (await ask("write", { request: { ...request, length: 9 } })).at(-1).text];
    }"""
    assert backend.page.evaluate(script, REQUEST) == [[], romeo[:9]]


def test_nothing_is_computed_any_more_of_texts_that_were_superseded_or_discarded(backend: Backend):
    script = """async (request) => {
        const time = async () => {
            const start = performance.now();
            await ask("write", { request: { ...request, length: 1000 } });
            return performance.now() - start;
        };
        const begun = () => new Promise((resolve) => backend.write({ request }, resolve));
        const times = [await time()];
        for (let i = 0; i < 20; i++) await begun();
        times.push(await time());
        for (let i = 0; i < 20; i++) {
            await begun();
            backend.discard();
        }
        return [...times, await time()];
    }"""
    alone, after_others, after_discarded = backend.page.evaluate(script, REQUEST)
    assert max(after_others, after_discarded) < 6 * alone  # or it would share the worker with twenty others


def test_candidates_and_comparisons_are_answered_while_a_text_is_written(backend: Backend, romeo: str):
    script = """async (request) => {
        const { link, text } = (await ask("write", { request: { ...request, length: 30 } })).at(-1);
        let writing = true;
        const long = ask("write", { request: { ...request, length: 2000 } });
        long.then(() => (writing = false));
        const [{ character }] = await ask("candidates", { link, text, position: 7 });
        const columns = ask("compare", { prompt: "A", seed: "1", temperatures: "0.5, 1" });
        const [during, stopped] = [writing, backend.stop("compare")];
        return [character, during, (await columns).at(-1).status[0][1], (await long).at(-1).text];
    }"""
    character, during, said, text = backend.page.evaluate(script, REQUEST)
    assert (character, during, text) == (romeo[7], True, romeo[:2000])
    assert said.endswith("to its left. Stopped.")


def test_calls_that_come_before_the_model_wait_for_it(browser: Browser, folder: Path):
    script = """async (request) => {
        const { openBackend } = await import("/web/static_page/worker_backend.js");
        const nothing = { onOpen: () => {}, onReady: () => {}, onFailure: () => {} };
        const backend = openBackend("/model/", () => ({}), nothing);
        const answers = [];
        const sample = await new Promise((resolve) => backend.write({ sample: true }, resolve));
        await new Promise((resolve) => backend.write({ request }, (answer) => {
            answers.push(answer);
            if (answer.writing === false) resolve();
        }));
        return [sample.text.length > 0, answers];
    }"""
    with opened_backend(browser, folder) as backend:
        sample, (waiting, *_, last) = backend.page.evaluate(script, REQUEST | {"length": 20})
    assert sample
    assert waiting == {"status": [["status", "Loading the model; this takes a few seconds."]]}
    assert len(last["text"]) == 20


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model/weights.bin", None, "The model cannot be loaded (weights.bin: status 404): check the connection"),
        ("model/weights.bin", b"damaged", "The file of the weights is damaged: reload the page"),
        ("web/model/engine.js", None, "The model cannot be started in this browser: reload the page"),
    ],
)
def test_what_keeps_the_model_from_opening_is_said_to_every_call(browser, tmp_path, name, content, said):
    script = """async (request) => {
        const { openBackend } = await import("/web/static_page/worker_backend.js");
        const nothing = { onOpen: () => {}, onReady: () => {}, onFailure: () => {} };
        const backend = openBackend("/model/", () => ({}), nothing);
        const refusal = (name) => new Promise((resolve) =>
            backend[name]({ request }, ({ status: [[kind, sentence]] }) => kind === "note" && resolve(sentence)));
        return [...(await Promise.all(["write", "compare"].map(refusal))), await refusal("write")];
    }"""
    export(ROOT / "weights", tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with opened_backend(browser, tmp_path) as backend:
        ((kind, sentence),) = backend.events[-1]
        assert (kind, sentence[: len(said)]) == ("note", said)
        assert backend.page.evaluate(script, REQUEST) == [sentence] * 3
