"""`mlops ask`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops.cli.session import Session

if TYPE_CHECKING:
    from mlops.domain.promote.chat_protocol import Question
    from mlops.flow.promote.result import EndpointAnswer

STDIN = "-"
FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@click.command(short_help="Ask live models: a held-out question, or your own.")
@click.argument("words", metavar="[ENVIRONMENT] [QUESTION]", nargs=-1)
@click.option("--index", type=click.IntRange(0), default=0, show_default=True, help="Which held-out conversation.")
@click.option("--file", type=FILE, help="Conversations as JSON or JSON lines; - reads standard input.")
@click.option("--system", default="", metavar="TEXT", help="A system message before QUESTION or a chat.")
@click.option("--all-environments", is_flag=True, help="Ask each environment, side by side; name none.")
@click.option("--chat", is_flag=True, help="Talk, a line at a time, until an empty one.")
@click.pass_obj
def command(
    session: Session,
    words: tuple[str, ...],
    index: int,
    file: Path | None,
    system: str,
    all_environments: bool,
    chat: bool,
) -> None:
    """Ask ENVIRONMENT a held-out question, prediction beside ground truth; or QUESTION, which - reads from a pipe."""
    from mlops.flow.promote import ask
    from mlops.views import ask as view

    environment, question = _words(words, all_environments=all_environments)
    if sum((bool(question), bool(file), chat)) > 1:
        raise click.UsageError("QUESTION, --file and --chat exclude each other")
    if system and not (question or chat):
        raise click.UsageError("--system needs a QUESTION or --chat; a file has its own system message")
    if chat and all_environments:
        raise click.UsageError("--chat talks with one environment")
    talk = ask.ChatLines(_lines(session), lambda answer: _show(session, answer), system) if chat else None
    session.answer(
        lambda context: ask.run(
            context, environment, index=index, own=_own(session, question, file, system), chat=talk
        ),
        view,
    )


def _words(words: tuple[str, ...], *, all_environments: bool) -> tuple[str | None, str]:
    """The environment (None: all) and the question (empty: a held-out one)."""
    expected = 1 if all_environments else 2
    if len(words) > expected:
        raise click.UsageError("put the question between quotation marks")
    if not words and not all_environments:
        raise click.UsageError("name an environment, or --all-environments")
    environment = None if all_environments else words[0]
    rest = words if all_environments else words[1:]
    return environment, rest[0] if rest else ""


def _own(session: Session, question: str, file: Path | None, system: str) -> "tuple[Question, ...]":
    from mlops import textfiles
    from mlops.domain.promote.chat_protocol import own_question, read_questions
    from mlops.errors import BadInput, Problem

    if question:
        return (own_question(session.stdin.read() if question == STDIN else question, system),)
    if file is None:
        return ()
    if str(file) == STDIN:
        return read_questions(session.stdin.read(), "standard input")
    try:
        return read_questions(textfiles.read(file), str(file))
    except FileNotFoundError:
        raise BadInput(Problem(f"there is no file {file}", fix="name a JSON file of a conversation")) from None


def _lines(session: Session) -> Iterator[str]:
    """What a person types, until an empty line or the end of input."""
    while True:
        if session.stdin.isatty():
            session.stderr.write("you> ")
            session.stderr.flush()
        line = session.stdin.readline().strip()
        if not line:
            return
        yield line


def _show(session: Session, answer: "EndpointAnswer") -> None:
    who = answer.model or answer.environment
    session.view.note(f"{who}> {answer.text if answer.text is not None else answer.failure}")
