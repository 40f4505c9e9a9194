"""The connections of this process: every client of one sign-in sends over them, and they stay open between two calls.

Each client of azure-core has a session of its own otherwise, so that each greets the same hosts again, and each call
reads the environment for a proxy that does not change. It must not retry and must not sign: clients do.
"""

import re
import threading
from collections.abc import Callable, Hashable, MutableMapping
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util import Retry
from urllib3.util.ssl_ import ALPN_PROTOCOLS, create_urllib3_context

if TYPE_CHECKING:
    import ssl

    from azure.core.credentials import TokenCredential
    from urllib3.connectionpool import HTTPConnectionPool

Made = TypeVar("Made", bound="TokenCredential")
SIDE_BY_SIDE = 16  # connections to one host that are kept
# An address that requests would send as it is: nothing to encode, to decode, to leave out or to sign in with.
AS_IT_IS = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]+)?/(?!.*/\.)[A-Za-z0-9._~:/?!$&'()*+,;=@-]*")
OF_AZURE_CORE = frozenset({"allow_redirects", "cert", "proxies", "stream", "timeout", "verify"})


class PoolAdapter(HTTPAdapter):
    """Hands requests to urllib3; which pool of connections is a host's, and whom it trusts, is worked out once.

    requests looks on the disk for the authorities three times a call, and urllib3 reads them anew for each connection:
    certifi's take 16 ms of processor time, more than all else that a new connection needs.
    """

    def __init__(self) -> None:
        once = Retry(total=False, redirect=False, raise_on_status=False)  # azure-core's own: its policies retry
        super().__init__(pool_maxsize=SIDE_BY_SIDE, max_retries=once)
        self._pools: dict[Hashable, HTTPConnectionPool] = {}
        self._trusts: dict[Hashable, ssl.SSLContext] = {}
        self._making = threading.Lock()

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> "HTTPConnectionPool":
        """The pool of a host, the same each time. A certificate of one's own is left to requests."""
        place, through = urlsplit(str(request.url)), tuple((proxies or {}).items())
        key = place.scheme, place.netloc, verify, cert, through
        if key not in self._pools:
            with self._making:  # of threads that want the same pool, one says whom it trusts
                self._pools[key] = self._made(request, verify, proxies, cert)
        return self._pools[key]

    def _made(self, request: requests.PreparedRequest, verify: Any, proxies: Any, cert: Any) -> "HTTPConnectionPool":
        found = super().get_connection_with_tls_context(request, verify, proxies, cert)
        if "ssl_context" in found.conn_kw:  # known by another spelling
            return found
        super().cert_verify(found, str(request.url), verify, cert)
        secret = found.proxy is not None and found.proxy.scheme == "https"  # is greeted by what the pool names
        if found.scheme == "https" and verify and not cert and not secret:
            self._trust(found, request)
        return found

    def _trust(self, pool: Any, request: requests.PreparedRequest) -> None:
        """Give a pool the authorities that it names, read once for all pools that name them."""
        named = pool.ca_certs, pool.ca_cert_dir
        if named not in self._trusts:
            try:
                self._trusts[named] = trusting(*named)
            except OSError as error:
                raise requests.exceptions.SSLError(error, request=request) from error
        pool.conn_kw["ssl_context"] = self._trusts[named]
        pool.ca_certs = pool.ca_cert_dir = None

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Done when the pool was found."""

    def request_url(self, request: Any, proxies: Any) -> str:
        """What stands in the first line: of https the path alone, whatever it goes through."""
        path = str(request.path_url) if request.url.startswith("https://") else "//"
        return path if not path.startswith("//") else super().request_url(request, proxies)

    def close(self) -> None:
        """End the connections."""
        self._pools.clear()
        super().close()


def trusting(file: str | None, folder: str | None) -> "ssl.SSLContext":
    """urllib3's own settings with these authorities. Raises OSError.

    Nothing of it changes any more: threads greet hosts by it at the same moment. urllib3 would say the protocols to it
    for each connection, while OpenSSL copies them for another.
    """
    made = create_urllib3_context()
    made.load_verify_locations(file, folder)
    made.set_alpn_protocols(ALPN_PROTOCOLS)
    made.set_alpn_protocols = lambda alpn_protocols: None  # type: ignore[method-assign]  # noqa: ARG005
    return made


class Connections(requests.Session):
    """A session that looks for the proxy and the authorities of a host once, keeps no cookie and reads no netrc.

    A cookie could tie all questions to one instance of an endpoint, and a netrc would take the place of a token.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trust_env, self._looking = False, requests.Session()
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        for scheme in ("http://", "https://"):
            self.mount(scheme, PoolAdapter())
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def request(  # type: ignore[override]
        self, method: str, url: str, headers: Any = None, data: Any = None, files: Any = None, **how: Any
    ) -> requests.Response:
        """What azure-core's clients send is whole: no form, cookie, sign-in or redirect is to be put together.

        requests takes longer for those than for all else that it does; what is not whole is left to it.
        """
        others = files or how.get("cert") or how.get("proxies") or how.get("allow_redirects") is not False
        plain = data is None or isinstance(data, bytes | str)
        if others or not plain or not OF_AZURE_CORE.issuperset(how) or not AS_IT_IS.fullmatch(url):
            return super().request(method, url, headers=headers, data=data, files=files, **how)
        stream = bool(how.get("stream"))
        found = self.merge_environment_settings(url, {}, stream, how.get("verify"), None)
        sent = requests.PreparedRequest()
        sent.method, sent.url = method.upper(), url
        sent.headers = CaseInsensitiveDict[str | bytes]({**self.headers, **(headers or {})})
        sent.body = data.encode() if isinstance(data, str) else data
        if sent.body:
            sent.headers["Content-Length"] = str(len(sent.body))
        elif sent.method not in ("GET", "HEAD"):
            sent.headers.setdefault("Content-Length", "0")
        answer = self.get_adapter(url).send(sent, timeout=how.get("timeout"), **found)
        if not stream:
            _ = answer.content  # read here, so that the connection is free for the next call
        return answer

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> dict[str, Any]:
        """What the environment says for a host, beside what the call says itself."""
        if proxies or cert or verify is not True:
            return dict(self._looking.merge_environment_settings(url, proxies, stream, verify, cert))
        place = urlsplit(str(url))
        key = place.scheme, place.netloc
        if key not in self._known:
            self._known[key] = dict(self._looking.merge_environment_settings(url, {}, None, True, None))
        found = self._known[key]
        return {**found, "proxies": dict(found["proxies"]), "stream": bool(stream)}


def fresh() -> RequestsTransport:
    """Connections of their own."""
    return RequestsTransport(session=Connections())


def of(credential: "TokenCredential", **timeouts: float) -> RequestsTransport:
    """Those of a sign-in, which a client that is closed leaves open; `connection_timeout` and `read_timeout`."""
    if credential not in _SIGNED_IN:
        _SIGNED_IN[credential] = Connections()
    return RequestsTransport(session=_SIGNED_IN[credential], session_owner=False, **timeouts)


def signed_in(make: "Callable[[RequestsTransport], Made]") -> "Made":
    """A sign-in that asks over the connections of its clients; alone it would read the authorities once more."""
    session = Connections()
    made = make(RequestsTransport(session=session, session_owner=False))
    _SIGNED_IN[made] = session
    return made


_SIGNED_IN: MutableMapping["TokenCredential", Connections] = WeakKeyDictionary()
