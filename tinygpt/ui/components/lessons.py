"""Lessons about the model: what each part of the diagram does, and answers to common questions, for beginners."""

from typing import NamedTuple

from tinygpt.config import GPTConfig
from tinygpt.ui.components.lesson_drawings import attention_kinds, exercises, growing_map


class Lesson(NamedTuple):
    """A short explanation of one part or one question."""

    name: str  # its anchor is lesson-NAME
    title: str
    words: str
    drawing: str = ""  # SVG


def lessons(config: GPTConfig, teachers: int) -> str:
    """All lessons as HTML, worded for a model with this config that was distilled from so many teachers."""
    stations = [each._replace(title=f"{n} {each.title}") for n, each in enumerate(_stations(config), 1)]
    return "".join(
        f'<section id="lesson-{each.name}"><h2>{each.title}</h2>{each.drawing}<p>{each.words}</p></section>'
        for each in (*stations, *_questions(config, teachers))
    )


def _stations(config: GPTConfig) -> list[Lesson]:
    """A lesson for each station of the diagram, in its order."""
    C, V, T, D = config.n_embd, config.vocab_size, config.block_size, config.head_size
    classic = config.family == "gpt"
    position = (
        f"A second table has a row for each of the {T} positions, and this row is added. Attention compares "
        "contents only: without positions, a character could not tell directly how far back another one is."
        if classic
        else "The position of a character is not included yet. Later, each query and key is rotated by an angle that "
        "grows with its position (RoPE), so that the product of two of them depends on how far apart they are."
    )
    activation = (
        "Between the two matrices, a ReLU sets all negative numbers to zero. Without it, two matrices in a row could "
        "do no more than a single one."
        if classic
        else "In the middle there are two branches, and one decides how much of the other passes through (SwiGLU). "
        "Without such a nonlinear step, matrices in a row could do no more than a single one."
    )
    return [
        Lesson(
            "characters",
            "Characters and their ids",
            "The text is split into characters, and each character becomes a number: its position in the sorted list "
            f"of the {V} characters that occur in the training text. The number says nothing about what the character "
            "is like. With whole words instead, a text would have fewer pieces, but the list would be far longer. A "
            "model of characters has to learn spelling first, and you can watch it do so.",
        ),
        Lesson(
            "embedding",
            "Embedding",
            f"The id selects a row of {C} numbers from a table, and from here on these numbers stand for the "
            "character. Training has adjusted them so that characters that are used alike have similar rows. (In the "
            f"band, red is above zero and blue below.) {position}",
        ),
        Lesson(
            "attention",
            "Attention: query, key and value",
            "Three vectors are computed from every character. The query describes what the character is looking for, "
            "the key what it can be found by, and the value what it passes on when it is found. The product of a query "
            f"and a key, divided by √{D} to keep it small, is a score. Softmax turns the scores into weights that sum "
            "to 1, and the values are added up with these weights. "
            f"Each block has {config.n_head} such heads side by side, and each can look for something different. "
            "Their results are joined and mixed by one more matrix.",
        ),
        Lesson(
            "feed-forward",
            "Feed-forward",
            "The feed-forward part processes what attention has gathered, for each character separately: it expands "
            f"the {C} numbers to {config.hidden} and reduces them to {C} again. {activation} This part holds most of a "
            "block’s weights, and much of what the model remembers.",
        ),
        Lesson(
            "residual",
            "Residual sums and norms",
            "A block replaces nothing: the outputs of its two parts are added to its input. This leaves a direct path "
            "through all blocks, and in training the error signal travels back along it to the first block without "
            "fading. Each part reads a copy that is scaled to a standard size (the norm), however large the sum has "
            "become. The guesses in the diagram are what step 6 and a softmax make of the sum so far: you can see "
            "the model change its mind.",
        ),
        Lesson(
            "logits",
            "Logits",
            f"After one more norm, a matrix turns the last character’s {C} numbers into {V} scores, one for each "
            "character that could come next. These scores are called logits. Only the differences between them matter: "
            "adding the same number to all of them would change nothing.",
        ),
        Lesson(
            "probabilities",
            "Probabilities",
            "Softmax turns the scores into probabilities: e to the power of each score, divided by the sum of all of "
            "these. Before that, the scores are divided by the temperature. Below 1, likely characters become even "
            "likelier; above 1, the probabilities move closer together; at 0, the likeliest character is always "
            "chosen. Top-k and top-p then remove unlikely characters, and the remaining probabilities are scaled to "
            "sum to 1 again.",
        ),
        Lesson(
            "drawing",
            "A character",
            "The probabilities are laid end to end as sections of a line from 0 to 1, and a random number between 0 "
            "and 1 falls into one of the sections. The random numbers come from the seed, one for each character, so "
            "the same seed always writes the same text. The chosen character is appended, and everything starts "
            "again: a text is written one character at a time.",
        ),
    ]


def _questions(config: GPTConfig, teachers: int) -> list[Lesson]:
    """Lessons that answer questions, in the order in which they are shown."""
    distilled = (
        f" These weights had {teachers} teachers: models that were trained first, whose probabilities they learned to "
        "reproduce (distillation)."
        if teachers
        else ""
    )
    return [
        Lesson(
            "mask",
            "Why may no character see a later one?",
            "In training the whole text is known, and a model that saw the next character would copy it instead of "
            "learning to predict it. So the scores of later characters are removed before the softmax: this is the "
            "evenly colored half of every map above. As a result, one passage of text gives many exercises, one at "
            "each character, and all of them are done in a single pass; a recurrent network would have to do them in "
            "order. When the model writes, it reads the prompt with the same mask, and there is nothing after the end "
            "of the text to see.",
            exercises("ROMEO"),
        ),
        Lesson(
            "cache",
            "Why does a cache work?",
            "You may read that a new character changes the attention among the earlier ones, so that everything has "
            "to be computed again. With a causal mask this is not so: the row of an earlier character never includes "
            "the new column, and nothing computed from that row changes. So keys and values are kept, and a new "
            "character costs only one new row. Only a full window makes a fresh start: its last half is read again, "
            "from position 0.",
            growing_map(),
        ),
        Lesson(
            "kinds",
            "Encoder, decoder, and both",
            "This model is a decoder: it has one text, and each character attends to itself and to those before it. "
            "In an encoder, as used to classify or search texts, each character attends to all others, before and "
            "after; it can read, but it cannot continue a text. An encoder-decoder, first built for translation, has "
            "both, connected by cross-attention: the queries come from the text being written, the keys and values "
            "from the text that was read.",
            attention_kinds(),
        ),
        Lesson(
            "training",
            "How did it learn?",
            "The weights began as random numbers. In each step the model reads a batch of passages from the text and "
            "predicts every next character; then it is given the true ones. The loss is the mean of −ln p, where p is "
            "the probability that the model gave to the true character. Calculus tells for each weight in which "
            "direction the loss falls, and each weight takes a small step that way. In training the model always "
            f"continues the true text, {config.block_size} characters at a time, never its own. Dropout, weight decay "
            "and averaged weights, if the training uses them, keep it from memorizing the text. The last tenth of the "
            f"text is never used for training: it shows how well the model does on new text.{distilled}",
        ),
    ]
