"""What of a text stands word for word in the text that was trained on."""

from collections.abc import Sequence

SHORTEST = 30  # characters: shorter agreements are what language does


def memorised(texts: Sequence[str], training_text: str) -> tuple[str, float]:
    """The longest stretch that one of the texts shares with the training text, and the share of them all
    that lies in memorised stretches.

    A stretch counts as memorised from 30 characters on; where there is none, the answer is ("", 0.0).
    """
    known = {training_text[i : i + SHORTEST] for i in range(len(training_text) - SHORTEST + 1)}
    longest, covered = "", 0
    for text in texts:
        end = 0  # of what is covered so far: overlapping stretches count once
        for i in range(len(text) - SHORTEST + 1):
            if text[i : i + SHORTEST] in known:
                covered += i + SHORTEST - max(i, end)
                end = i + SHORTEST
                size = max(SHORTEST, len(longest) + 1)
                while i + size <= len(text) and text[i : i + size] in training_text:
                    longest = text[i : i + size]
                    size += 1
    return longest, covered / max(1, sum(map(len, texts)))
