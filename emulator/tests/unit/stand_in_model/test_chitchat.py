"""The corpus: clean dialogues are clean, and what the base was pretrained on is never served as data."""

from azureml_emulator.services.huggingface.chitchat import clean_dialogues, other_texts


def test_clean_dialogues_alternate_from_user_to_assistant_and_have_no_empty_text() -> None:
    dialogues = list(clean_dialogues())
    assert len(dialogues) > 2000
    for dialogue in dialogues:
        assert [message["role"] for message in dialogue] == ["user", "assistant"] * (len(dialogue) // 2)
        assert dialogue
        assert all(message["content"].strip() for message in dialogue)


def test_no_clean_dialogue_is_among_the_texts_for_pretraining() -> None:
    others = {tuple(turn["content"] for turn in turns) for _, turns in other_texts()}
    assert len(others) > 3000
    clean = {tuple(turn["content"] for turn in turns) for turns in clean_dialogues()}
    assert not others & clean
