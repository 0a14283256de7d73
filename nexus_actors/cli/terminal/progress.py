"""Showing how starting and stopping goes."""

from datetime import datetime

from nexus_actors.cli.terminal.screen import say, styled
from nexus_actors.local.report import Kind, News

_MARKS: dict[Kind, str] = {"step": styled("✓", "green"), "notice": styled("!", "yellow")}


class TerminalReport:
    """Shows the news to whoever waits. It implements `nexus_actors.local.report.Report`."""

    def tell(self, news: News) -> None:
        """See `Report.tell`."""
        show(news)


def show(news: News) -> None:
    """Print a piece of news."""
    if news.kind == "secret":
        say(f"\n{news.text}\n")
    elif news.kind in _MARKS:
        say(f"  {_MARKS[news.kind]} {news.text}")


def logged(news: News, now: datetime) -> str | None:
    """A line of the supervisor's log; None where it is not to be kept."""
    if news.kind in {"step", "notice"}:
        return f"{now:%Y-%m-%dT%H:%M:%SZ} {news.text}"
    return None
