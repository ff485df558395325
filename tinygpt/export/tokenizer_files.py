"""The vocabulary of a checkpoint as a tokenizer of Hugging Face's libraries: the same ids, character by character."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tinygpt.data.tokenizer import TextEncoderDecoder

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# What keyboards, word processors and Windows put into prompts.
_TYPOGRAPHIC = ("\r\n", "\r", "’", "‘", "“", "”", "—", "–", "…")


def save_tokenizer(folder: Path, vocabulary: str, block_size: int) -> None:
    """Write tokenizer.json and tokenizer_config.json. Raises OSError.

    What is too long for the model's context loses its beginning where a caller asks for truncation.
    """
    settings = {
        # The class that loads tokenizer.json as it is. One of the model's own would rebuild it in its own way.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "attention_mask"],
        "model_max_length": block_size,
        "truncation_side": "left",
        "padding_side": "left",
        "clean_up_tokenization_spaces": False,
    }
    contents = {
        "tokenizer.json": build_tokenizer(vocabulary).to_str(pretty=True),
        "tokenizer_config.json": json.dumps(settings, indent=2),
    }
    for name, content in contents.items():
        (folder / name).write_text(content + "\n", encoding="utf-8", newline="\n")


def build_tokenizer(vocabulary: str) -> "Tokenizer":
    """A tokenizer that gives each character its position in the vocabulary.

    It is byte-pair encoding without merges: over bytes, which all tools know from GPT-2, if every character is one
    byte; otherwise over characters. It drops what the vocabulary lacks, but for the most usual characters that have a
    plain spelling in it.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers  # late: it may not be installed

    if vocabulary.isascii():
        ids = {_byte_symbol(ord(character)): i for i, character in enumerate(vocabulary)}
        tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[]))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.decoder = decoders.ByteLevel()
    else:
        tokenizer = Tokenizer(models.BPE(vocab={character: i for i, character in enumerate(vocabulary)}, merges=[]))
        tokenizer.decoder = decoders.Fuse()
    steps = [normalizers.Replace(text, spelling) for text, spelling in _spellings(vocabulary).items()]
    if vocabulary.isascii():
        steps.append(normalizers.NFD())  # of é leaves e and an accent, which is dropped
    if steps:
        tokenizer.normalizer = normalizers.Sequence(steps)
    return tokenizer


def _spellings(vocabulary: str) -> dict[str, str]:
    """The nearest known spelling of each typographic character that the vocabulary lacks but can spell."""
    known = TextEncoderDecoder(vocabulary)
    unknown = [text for text in _TYPOGRAPHIC if not set(text) <= set(vocabulary)]
    return {text: spelling for text in unknown if (spelling := known.normalize(text)[0])}


def _byte_symbol(byte: int) -> str:
    """The printable character that stands for a byte of ASCII in byte-level encodings, as GPT-2 introduced them."""
    if 0x21 <= byte <= 0x7E:
        return chr(byte)
    return chr(0x100 + (byte if byte <= 0x20 else 0x21))  # the other bytes are numbered from U+0100 on
