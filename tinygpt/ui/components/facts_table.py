"""A table of facts about some weights: their model, their training and their loss."""

import math
from html import escape
from typing import Any

from tinygpt.ui.components.status import duration
from tinygpt.ui.services.session import Session


def facts_table(session: Session) -> str:
    """The facts of a session's weights as an HTML table."""
    body = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts(session)
    )
    return f'<table class="facts"><tbody>{body}</tbody></table>'


def facts(session: Session) -> list[tuple[str, str]]:
    """The known facts as pairs (name, value)."""
    config, saved = session.config, session.facts
    rows = [
        ("Preset", saved.get("preset")),
        ("Parameters", f"{session.parameters:,}"),
        ("Blocks", f"{config.n_layer}, each with {config.n_head} heads, width {config.n_embd} ({config.family})"),
        ("Context", f"{config.block_size} characters"),
        ("Vocabulary", f"{config.vocab_size} characters"),
        ("Validation loss", _loss(saved)),
        ("Steps", f"{saved['steps']:,}" if "steps" in saved else None),
        ("Time to train", duration(saved["seconds"]) if "seconds" in saved else None),
        ("Weights", f"sha256 {saved['weights_sha256'][:16]}…"),
    ]
    return [(name, value) for name, value in rows if value]


def _loss(saved: dict[str, Any]) -> str | None:
    loss = saved.get("validation_loss")
    if loss is None:
        return None
    blocks = f" in blocks of {saved['validation_block_size']}" if "validation_block_size" in saved else ""
    return f"{loss:.4f} nats ({loss / math.log(2):.4f} bits) per character, on the whole last tenth of the text{blocks}"
