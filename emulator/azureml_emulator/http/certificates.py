"""A certificate authority made at start, and a certificate for each host when a client first names it.

The authority's key stays in memory: nothing on disk could sign for a host after the emulator has stopped.
"""

import ssl
from functools import lru_cache
from pathlib import Path

import trustme


class Authority:
    """Issues certificates for whatever host name a TLS client asks for."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="Azure ML emulator (loopback only)")

    def write(self, path: Path) -> Path:
        """Write the authority's certificate (not its key) for clients to trust."""
        self._authority.cert_pem.write_to_path(path)
        return path

    def server_context(self) -> ssl.SSLContext:
        """A context that picks its certificate by the name in the TLS greeting."""
        context = self._context("localhost")

        def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if name:
                connection.context = self._cached(name.lower())

        context.sni_callback = choose
        return context

    def _context(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(host).configure_cert(context)
        return context

    @lru_cache(maxsize=512)  # noqa: B019 - one authority lives as long as its process
    def _cached(self, host: str) -> ssl.SSLContext:
        return self._context(host)
