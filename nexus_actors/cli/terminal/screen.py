"""The one place through which the commands print: what comes from data cannot steer the terminal.

A key, a cause or a line of a log may hold anything. Control characters (ESC, BEL, CR, the C1 ones), marks of writing direction
and halves of surrogate pairs are shown as escapes. Colours are marked in the text by `styled` and become sequences here.
"""

import re
from typing import Final, Literal

import click

Colour = Literal["red", "green", "yellow", "cyan", "bright_black"]

_COLOURS: Final[tuple[Colour, ...]] = ("red", "green", "yellow", "cyan", "bright_black")
# Noncharacters, which nobody interchanges (The Unicode Standard, section 23.7). In data, they could colour a text and no more.
_BEGINS: Final = {colour: chr(0xFDD0 + number) for number, colour in enumerate(_COLOURS)}
_END: Final = chr(0xFDD0 + len(_COLOURS))
_MARKS: Final = "".join([*_BEGINS.values(), _END])
_MARK: Final = re.compile(f"[{_MARKS}]")
_MARKED: Final = re.compile(f"([{''.join(_BEGINS.values())}])([^{_MARKS}]*){_END}")
_STEERS: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_CONTROL: Final = re.compile(f"[{_STEERS}]")
_CONTROL_OR_LINE: Final = re.compile(f"[{_STEERS}\t\n]")
_NAMED: Final = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def styled(text: str, colour: Colour | None) -> str:
    """A text in a colour, for `say`."""
    return text if colour is None else f"{_BEGINS[colour]}{_MARK.sub('', text)}{_END}"


def unstyled(text: str) -> str:
    """The text without its colours."""
    return _MARK.sub("", text)


def one_line(text: str) -> str:
    """A value from outside for a place within a line: line ends and tabs are shown as escapes too."""
    return _CONTROL_OR_LINE.sub(_escape, text)


def harmless(text: str) -> str:
    """The text with everything shown that would steer a terminal, but for line ends and tabs."""
    return _CONTROL.sub(_escape, text)


def say(text: str = "", colour: Colour | None = None, *, err: bool = False) -> None:
    """Print a text.

    Args:
        colour: of all of it.
        err: on standard error.
    """
    click.echo(_MARK.sub("", _MARKED.sub(_coloured, harmless(styled(text, colour)))), err=err)


def say_json(body: str | bytes) -> None:
    r"""Print JSON. What would steer a terminal can stand in its strings alone, so ``\u001b`` there means the same."""
    text = body.decode(errors="backslashreplace") if isinstance(body, bytes) else body
    click.echo(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def agreed(question: str) -> None:
    """Ask for a yes; anything else ends the command.

    Raises:
        click.Abort: it is not given.
    """
    click.confirm(harmless(question), abort=True)


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    return _NAMED.get(found[0]) or (f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}")  # noqa: PLR2004 - a byte


def _coloured(found: re.Match[str]) -> str:
    return click.style(found[2], fg=_COLOURS[ord(found[1]) - 0xFDD0])
