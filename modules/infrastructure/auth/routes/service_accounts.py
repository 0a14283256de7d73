"""Service accounts, for administrators."""

from uuid import UUID

from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth import queries
from modules.infrastructure.auth.contract import (
    CreateServiceAccount,
    DisableServiceAccount,
    RotateServiceSecret,
    ServiceAccount,
)
from modules.infrastructure.auth.desk import Desk
from modules.infrastructure.auth.domain.client_secret import RANDOM_BYTES, digest_of, write_secret
from modules.infrastructure.auth.routes.bodies import SecretRotation, ServiceAccountDraft
from modules.infrastructure.auth.routes.users import READ, WRITE
from nexus_actors.http import Page, PageQuery, Request, Routes, encode_cursor, found

routes = Routes(tag="service-accounts")


class ServiceAccountSecret(Struct, frozen=True, kw_only=True):
    """A service account with its secret, which is shown this once.

    Attributes:
        client_id: what the program calls itself.
    """

    client_id: UUID
    client_secret: str
    account: ServiceAccount

    def __repr__(self) -> str:
        return f"ServiceAccountSecret(client_id={self.client_id!r})"


@routes.get("/v1/service-accounts", scope=READ)
async def list_service_accounts(request: Request, query: PageQuery) -> Page[ServiceAccount]:
    """List the service accounts, in the order of their ids."""
    after = request.cursor(query, UUID)
    accounts = await queries.service_accounts(request.db, request.tenant, after, query.limit + 1)
    page = accounts[: query.limit]
    return Page(items=page, next=encode_cursor(page[-1].account_id) if len(accounts) > query.limit else None)


@routes.get("/v1/service-accounts/{account_id}", scope=READ)
async def get_service_account(request: Request, account_id: UUID) -> ServiceAccount:
    """Show a service account."""
    return found(await queries.service_account(request.db, request.tenant, account_id), "service_account")


@routes.post("/v1/service-accounts", scope=WRITE, status=201)
async def create_service_account(request: Request, body: ServiceAccountDraft) -> ServiceAccountSecret:
    """Make an account for a program. Its secret is shown this once."""
    secret = _new_secret(request.deps)
    command = CreateServiceAccount(
        account_id=request.new_id(),
        tenant=request.tenant,
        name=body.name,
        scopes=body.scopes,
        secret_sha256=digest_of(secret),
    )
    return _once(request, await request.ask(command), secret)


@routes.post("/v1/service-accounts/{account_id}:rotate_secret", scope=WRITE)
async def rotate_secret(request: Request, account_id: UUID, body: SecretRotation) -> ServiceAccountSecret:
    """Give a service account a new secret, which is shown this once."""
    secret = _new_secret(request.deps)
    command = RotateServiceSecret(
        account_id=account_id,
        secret_sha256=digest_of(secret),
        overlap_s=body.overlap_s,
        expected_version=request.expected_version,
    )
    return _once(request, await request.ask(command), secret)


@routes.post("/v1/service-accounts/{account_id}:disable", scope=WRITE)
async def disable_service_account(request: Request, account_id: UUID) -> ServiceAccount:
    """Keep a program out for good."""
    command = DisableServiceAccount(account_id=account_id, expected_version=request.expected_version)
    return await request.ask(command)


def _once(request: Request, account: ServiceAccount, secret: str) -> ServiceAccountSecret:
    """The answer with the secret. A repeat under an idempotency key changed nothing, and its secret was never stored."""
    if request.replayed:
        raise Refusal.conflict("secret_shown_before", "The first answer showed the secret. Rotate it to get a new one.")
    return ServiceAccountSecret(client_id=account.account_id, client_secret=secret, account=account)


def _new_secret(desk: Desk) -> str:
    return write_secret(desk.entropy(RANDOM_BYTES))
