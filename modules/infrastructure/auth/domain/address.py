"""E-mail addresses as names of accounts."""

import re
import unicodedata

from bus import FieldError, Refusal

MAX_ADDRESS_CHARS = 254
MAX_LOCAL_CHARS = 64

_LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\]+")
_LABEL = re.compile(r"(?!-)[\w-]{1,63}(?<!-)", re.UNICODE)


def normal_address(text: str) -> str:
    """The form of an e-mail address in which two spellings of the same mailbox are equal.

    The domain is brought to NFKC, the local part to NFC; both to lower case, as mail providers do, although RFC 5321 leaves
    the case of the local part to the receiver. Quoted local parts and address literals are refused.

    Raises:
        Refusal: invalid, the text is no such address.
    """
    local, at, domain = text.strip().rpartition("@")
    local = unicodedata.normalize("NFC", local).casefold()
    domain = unicodedata.normalize("NFKC", domain).casefold()
    if not at or len(local) > MAX_LOCAL_CHARS or len(local) + 1 + len(domain) > MAX_ADDRESS_CHARS:
        raise _refusal()
    if not _LOCAL.fullmatch(local) or not local.isprintable() or local[0] == "." or local[-1] == "." or ".." in local:
        raise _refusal()
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise _refusal()
    return f"{local}@{domain}"


def _refusal() -> Refusal:
    field = FieldError("$.email", "Give an address such as name@example.org.")
    return Refusal.invalid("invalid_email", "The e-mail address cannot be used. Correct it.", field)
