"""Encodings: which one a text is in, as far as its bytes tell."""

import codecs
import unicodedata

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def marked_encoding(head: bytes) -> str:
    """The encoding in which to read a text, by its first bytes: UTF-16 with a byte order mark, else UTF-8."""
    return "utf-16" if head.startswith(_UTF16_MARKS) and not head.startswith(_UTF32_MARKS) else "utf-8-sig"


def wide_encoding(head: bytes) -> str:
    """The encoding of 2 or 4 bytes per character that a text seems to be in, by its first bytes; "" if in none."""
    if b"\0" not in head:
        return ""
    if head.startswith(_UTF32_MARKS):
        return "UTF-32"
    spaces = {}
    for encoding in ("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        if all(c in "\t\n\r\f" or unicodedata.category(c) not in ("Cc", "Cn", "Co", "Cs") for c in text):
            spaces[encoding] = text.count(" ") + text.count("\n")  # in another order of bytes, these are no spaces
    return next((encoding for encoding, count in spaces.items() if count and count == max(spaces.values())), "")


def narrow_encoding(sample: bytes) -> str:
    """The encoding of 1 byte per character that a text seems to be in; "" unless most of its letters are ASCII."""
    letters = sum(65 <= byte & 0xDF <= 90 for byte in sample if byte < 0x80)
    if sum(byte >= 0x80 for byte in sample) > letters:
        return ""
    if not any(0x80 <= byte <= 0x9F for byte in sample):
        return "ISO-8859-1"
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    return "WINDOWS-1252"


def is_mostly_utf8(sample: bytes) -> bool:
    """Whether at least two in three of the characters that are not ASCII are valid UTF-8."""
    text = sample.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - damaged > 2 * damaged


def is_binary(sample: bytes) -> bool:
    """Whether bytes have more control characters than a text has by accident."""
    controls = sum((byte < 32 and byte not in b"\t\n\r\f") or byte == 127 for byte in sample)
    return controls > len(sample) / 1000
