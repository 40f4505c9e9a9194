"""Secrets and personal data: what is recognised, and what must not be."""

import pytest

from mlops.domain.dataset import personal


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to jane.doe+x@mail.acme.co.uk, please", ("email",)),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", ("private_key",)),
        ("AccountName=x;AccountKey=" + "Ab1/" * 21 + "==;", ("azure_storage_key",)),
        ("https://x.blob.core.windows.net/c?sv=1&sig=" + "aB%2F" * 8, ("azure_sas",)),
        ("key AKIA" + "ABCDEFGH12345678", ("aws_access_key",)),
        ("ghp_" + "a1B2" * 9, ("github_token",)),
        ("github_pat_" + "a1B2_" * 9, ("github_token",)),
        ("hf_" + "aBcDe" * 7, ("hugging_face_token",)),
        ("sk-proj-" + "aB3_" * 10, ("api_key",)),
        ("xoxb-" + "1234-abcd-" * 3, ("slack_token",)),
        ("eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20, ("json_web_token",)),
        ("a@b.io and AKIA" + "ABCDEFGH12345678", ("email", "aws_access_key")),
    ],
)
def test_known_forms_are_recognised(text: str, kinds: tuple[str, ...]) -> None:
    assert personal.find(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "user@example.com",
        "a.b@mail.example.org",
        "admin@contoso.com",
        "root@localhost",
        "@decorator",
        "a @ b",
        "5@6",
        "sig=short",
        "hf_hub_download(repo_id)",
        "sk-learn is a library",
        "AccountKey=<your key>",
        "eyJ alone",
        "commit 8049631c405ae6576f93f445c6b8166f76f5505a",
        "ghp_ is how a token begins",
    ],
)
def test_made_up_addresses_and_talk_about_keys_are_not(text: str) -> None:
    assert personal.find(text) == ()


def test_a_real_address_beside_a_made_up_one_is_found() -> None:
    assert personal.find("user@example.com or user@acme.com") == ("email",)
