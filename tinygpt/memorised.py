"""What of a text stands word for word in the text that was trained on."""

SHORTEST = 30  # characters: shorter agreements are what language does


def memorised(text: str, training_text: str) -> tuple[str, float]:
    """The longest stretch that both texts hold, and the share of `text` that lies in memorised stretches.

    A stretch counts as memorised from 30 characters on; where there is none, the answer is ("", 0.0).
    """
    known = {training_text[i : i + SHORTEST] for i in range(len(training_text) - SHORTEST + 1)}
    longest, covered, end = "", 0, 0
    for i in range(len(text) - SHORTEST + 1):
        if text[i : i + SHORTEST] in known:
            covered += i + SHORTEST - max(i, end)  # what an earlier stretch covers counts once
            end = i + SHORTEST
            size = max(SHORTEST, len(longest) + 1)
            while i + size <= len(text) and text[i : i + size] in training_text:
                longest = text[i : i + size]
                size += 1
    return longest, covered / max(1, len(text))
