"""Files of TLS that an address names: read once at the start, so that a wrong path is told there and not at some connection."""

import ssl
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qs, urlsplit


class CertificateOptions(NamedTuple):
    """How the options of an address are called that name files.

    Attributes:
        authorities: the authorities whose certificates are trusted.
        certificate: our own certificate; key: its private key; password: what the key is locked with.
    """

    authorities: str
    certificate: str
    key: str
    password: str


REDIS_FILES: Final = CertificateOptions("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_password")
POSTGRES_FILES: Final = CertificateOptions("sslrootcert", "sslcert", "sslkey", "sslpassword")


def check_certificates(url: str, names: CertificateOptions) -> None:
    """Read the files that an address names.

    Raises:
        ValueError: one of them is not there, or not what it should be. Its text completes a sentence that begins with the name
            of the setting.
    """
    query = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    given = [name for name in names[:3] if name in query]
    for name in given:
        try:
            Path(query[name]).read_bytes()
            if name == names.authorities:
                context.load_verify_locations(cafile=query[name])
            elif name == names.key and names.certificate in query:
                context.load_cert_chain(query[names.certificate], query[name], lambda: query.get(names.password, ""))
        except OSError as error:  # ssl's own errors are such, too
            message = f"names the file {query[name]} as {name}, which cannot be used: {error.strerror or error}"
            raise ValueError(message) from None
