"""The first start: accounts, without which nobody could log in."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace

from bus import BusError, Command, Refusal
from nexus_actors.embedded import EmbeddedPostgres
from nexus_actors.local.credentials import Credentials, database_name, load_credentials, save_credentials
from nexus_actors.local.errors import CannotStart
from nexus_actors.local.home import Home
from nexus_actors.local.plan import Plan
from nexus_actors.local.report import Kind, News, Report
from nexus_actors.local.run_state import RunState
from nexus_actors.platform import bootstrap
from nexus_actors.platform.catalogue import ServiceEntry
from nexus_actors.platform.loading import has_part, load_part
from nexus_actors.settings.config import Settings

T = TypeVar("T")

_DISABLED = (
    "An administrator has disabled the account of the command line: commands that need a token, such as `demo`, cannot be used "
    "here. All else works. If it was not for good, take the account back into use with: nexus renew-account"
)


class FirstStart:
    """Has the accounts made where this machine has no credentials for the database yet; see `Supervisor`."""

    def __init__(self, home: Home, report: Report) -> None:
        self._home = home
        self._report = report

    async def __call__(self, state: RunState, plan: Plan) -> None:
        """Have them made.

        Raises:
            CannotStart: they cannot be made.
        """
        issuer = account_keeper(plan.services)
        if issuer is None:
            self._tell("notice", "No service that keeps accounts is running: nobody can log in.")
            return
        database = _database_of(state)
        known = load_credentials(self._home.credentials)
        if known is not None and known.database == database:
            return
        accounts = await _prepare(issuer, state, plan.settings)
        if isinstance(accounts, Refusal) and accounts.kind == "gone":
            self._tell("notice", _DISABLED)
            return
        if isinstance(accounts, BusError | Refusal):
            raise CannotStart(f"{issuer.name} could not make the first accounts: {accounts}") from accounts
        self._save(database, issuer, accounts)
        if accounts.password is not None:
            text = f"First administrator: {accounts.administrator}\nPassword: {accounts.password}\nIt is shown only now."
            self._tell("secret", text)

    async def renew(self, state: RunState, services: Iterable[ServiceEntry]) -> None:
        """Have the account of the command line given a new secret, also where somebody has disabled it.

        Raises:
            CannotStart: that is not possible.
        """
        issuer = account_keeper(services)
        if issuer is None:
            raise CannotStart("No service that keeps accounts is running. Start auth-ms too: nexus up")
        renew: bootstrap.Renew = getattr(load_part(issuer, bootstrap.MODULE), bootstrap.RENEWAL)
        account = await _asking(state, "nexus-renew-account", renew)
        if isinstance(account, BusError | Refusal):
            raise CannotStart(f"{issuer.name} could not renew the account: {account}") from account
        self._save(_database_of(state), issuer, account)

    def _save(
        self, database: str, issuer: ServiceEntry, account: bootstrap.FirstAccounts | bootstrap.CommandLineAccount
    ) -> None:
        credentials = Credentials(
            database=database, issuer=issuer.name, client_id=account.client_id, client_secret=account.client_secret
        )
        save_credentials(self._home.credentials, credentials)
        self._tell("step", f"The command line has an account; its secret is in {self._home.credentials}")

    def _tell(self, kind: Kind, text: str) -> None:
        self._report.tell(News(kind=kind, text=text))


def account_keeper(services: Iterable[ServiceEntry]) -> ServiceEntry | None:
    """The service that makes the first accounts and gives out tokens; None where none does."""
    return next((entry for entry in services if has_part(entry, bootstrap.MODULE)), None)


def _database_of(state: RunState) -> str:
    return database_name(state.database_url, embedded=EmbeddedPostgres.title in state.embedded)


async def _prepare(issuer: ServiceEntry, state: RunState, settings: Settings) -> bootstrap.FirstAccounts | BusError | Refusal:
    prepare: bootstrap.Prepare = getattr(load_part(issuer, bootstrap.MODULE), bootstrap.FUNCTION)
    settings = replace(settings, database_url=state.database_url, redis_url=state.redis_url)
    return await _asking(state, "nexus-up", lambda ask: prepare(ask, settings, None))


async def _asking(state: RunState, source: str, work: Callable[[bootstrap.Ask], Awaitable[T]]) -> T | BusError | Refusal:
    """Do something with the running services, on behalf of nobody."""
    from nexus_actors.local.bus_client import open_bus  # noqa: PLC0415 - heavy, and needed now and then alone

    async with open_bus(state.redis_url, state.redis_prefix, source) as client:

        async def ask(command: Command[Any]) -> Any:  # noqa: ANN401 - the command's own
            return (await client.asker.ask(command, timeout_s=30)).value

        try:
            return await work(ask)
        except (BusError, Refusal) as error:
            return error  # raised here, it would leave the client's task group in an ExceptionGroup
