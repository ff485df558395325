"""The table of facts about some weights."""

from tinygpt import save_checkpoint
from tinygpt.ui.components.facts_table import facts, facts_table
from tinygpt.ui.services.session import Session


def test_it_has_the_known_facts_and_leaves_out_the_others(build, tokenizer, weights, tmp_path):
    known = {"preset": "<tiny>", "steps": 1200, "seconds": 300.0, "validation_loss": 1.5, "validation_block_size": 8}
    save_checkpoint(tmp_path, build(), tokenizer, facts=known)
    session = Session(tmp_path)
    rows = dict(facts(session))
    assert rows["Parameters"] == f"{sum(p.numel() for p in build().parameters()):,}"
    assert rows["Steps"] == "1,200"
    assert rows["Time to train"] == "5 minutes"
    assert rows["Validation loss"].startswith("1.5000 nats (2.1640 bits) per character")
    assert "&lt;tiny&gt;" in facts_table(session)
    assert not dict(facts(Session(weights))).keys() & {"Preset", "Steps", "Time to train", "Validation loss"}
