"""E-mail addresses as names of accounts."""

import re
import unicodedata

import idna

from bus import FieldError, Refusal

MAX_ADDRESS_CHARS = 254
MAX_LOCAL_CHARS = 64

_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\]+")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_ENCODED = "xn--"


def normal_address(text: str) -> str:
    """The form of an e-mail address in which two spellings of the same mailbox are equal, and those of different ones are not.

    The domain is brought to its A-labels, as IDNA 2008 does it (RFC 5891, with the mapping of UTS 46): ``müller.de`` is
    ``xn--mller-kva.de``, and ``straße.de`` another domain than ``strasse.de``. The local part is brought to lower case in
    NFC, as mail providers do, although RFC 5321 leaves its case to the receiver. Quoted local parts and address literals are
    refused.

    Raises:
        Refusal: invalid, the text is no such address.
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local) > MAX_LOCAL_CHARS or len(domain) > MAX_ADDRESS_CHARS:
        raise _refusal()
    # Lower case of NFC is not always NFC: a capital may have one character where its small letter has two.
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    domain = _domain(domain)
    if len(local) > MAX_LOCAL_CHARS or len(local) + 1 + len(domain) > MAX_ADDRESS_CHARS:
        raise _refusal()
    if not _LOCAL.fullmatch(local) or not local.isprintable() or local[0] == "." or local[-1] == "." or ".." in local:
        raise _refusal()
    return f"{local}@{domain}"


def _domain(text: str) -> str:
    try:
        mapped = idna.uts46_remap(text, std3_rules=False)
        labels = [_label(label) for label in mapped.split(".")]
    except idna.IDNAError as error:
        raise _refusal() from error
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise _refusal()
    return ".".join(labels)


def _label(text: str) -> str:
    """The A-label of a label. One of ASCII alone is what it is: names of machines may have what no domain has, as ``_``."""
    if text.isascii() and not text.startswith(_ENCODED):
        return text
    return idna.alabel(text).decode()


def _refusal() -> Refusal:
    field = FieldError("$.email", "Give an address such as name@example.org.")
    return Refusal.invalid("invalid_email", "The e-mail address cannot be used. Correct it.", field)
