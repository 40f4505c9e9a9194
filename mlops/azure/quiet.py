"""What libraries of Azure would log and warn of by themselves is not shown: a failure is told once, as ours."""

import logging
import warnings


def sdk() -> None:
    """Silence the SDK, which warns of its own experimental classes and logs at will.

    Called after its import, because it sets the level of its loggers then.
    """
    warnings.filterwarnings("ignore", module=r"azure\.|marshmallow|msrest|pydash")
    for name in ("azure", "msrest", "msal", "azureml"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for name, found in list(logging.root.manager.loggerDict.items()):
        # A logger without a level of its own asks its parents; to set one costs a walk over all loggers.
        theirs = name.startswith(("azure.", "msrest.", "msal.", "azureml."))
        if theirs and isinstance(found, logging.Logger) and found.level != logging.NOTSET:
            found.setLevel(logging.ERROR)


def sign_in() -> None:
    """What signing in logs goes nowhere: a thread's output is left alone, and a failure is told once, as ours."""
    for name in ("azure", "msal"):
        logger = logging.getLogger(name)
        if not logger.handlers:  # without any, Python writes to standard error
            logger.addHandler(logging.NullHandler())
