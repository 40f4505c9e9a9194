"""Messages as Azure sends them, and what they are taken for."""

import pytest

from mlops.domain.serving.causes import KNOWN, explain


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("(None) ResourceNotReady: User container has crashed or terminated.", "ResourceNotReady"),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\nResourceNotReady", "CUDA out of memory"),
        ('{"errors":{"VmSize":["Not enough quota available for Standard_F4s_v2"]}}', "Not enough quota"),
        ("(ImageBuildFailure) Image build failed", "ImageBuildFailure"),
    ],
)
def test_a_message_is_explained_by_its_most_telling_sign(text: str, sign: str) -> None:
    found = explain(text)
    assert found
    assert found.sign == sign


def test_what_is_not_known_is_not_explained() -> None:
    assert explain("the moon was in the way") is None


def test_every_known_sign_has_a_meaning_and_a_fix() -> None:
    assert all(known.meaning and known.fix for known in KNOWN)
    assert len({known.sign for known in KNOWN}) == len(KNOWN)
