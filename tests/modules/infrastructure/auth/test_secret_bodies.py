"""No digest of a password is kept anywhere."""

import pytest

from modules.infrastructure.auth.service import service

SECRET = {
    "POST /v1/signup",
    "POST /v1/login",
    "POST /auth/login",
    "POST /v1/token/refresh",
    "POST /v1/me/email",
    "POST /v1/me/password",
    "POST /v1/me:erase",
    "POST /v1/password",
    "POST /oauth2/token",
    "POST /oauth2/introspect",
    "POST /oauth2/revoke",
}


@pytest.mark.parametrize("label", sorted(SECRET))
def test_routes_that_take_secrets_obey_no_idempotency_key(label: str) -> None:
    routes = {route.label: route for group in service.routes for route in group.all}
    assert routes[label].options.secret_body
