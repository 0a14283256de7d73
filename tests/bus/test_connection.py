"""Addresses that no connection could be made with are refused before one is tried."""

from pathlib import Path

import pytest

from bus.redis import RedisSettings, connect

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rediss://h?ssl_ca_certs=/nowhere", "names the file /nowhere as ssl_ca_certs"),
        ("rediss+cluster://h?ssl_certfile=/nowhere", "names the file /nowhere as ssl_certfile"),
        ("rediss+sentinel://h/main?ssl_keyfile=/nowhere", "names the file /nowhere as ssl_keyfile"),
        ("redis://h?ssl_cert_reqs=required", "rediss://"),
        ("redis+sentinel://h/main?ssl_check_hostname=true", "rediss://"),
        ("rediss://h?sslrootcert=/x", "sslrootcert"),
        ("redis://h?socket_timeout=soon", "socket_timeout"),
    ],
)
async def test_options_that_cannot_be_used_are_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        async with connect(RedisSettings(url=url)):
            pytest.fail("opened")


async def test_a_file_that_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_text("nothing of the kind")
    with pytest.raises(ValueError, match=r"names the file .*ca\.crt as ssl_ca_certs"):
        async with connect(RedisSettings(url=f"rediss://h?ssl_ca_certs={file}")):
            pytest.fail("opened")
