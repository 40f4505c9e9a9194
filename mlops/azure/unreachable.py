"""What to do where no call leaves this machine or network; nothing that Azure said. It must not ask anything."""

_REASONS = (
    ("suitable TLS CA certificate bundle", "REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) names a file that is not there: "
     "correct it, or unset it"),
    ("CERTIFICATE_VERIFY_FAILED", "where a proxy of your company answers in Azure's place, name the file of its "
     "certificate authority in REQUESTS_CA_BUNDLE"),
    ("Unable to connect to proxy", "HTTPS_PROXY names a proxy that does not answer: correct it, or unset it"),
    ("Tunnel connection failed", "the proxy that HTTPS_PROXY names refuses: ask who runs it to let the host through"),
    ("NameResolutionError", "no name is resolved: look at this machine's network, then run the same command again"),
    ("Failed to resolve", "no name is resolved: look at this machine's network, then run the same command again"),
    ("Failed to establish a new connection", "look at this machine's network, then run the same command again"),
)  # fmt: skip


def fix(said: str) -> str:
    """What to do, by what the HTTP library said; empty where it says nothing of the kind."""
    return next((fix for reason, fix in _REASONS if reason in said), "")
