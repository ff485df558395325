"""training/ngram.py: what an n-gram model predicts, against a plain computation."""

from collections import Counter

import torch

from tinygpt.training.ngram import ORDER, ngram_predictions


def witten_bell(elsewhere: list[tuple[str, ...]], context: str, characters: str) -> list[float]:
    """The probabilities after a context, of (context, next character) pairs of any length, spelled out."""
    probabilities = [1 / len(characters)] * len(characters)
    for order in range(len(context) + 1):
        counts = Counter(following for before, following in elsewhere if before == context[len(context) - order :])
        if counts:
            whole = counts.total() + len(counts)
            probabilities = [
                (counts[character] + len(counts) * shorter) / whole
                for character, shorter in zip(characters, probabilities, strict=True)
            ]
    return probabilities


def test_each_tenth_of_the_text_is_predicted_from_the_counts_of_the_others(text):
    text = text[:301]
    characters = sorted(set(text))
    found_NV = ngram_predictions(torch.tensor([characters.index(c) for c in text], dtype=torch.uint8), len(characters))
    for place in (0, 5, 100, 123, 299):
        tenth = range(place // 30 * 30, place // 30 * 30 + 30)
        elsewhere = [
            (text[at + 1 - order : at + 1], text[at + 1])
            for at in range(300)
            if at not in tenth
            for order in range(min(ORDER, at + 1) + 1)
        ]
        context = text[max(0, place + 1 - ORDER) : place + 1]
        expected_V = torch.tensor(witten_bell(elsewhere, context, characters))
        torch.testing.assert_close(found_NV[place].float(), expected_V, atol=1e-3, rtol=0)


def test_phrases_that_come_back_are_predicted():
    phrase = "the king is dead; long live the king\n"
    ids = torch.tensor([*(phrase * 20).encode()], dtype=torch.uint8)
    likeliest = ngram_predictions(ids, 128)[:-1].argmax(dim=1)
    assert (likeliest == ids[1:])[10:].all()


def test_a_text_shorter_than_its_parts_is_no_problem():
    predictions_NV = ngram_predictions(torch.tensor([1, 0, 1], dtype=torch.uint8), 2).float()
    torch.testing.assert_close(predictions_NV.sum(dim=1), torch.ones(3))
