"""Service accounts, for administrators."""

from uuid import UUID

from msgspec import Struct

from bus import Refusal
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
from modules.infrastructure.auth.tables import SERVICE_ACCOUNTS
from nexus_actors.http import Request, Routes

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


routes.reads(
    "/v1/service-accounts", SERVICE_ACCOUNTS, scope=READ, about="List the service accounts, in the order of their ids."
)


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


routes.command("POST", "/v1/service-accounts/{account_id}:disable", DisableServiceAccount, scope=WRITE)


def _once(request: Request, account: ServiceAccount, secret: str) -> ServiceAccountSecret:
    """The answer with the secret. A repeat under an idempotency key changed nothing, and its secret was never stored."""
    if request.replayed:
        raise Refusal.conflict("secret_shown_before", "The first answer showed the secret. Rotate it to get a new one.")
    return ServiceAccountSecret(client_id=account.account_id, client_secret=secret, account=account)


def _new_secret(desk: Desk) -> str:
    return write_secret(desk.entropy(RANDOM_BYTES))
