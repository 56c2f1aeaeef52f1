"""Exhibits as a notebook makes them, for tests that go through many functions alike."""

import inspect
from collections.abc import Callable

from bsup_analysis.exhibit import Exhibit
from bsup_analysis.study import Study


def made(study: Study, make: Callable[..., Exhibit], **changed: object) -> Exhibit:
    """Call an exhibit function with the study's values that its arguments are named after."""
    names = inspect.signature(make).parameters
    return make(
        **{name: changed[name] if name in changed else getattr(study, name) for name in names}
    )


def displayed(study: Study, make: Callable[..., Exhibit]) -> Exhibit:
    """Show the exhibit of a function as a notebook does."""
    return study.show(made(study, make))
