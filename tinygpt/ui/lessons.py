"""What each part of the machine is for, in two or three sentences, with drawings of what numbers do not show."""

from collections.abc import Callable
from typing import NamedTuple

from tinygpt.config import GPTConfig
from tinygpt.ui.svg import path, rect, text

_CELL = 15


class Lesson(NamedTuple):
    """One part, explained."""

    name: str
    title: str
    words: str
    drawing: str = ""


def lessons(config: GPTConfig, teachers: int) -> str:
    """HTML of all lessons, as they fit a model that learned from the text, or from so many teachers."""
    stations = [each._replace(title=f"{n} {each.title}") for n, each in enumerate(_stations(config), 1)]
    return "".join(
        f'<section id="lesson-{each.name}"><h2>{each.title}</h2>{each.drawing}<p>{each.words}</p></section>'
        for each in (*stations, *_questions(config, teachers))
    )


def _stations(config: GPTConfig) -> list[Lesson]:
    C, V, T, D = config.n_embd, config.vocab_size, config.block_size, config.head_size
    classic = config.family == "gpt"
    position = (
        f"A second table has a row for each of the {T} places, which is added: attention by itself sees a heap of "
        "characters, not a row of them."
        if classic
        else "Where a character stands is not in it yet. Each query and key will be turned by an angle that grows "
        "with its place (RoPE), so that two of them can tell how far apart they are."
    )
    inner = (
        "A ReLU between the two matrices sets what is negative to zero; without it, two matrices in a row could do "
        "no more than one."
        if classic
        else "Of two branches in the middle one decides how much of the other passes (SwiGLU); without such a bend, "
        "matrices in a row could do no more than one."
    )
    return [
        Lesson(
            "characters",
            "Characters and their ids",
            f"A text is cut into characters, and each becomes a number: its place among the {V} that the training "
            "text has, in order. The number says nothing of what a character is like. Whole words would be fewer "
            "pieces, of a far longer list; a machine of letters has to learn spelling first, and one can watch it.",
        ),
        Lesson(
            "embedding",
            "Embedding",
            f"The id picks a row of {C} numbers from a table, and they stand for the character from here on. "
            f"Training has set them, so that characters which behave alike have rows that are alike (in the band, red "
            f"is above zero and blue below). {position}",
        ),
        Lesson(
            "attention",
            "Attention: query, key and value",
            "From every character three vectors are made. Its query says what it looks for; its key, what it can be "
            "found by; its value, what it hands over when it is found. The product of a query with a key, divided by "
            f"√{D} so that it stays small, becomes by softmax a share of attention, and the values are added up by "
            f"these shares. Each block has {config.n_head} such heads, side by side and free to look for different "
            "things; what they bring is laid end to end and mixed by one more matrix.",
        ),
        Lesson(
            "feed-forward",
            "Feed-forward",
            f"What attention gathered is worked on for each character by itself: out to {config.hidden} numbers and "
            f"back to {C}. {inner} Most of a block’s weights are here, and much of what it remembers.",
        ),
        Lesson(
            "residual",
            "Residual sums and norms",
            "A block replaces nothing: what its two parts make is added to what came in. This leaves a straight path "
            "through all blocks, on which in training the blame for an error reaches the first one undimmed. Each "
            "part reads a copy brought to one scale (the norm), however much has been added by then. The guesses in "
            "the drawing are what step 6 and a softmax make of the sum so far: one sees the machine change its mind.",
        ),
        Lesson(
            "logits",
            "Logits",
            f"After one more norm, a matrix turns the last character’s {C} numbers into {V}: a score for each "
            "character that could come next. Only differences count, since adding the same to all of them would "
            "change nothing.",
        ),
        Lesson(
            "probabilities",
            "Probabilities",
            "Softmax makes shares of the scores: e to the power of each, divided by their sum. The scores are divided "
            "by the temperature first: below 1 the likely become likelier, above 1 they come closer, and at 0 the "
            "first takes all. Top-k and top-p then drop the tail, and what is left is made to sum to 1 again.",
        ),
        Lesson(
            "drawing",
            "A character",
            "The shares are laid end to end, and a number between 0 and 1 falls on one of them. The numbers come from "
            "the seed, one for each place, so the same seed writes the same text. The character is put behind the "
            "others, and all of it begins again: a text is written one character at a time.",
        ),
    ]


