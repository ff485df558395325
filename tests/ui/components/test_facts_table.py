"""The table of facts about some weights."""

from tinygpt import save_checkpoint
from tinygpt.ui.components.facts_table import facts
from tinygpt.ui.services.session import Session


def test_it_has_the_known_facts_and_leaves_out_the_others(build, tokenizer, weights, tmp_path):
    known = {"preset": "<tiny>", "steps": 1200, "seconds": 300.0, "validation_loss": 1.5, "validation_block_size": 8}
    save_checkpoint(tmp_path, build(), tokenizer, facts=known)
    session = Session(tmp_path)
    rows = {name: (words, figures) for name, words, figures in facts(session)}
    assert rows["Size"][0] == f"{sum(p.numel() for p in build().parameters()):,} parameters"
    assert rows["Training"][0].startswith("1,200 steps in ")
    words, figures = rows["On text it never saw"]
    assert words == "about as unsure as choosing among 4½ letters"
    assert figures.startswith("1.5000 nats or 2.1640 bits per character")
    assert rows["Preset"][0] == "<tiny>"
    assert not {name for name, *_ in facts(Session(weights))} & {"Preset", "Training", "On text it never saw"}
