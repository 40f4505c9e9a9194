"""What is said where no call leaves this machine: the words are those of requests, urllib3 and azure-identity."""

import pytest

from mlops.azure.failures import Denied, Transient, translated
from mlops.errors import MlopsError

PREFIX = "DefaultAzureCredential failed to retrieve a token from the included credentials.\nAttempted credentials:\n\t"
PREFIX += "EnvironmentCredential: Authentication failed: "
SAID = {
    "Could not find a suitable TLS CA certificate bundle, invalid path: /nowhere.pem": "REQUESTS_CA_BUNDLE",
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate": "certificate authority",
    "('Unable to connect to proxy', NewConnectionError('Connection refused'))": "HTTPS_PROXY names a proxy that",
    "('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))": "who runs it",
    "HTTPSConnection(host='login.microsoftonline.com'): Failed to resolve 'login.microsoftonline.com'": "no name is",
}


@pytest.mark.parametrize("said", SAID)
def test_a_sign_in_that_reached_nobody_is_no_refusal_and_says_what_to_do_about_it(said: str) -> None:
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

    for error in (ClientAuthenticationError(message=PREFIX + said), ServiceRequestError(said)):
        with pytest.raises(Transient) as met, translated("read the endpoint a"):
            raise error
        assert SAID[said] in met.value.problems[0].fix
        assert "could not be reached" in met.value.problems[0].what


def test_a_refusal_stays_one() -> None:
    from azure.core.exceptions import ClientAuthenticationError

    errors: list[MlopsError] = []
    for said in ("AADSTS7000215: Invalid client secret provided.", "no credential is set up"):
        with pytest.raises(Denied) as met, translated("read the endpoint a"):
            raise ClientAuthenticationError(message=PREFIX + said)
        errors.append(met.value)
    assert all("sign-in failed" in str(error) for error in errors)