def _questions(config: GPTConfig, teachers: int) -> list[Lesson]:
    taught = (
        f"These weights had teachers, {teachers} of them: models trained first, whose shares they learned to give "
        "(distillation)."
        if teachers
        else ""
    )
    return [
        Lesson(
            "mask",
            "Why may no character see a later one?",
            "In training the whole text is there, and a model that saw the next character would copy it instead of "
            "learning to foretell it. So scores of what comes later are struck out before the softmax: the even half "
            "of every map above. It makes one stretch of text many exercises, one at each character, all done in one "
            "pass, where a recurrent network would have to take them in order. In writing a "
            "prompt is read under the same mask, and beyond its end there is nothing later to see.",
            _exercises("ROMEO"),
        ),
        Lesson(
            "cache",
            "Why does a cache work?",
            "One can read that attention among earlier characters changes when a new one arrives, so that everything "
            "has to be computed again. Under a causal mask it does not: an earlier row never looks at the new "
            "column, and nothing that was computed from it changes. So keys and values are kept, and a new character "
            "costs one new row. Only a full window makes a fresh start: its last half is read again, from place 0.",
            _cache(),
        ),
        Lesson(
            "kinds",
            "Encoder, decoder, and both",
            "This machine is a decoder: one text, in which each character attends to itself and those before it. In an "
            "encoder, as of a machine that sorts or searches texts, each attends to all, before and after; it can read "
            "but not write on. An encoder-decoder, built first for translation, has both, and between them cross-"
            "attention: queries from the text being written, keys and values from the one that was read.",
            _kinds(),
        ),
        Lesson(
            "training",
            "How did it learn?",
            "It began with random numbers. In each step it reads a batch of stretches of the text, foretells every "
            "next character, and is told the true ones: the loss is the mean of −ln of the share that it gave them. "
            "Calculus says for each weight which way the loss falls, and each takes a small step. It always "
            f"continues the true text, {config.block_size} characters at a time, never its own. Dropout, weight decay "
            "and averaged weights, where a recipe has them, help against learning the text by heart, and the last "
            f"tenth of it is never trained on, to tell how well it does on what is new. {taught}",
        ),
    ]


def _exercises(word: str) -> str:
    """Each beginning of a word, and what is to be foretold of it."""

    def letter(kind: str, column: int, row: int, character: str) -> str:
        x, y = 10 + 20 * column, 22 * row
        return rect(kind, x, y, 18, 18) + text(x + 9, y + 14, character, "letter")

    rows = "".join(
        "".join(letter("box", n, row, word[n]) for n in range(row + 1))
        + path("flow", f"M{32 + 20 * row} {22 * row + 9}h14m-4 -3l4 3l-4 3")
        + letter("box here", row + 2, row, word[row + 1])
        for row in range(len(word) - 1)
    )
    return _drawing(f"The exercises in one word of {len(word)} letters", 22 * (len(word) - 1), rows)


def _cache() -> str:
    size = 5
    rows = _grid(10, 0, size, lambda row, column: "here" if row == size - 1 else "kept" if column <= row else "")
    labels = (
        text(100, 24, "rows of earlier characters:")
        + text(100, 41, "as they were")
        + text(100, 71, "the new character’s row:")
        + text(100, 88, "the only work")
    )
    return _drawing("A map of attention that grows by one row", size * _CELL + 16, rows + labels)


def _kinds() -> str:
    drawn = (
        ("encoder", lambda row, column: "kept"),
        ("decoder", lambda row, column: "kept" if column <= row else ""),
        ("cross", lambda row, column: "here"),
    )
    parts = "".join(
        _grid(10 + 110 * n, 0, 5, kind) + text(10 + 110 * n + 2.5 * _CELL, 5 * _CELL + 16, name, "middle")
        for n, (name, kind) in enumerate(drawn)
    )
    return _drawing("Who attends to whom: encoder, decoder, cross-attention", 5 * _CELL + 22, parts)


def _grid(x: float, y: float, size: int, kind: Callable[[int, int], str]) -> str:
    return "".join(
        rect(f"box {kind(row, column)}", x + _CELL * column, y + _CELL * row, _CELL - 2, _CELL - 2)
        for row in range(size)
        for column in range(size)
    )


def _drawing(label: str, height: float, parts: str) -> str:
    return f'<svg class="drawing" viewBox="0 -2 340 {height + 6:g}" role="img" aria-label="{label}">{parts}</svg>'
