"""Numbers and names that something was given by others: devices, phones, licences."""

import re

_DEVICE = re.compile(r"[A-Za-z0-9._:@-]+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_MARKS = re.compile(r"[ ()./\u00a0-]+")
_LICENCE = re.compile(r"[A-Z0-9][A-Z0-9 ./-]*")


def device_id(value: str) -> str:
    """What a tracking device calls itself: an IMEI, a serial number, a chosen name. Case counts.

    Raises:
        ValueError: it is not letters, digits and ``. _ : @ -`` of ASCII.
    """
    text = value.strip()
    if not _DEVICE.fullmatch(text):
        raise ValueError("It is not letters, digits and . _ : @ - of ASCII. Give it as the device reports it.")
    return text


def phone(value: str) -> str:
    """A telephone number in the international form of E.164: a plus sign and 7 to 15 digits, without spaces and marks.

    Raises:
        ValueError: it is none.
    """
    text = _PHONE_MARKS.sub("", value)
    if not _PHONE.fullmatch(text):
        raise ValueError("It is no international number. Give a plus sign, the country's code and the number.")
    return text


def licence_number(value: str) -> str:
    """The number of a driving licence: upper case; letters, digits, spaces and ``. / -``.

    Raises:
        ValueError: it is none.
    """
    text = " ".join(value.upper().split())
    if not _LICENCE.fullmatch(text):
        raise ValueError("It is not letters, digits, spaces and . / - that begin with a letter or digit.")
    return text
