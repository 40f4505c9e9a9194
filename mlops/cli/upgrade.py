"""`mlops upgrade`."""

from pathlib import Path

import click

from mlops.cli.session import Session
from mlops.errors import BadInput, Problem


@click.command(short_help="Move a team's workflows to this mlops, and tell what changed.")
@click.option("--to", metavar="OWNER/REPO@COMMIT", help="Another commit.  [default: that of this program]")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.pass_obj
def command(session: Session, to: str | None, dry_run: bool) -> None:
    """Move the workflows of a team's repository to another commit of mlops, and rewrite keys that were renamed."""
    from mlops import history, product
    from mlops.domain.repository.pin import Pin, parse
    from mlops.flow.repository import upgrade
    from mlops.views import upgrade as view

    def pin() -> Pin:
        here = product.pin()
        found = parse(to) if to else here
        if found is None:
            what = f"{to!r} is no commit of a repository" if to else "this mlops comes from no commit on GitHub"
            raise BadInput(Problem(what, "--to", fix="--to OWNER/REPO@COMMIT with the 40 characters of a commit"))
        return here if here and str(here) == str(found) else found

    session.answer_alone(lambda: upgrade.run(history.top(Path()).resolve(), pin(), apply=not dry_run), view)
