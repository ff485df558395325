"""What there is to read beside the page: the model card, and the endpoints."""

import httpx

from tests.server import ROOT
from tinygpt.request import bounds, names
from tinygpt.ui.documents import endpoints


def test_the_model_card_is_shown_without_what_the_hub_reads(page_served):
    with page_served(model_card=ROOT / "weights" / "README.md") as address:
        answer = httpx.get(f"{address}/model-card", trust_env=False)
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.text.startswith("# ")
        card = (ROOT / "weights" / "README.md").read_text(encoding="utf-8")
        assert card.endswith(answer.text)


def test_weights_without_a_card_have_none_and_their_page_does_not_lead_to_one(page_served):
    with page_served() as address:
        assert httpx.get(f"{address}/model-card", trust_env=False).status_code == 404
        document = httpx.get(address, trust_env=False).text
        assert "Model card" not in document
        assert "License (MIT)" in document


def test_the_endpoints_are_described_to_visitors_only(page_served):
    with page_served() as address:
        told = httpx.get(f"{address}/endpoints.json", trust_env=False).json()
        assert told == endpoints()
    (generate, _) = told
    assert tuple(argument["name"] for argument in generate["arguments"]) == names()
    assert generate["arguments"][1]["bounds"] == str(bounds("length"))
    with page_served(auth=("will", "globe")) as address:
        assert httpx.get(f"{address}/endpoints.json", trust_env=False).status_code == 401
        assert httpx.get(f"{address}/model-card", trust_env=False).status_code == 401
