"""A certificate authority of the sandbox's own, kept in the state directory: msal insists on https."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from .files import write_private

NAMES = ("127.0.0.1", "localhost", "sandbox")
RENEW_BEFORE = timedelta(days=30)


def server_certificate(state_dir: Path) -> Path:
    """The file with the server's key and certificate; clients trust `ca.pem` beside it. Both are kept while valid."""
    authority_file, server_file = state_dir / "ca.pem", state_dir / "server.pem"
    if not _are_valid(authority_file, server_file):
        authority = trustme.CA(organization_name="Graph sandbox")
        certificate = authority.issue_cert(*NAMES)
        chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
        write_private(server_file, certificate.private_key_pem.bytes() + chain)
        write_private(authority_file, authority.cert_pem.bytes(), mode=0o644)
    return server_file


def server_context(server_file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    return context


def _are_valid(authority_file: Path, server_file: Path) -> bool:
    """Whether both exist, belong together and do not expire soon."""
    try:
        authority, server = (
            x509.load_pem_x509_certificate(path.read_bytes()) for path in (authority_file, server_file)
        )
        server.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    return min(authority.not_valid_after_utc, server.not_valid_after_utc) - RENEW_BEFORE > datetime.now(UTC)
