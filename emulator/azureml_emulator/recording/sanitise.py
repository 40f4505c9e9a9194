"""Takes out of exchanges what must not be kept: keys, tokens, signatures, names of people, identifiers of a tenant.

It must not send anything. Identifiers become those of a fresh emulator, so that a recording can be replayed; what
people wrote (prompts, answers, content of files) is never kept, only its shape.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from azureml_emulator.core import defaults
from azureml_emulator.recording.exchange import Exchange

REMOVED = "(removed)"
KEPT_REQUEST = ("accept", "content-type", "azureml-model-deployment", "x-ms-blob-type", "if-match", "if-none-match")
KEPT_ANSWER = ("content-type", "location", "azure-asyncoperation", "retry-after", "x-ms-error-code")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+\-]+@[\w\-]+\.[\w.\-]+")
_SECRET_FIELD = re.compile(
    r"(primary|secondary|storage|account|api)_?key$|keyvalue$|secret$|password|connectionstring|^sas|token$"
    r"|client_assertion|instrumentationkey|^pat$|^credentials?$",
    re.IGNORECASE,
)
_PERSON_FIELD = re.compile(
    r"^(createdby|lastmodifiedby|username|user_id|userid|upn|puid|objectid|altsecid)$", re.IGNORECASE
)
_SECRET_CALL = re.compile(r"/(listkeys|listsecrets|liststorageaccountkeys|regeneratekeys|token)$", re.IGNORECASE)
_SIGNATURE = frozenset({
    "scid", "se", "sig", "sip", "ske", "skoid", "sks", "skt", "sktid", "skv", "sp", "spr", "sr", "srt", "ss", "st",
    "suoid", "sv",
})  # fmt: skip
_SIGN_IN = re.compile(r"^login\.|\.actions\.githubusercontent\.com", re.IGNORECASE)
_PRIVATE_HOSTS = re.compile(r"\.inference\.ml\.azure\.com|\.blob\.core\.windows\.net", re.IGNORECASE)
# in paths: what stands after the word, and what it becomes (the second and later ones are numbered)
_NAMED = {
    "subscriptions": defaults.SUBSCRIPTION_ID,
    "resourcegroups": defaults.RESOURCE_GROUP,
    "workspaces": defaults.WORKSPACE,
}
_PATH = re.compile(r"(?<=/)(subscriptions|resourcegroups|workspaces)/([^/?\"'\s]+)", re.IGNORECASE)
_ACCOUNT = re.compile(r"(?<=//)([a-z0-9]{3,24})(?=\.(blob|file|dfs)\.core\.windows\.net)")


def is_sign_in(host: str) -> bool:
    """Whether a host gives tokens: neither what it is sent nor what it answers is kept, and it is not asked again."""
    return bool(_SIGN_IN.search(host))


@dataclass
class Sanitiser:
    """Replaces the same thing by the same thing for the whole of a recording."""

    known: dict[str, str] = field(default_factory=dict)

    def exchange(self, one: Exchange) -> Exchange:
        """The exchange without what must not be kept."""
        host, path = urlsplit(one.url).netloc, urlsplit(one.url).path
        login = is_sign_in(host)
        private = login or bool(_PRIVATE_HOSTS.search(host))
        secret = bool(_SECRET_CALL.search(path))
        return Exchange(
            one.method,
            self.url(one.url),
            None if login else self.value(one.sent, private),
            {name: self.text(text) for name, text in one.sent_headers.items() if name in KEPT_REQUEST},
            one.sent_bytes,
            one.status,
            {name: self.url(text) for name, text in one.headers.items() if name in KEPT_ANSWER},
            None if login else self.value(one.received, private or secret),
        )

    def url(self, url: str) -> str:
        """An address with neutral names and without its signature."""
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        signed = any(name == "sig" for name, _ in pairs)
        kept = [(name, self.text(value)) for name, value in pairs if not (signed and name in _SIGNATURE)]
        query = "&".join(f"{quote(name, safe='$')}={quote(value)}" for name, value in kept)
        return self.text(urlunsplit(parts._replace(query="", fragment=""))) + (f"?{query}" if query else "")

    def value(self, value: Any, private: bool = False) -> Any:
        """A JSON value; of a private one only the shape."""
        if isinstance(value, dict):
            return {
                key: REMOVED if isinstance(item, str) and _SECRET_FIELD.search(key)
                else "someone" if isinstance(item, str) and _PERSON_FIELD.match(key)
                else self.value(item, private or bool(_SECRET_FIELD.search(key)))
                for key, item in value.items()
            }  # fmt: skip
        if isinstance(value, list):
            return [self.value(item, private) for item in value]
        if isinstance(value, str):
            return REMOVED if private else self.text(value)
        return value

    def text(self, text: str) -> str:
        """A text with neutral names in place of those of a tenant, and without signatures."""
        text = _MAIL.sub("someone@example.org", text)
        if "sig=" in text:
            text = re.sub(r"\?[^\s\"']*\bsig=[^\s\"']*", "", text)
        text = _PATH.sub(lambda match: f"{match[1]}/{self._name(match[1].lower(), match[2])}", text)
        text = _ACCOUNT.sub(lambda match: self._name("accounts", match[1]), text)
        return _GUID.sub(lambda match: self._guid(match[0].lower()), text)

    def _name(self, kind: str, name: str) -> str:
        first = _NAMED.get(kind, defaults.STORAGE_ACCOUNT)
        key = f"{kind}:{name.lower()}"
        if key not in self.known:
            number = len({value for known, value in self.known.items() if known.startswith(f"{kind}:")}) + 1
            self.known[key] = first if number == 1 else self._other(kind, first, number)
            self.known[f"{kind}:{self.known[key].lower()}"] = self.known[key]
        return self.known[key]

    def _other(self, kind: str, first: str, number: int) -> str:
        return f"{first[:-4]}{number + 0x9000:04x}" if kind == "subscriptions" else f"{first}{number}"

    def _guid(self, guid: str) -> str:
        if guid.startswith("00000000-0000-0000-0000-"):
            return guid
        if guid not in self.known:
            self.known[guid] = f"00000000-0000-0000-0000-{len(self.known) + 0xA0000:012x}"
        return self.known[guid]
