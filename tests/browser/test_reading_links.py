"""Links are read and written in the browser as on the server."""

import json
import random
from dataclasses import asdict

from playwright.sync_api import Page

from tests.server import ROOT
from tinygpt.checkpoint.reading import read_facts
from tinygpt.request import GenerationRequest
from tinygpt.ui.front_end import FrontEnd
from tinygpt.ui.services.share_link import ShareLink, read_share_link

WEIGHTS = read_facts(ROOT / "weights")["weights_sha256"]


def random_links(count: int) -> list[ShareLink]:
    """Links with values of all kinds, the same ones every time."""
    pick = random.Random(7)

    def text(most: int) -> str:
        return "".join(pick.choice("aB \n\t&=#%+?é“😀~'()*!/[]{}\"\\0") for _ in range(pick.randint(0, most)))

    def maybe(value: object) -> object:
        return value if pick.random() < 0.5 else None

    links = []
    for _ in range(count):
        request = GenerationRequest(
            prompt=text(20),
            length=pick.choice([1, 500, 5000]),
            temperature=pick.choice([0, 0.8, 1.0, 2, pick.random(), 1e-7, 5e-324]),
            top_k=maybe(pick.randint(1, 65)),
            top_p=maybe(pick.random() or 1),
            seed=pick.choice([0, 7, 2**64 - 1, pick.getrandbits(64)]),
            stop=maybe(text(5)),
            strategy=pick.choice(["sample", "greedy", "beam"]),
            beam_width=pick.choice([1, 4, 8]),
        )
        forced = {pick.randrange(5000): pick.choice("aé😀\n&=") for _ in range(pick.randint(0, 3))}
        links.append(ShareLink(request, pick.choice([WEIGHTS, WEIGHTS[:12]]), forced))
    return links


def changed(links: list[str]) -> list[str]:
    """Links from which something is cut, or into which something is put."""
    pick = random.Random(8)

    def change(link: str) -> str:
        first, end = sorted(pick.randint(0, len(link)) for _ in range(2))
        new = pick.choice(["", "&", "=", "%", "%C3", "%zz", "+", "1", "e5", "-", "é", "&top_p=.5", "&seed=٣", "&a=b"])
        return link[:first] + new + link[min(end, first + 4) :]

    return [change(link) for link in links for _ in range(2)]


def read_by_server(link: str) -> ShareLink | None:
    try:
        return read_share_link(link)
    except ValueError:
        return None


def test_the_browser_reads_and_writes_links_as_the_server_does(open_page: Page):
    script = f"""async (links) => {{
        const {{ readLink, fragmentOf, keyOf }} = await import("./{FrontEnd().url}/share_link.js");
        const fields = links.map(readLink);
        return [fields.map((each) => each && JSON.stringify(each)), fields.map((each) => each && fragmentOf(each)),
            links.map(keyOf)];
    }}"""
    links = random_links(300)
    forms = [form for link in links for form in (link.fragment(), link.json())]
    read, written, keys = open_page.evaluate(script, forms)
    assert [read_share_link(each) for each in read] == [read_share_link(each) for each in forms]
    assert [read_share_link(each).request for each in written] == [link.request for link in links for _ in range(2)]
    assert keys[::2] == keys[1::2]
    assert len(set(keys)) == len({json.dumps(asdict(link.request)) + str(link.forced) for link in links})
    others = changed([link.fragment() for link in links])
    read, _, _ = open_page.evaluate(script, others)
    accepted = 0
    for link, here in zip(others, read, strict=True):
        if there := read_by_server(link):  # which checks the bounds, too
            accepted += 1
            assert here is not None, link
            assert read_by_server(here) == there
    assert 100 < accepted < len(others) - 100


def test_a_link_that_cannot_be_written_is_none_and_stays_what_it_is(open_page: Page):
    weights = "a" * 12
    links = [
        f"#weights_sha256={weights}&seed=5&forced=null",
        f"#weights_sha256={weights}&seed=5&forced=7",
        '{"prompt": 7, "seed": "5", "weights_sha256": 7}',
        f'{{"prompt": "\\ud800", "seed": "5", "weights_sha256": "{weights}"}}',
    ]
    script = f"""async (links) => {{
        const {{ readLink, keyOf, areVersions }} = await import("./{FrontEnd().url}/share_link.js");
        return links.map((each) => [readLink(each), keyOf(each), areVersions(each, each)]);
    }}"""
    assert open_page.evaluate(script, links) == [[None, link, False] for link in links]


def test_a_seed_may_be_the_number_0(open_page: Page):
    link = f'{{"prompt": "A", "seed": 0, "weights_sha256": "{"a" * 12}"}}'
    script = f"""async (link) => (await import("./{FrontEnd().url}/share_link.js")).keyOf(link)"""
    assert read_share_link(open_page.evaluate(script, link)) == read_share_link(link)
