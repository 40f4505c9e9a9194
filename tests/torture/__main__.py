"""`python -m tests.torture`: the whole form, or with `--bounded` so much of it as the suite has time for."""

import argparse
import fcntl
import gc
import importlib
import math
import pkgutil
import sys
import tempfile
import time
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
    parser.add_argument("--pairs", action="store_true", help="two verbs at once, and a person's hand, instead")
    parser.add_argument("--every", action="store_true", help="each kind at each call, and not one of each class")
    parser.add_argument("--most", type=int, default=0, help="so many troubles of a case or pair, drawn; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, help="where states and results are kept, to go on from another time")
    parser.add_argument("--minutes", type=float, default=0, help="end after so many; what is left is for the next time")
    given = parser.parse_args()
    _import_all()
    from tests.torture import cases, harness, pairs
    from tests.torture.results import Results
    from tests.torture.trouble import FAULTS, KILLS

    names = [one for one in given.only.split(",") if one]
    chosen = [one for one in cases.CASES if (one.name in names if names else one.bounded or not given.bounded)]
    kinds = tuple(one for one in given.kinds.split(",") if one) or (*KILLS, *FAULTS)
    most, until = given.most or (4 if given.bounded else 0), time.monotonic() + (given.minutes * 60 or math.inf)
    with tempfile.TemporaryDirectory() as folder:
        root = given.state.resolve() if given.state else Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        alone = (root / "lock").open("w")
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends
        except BlockingIOError:
            parser.error(f"another one runs with {root}; take another --state, or wait for it")
        results = Results(root / "results.jsonl" if given.state else None)
        if given.pairs:
            tried = pairs.run(root, pairs.Drawn(names, given.most, given.seed), results, until)
        else:
            tried = [one.name for one in chosen]
            always = cases.ONCE_WRONG if given.bounded else ()
            wanted = harness.Wanted(kinds, given.every, most, given.seed, until, always)
            harness.run(root, chosen, wanted, results)
    print(results.report(tried))
    return 1 if results.wrong(tried) else 0


def _import_all() -> None:
    """Once, before there are forks."""
    import mlops

    others = "azure.ai.ml azure.ai.ml.dsl azure.identity azure.identity._credentials.imds azure.storage.blob"
    others += " msal_extensions azureml_emulator.__main__ azureml_emulator.server"
    found = (module.name for module in pkgutil.walk_packages(mlops.__path__, "mlops."))
    for name in (*others.split(), *(name for name in found if not name.endswith("__main__"))):
        importlib.import_module(name)
    from tests.torture import watcher

    watcher.prepare()
    gc.freeze()  # what forks share stays shared


if __name__ == "__main__":
    sys.exit(main())
