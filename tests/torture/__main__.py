"""`python -m tests.torture`: the whole form, or with `--bounded` so much of it as the suite has time for."""

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
sys.path.insert(0, str(Path(__file__).parents[2] / "emulator" / "tests"))


def main() -> int:
    """Give 0 where nothing ended wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--bounded", action="store_true", help="a few calls of a few verbs")
    parser.add_argument("--only", default="", help="cases, with commas between them")
    parser.add_argument("--kinds", default="", help="kinds of trouble, with commas between them")
    parser.add_argument("--most", type=int, default=0, help="so many troubles of each case, drawn; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, help="where states are kept for the next time")
    given = parser.parse_args()
    _import_all()
    from tests.torture import cases, harness
    from tests.torture.trouble import FAULTS, KILLS

    names = [one for one in given.only.split(",") if one]
    chosen = [one for one in cases.CASES if (one.name in names if names else one.bounded or not given.bounded)]
    kinds = tuple(one for one in given.kinds.split(",") if one) or (*KILLS, *FAULTS)
    with tempfile.TemporaryDirectory() as folder:
        root = given.state.resolve() if given.state else Path(folder)
        tally = harness.run(root, chosen, kinds, most=given.most or (4 if given.bounded else 0), seed=given.seed)
    print(tally.report())
    return 1 if tally.wrong else 0


def _import_all() -> None:
    """Once, before there are forks."""
    import azure.ai.ml
    import azure.ai.ml.dsl
    import azure.identity
    import azure.monitor.querymetrics
    import azure.storage.blob

    import azureml_emulator.__main__
    import azureml_emulator.server
    import mlops.cli.main
    import mlops.flow.promote.promote
    import mlops.views

    here = (
        azure.ai.ml.dsl,
        azure.identity,
        azure.monitor.querymetrics,
        azure.storage.blob,
        mlops.cli.main,
        mlops.views,
    )
    assert all((*here, azureml_emulator.__main__, azureml_emulator.server, mlops.flow.promote.promote))


if __name__ == "__main__":
    sys.exit(main())
