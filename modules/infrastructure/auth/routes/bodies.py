"""What the routes take in."""

from typing import Annotated

from msgspec import Meta, Struct

from modules.infrastructure.auth.contract import DisplayName, ScopeList
from nexus_actors.identity import DEFAULT_TENANT

TenantText = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]{0,39}\Z", examples=["main"])]
EmailText = Annotated[str, Meta(min_length=3, max_length=320, examples=["ana@example.org"])]
PasswordText = Annotated[str, Meta(min_length=1, max_length=1024)]
TokenText = Annotated[str, Meta(min_length=1, max_length=8192)]


class Discreet(Struct, frozen=True, kw_only=True):
    """A body with a secret in it: it never prints."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class SignUp(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new account.

    Attributes:
        password: at least 10 characters, hard to guess.
    """

    email: EmailText
    password: PasswordText
    display_name: DisplayName
    tenant: TenantText = DEFAULT_TENANT


class Login(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A login.

    Attributes:
        scopes: what the tokens are to be limited to; left out for all that the roles allow.
    """

    email: EmailText
    password: PasswordText
    tenant: TenantText = DEFAULT_TENANT
    scopes: ScopeList | None = None


class Refresh(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refresh.

    Attributes:
        scopes: what the next access token is to be limited to.
    """

    refresh_token: TokenText
    scopes: ScopeList | None = None


class PasswordChange(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password in place of the present one."""

    current_password: PasswordText
    new_password: PasswordText


class TemporaryPasswordReplacement(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A password of one's own in place of a temporary one.

    Attributes:
        new_password: at least 10 characters, hard to guess.
        scopes: what the tokens are to be limited to; left out for all that the roles allow.
    """

    email: EmailText
    temporary_password: PasswordText
    new_password: PasswordText
    tenant: TenantText = DEFAULT_TENANT
    scopes: ScopeList | None = None


class EmailChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another address."""

    email: EmailText


class OwnEmailChange(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another address, and the password of who asks for it."""

    email: EmailText
    password: PasswordText


class Erasure(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password of who wants their account erased."""

    password: PasswordText


class TenantDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tenant as it is to be.

    Attributes:
        tenant: its name, which stays.
        administrator_email: the address of its first administrator.
        open_to_sign_up: whether anybody may make an account there.
    """

    tenant: TenantText
    administrator_email: EmailText
    open_to_sign_up: bool = False


class ServiceAccountDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service account as it is to be."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9._-]{0,63}\Z", examples=["importer"])]
    scopes: ScopeList


class SecretRotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new secret.

    Attributes:
        overlap_s: how long the old one is still taken, in seconds; 0 takes its access tokens back too.
    """

    overlap_s: Annotated[int, Meta(ge=0, le=604_800)] = 0


class KeyRotation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new signing key.

    Attributes:
        emergency: take back every token that the present keys have signed.
    """

    emergency: bool = False
