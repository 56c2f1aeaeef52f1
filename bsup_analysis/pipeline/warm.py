"""Kernels that stay warm: papermill runs one notebook after the other in them, each from nothing.

Most of the time of a short notebook is its kernel's start and imports.  Here an engine of
papermill's (`papermill.engines`) gives each worker thread one kernel, kept for all its notebooks;
before each of them the kernel's namespace is emptied, while what Python has imported stays.
Nothing else differs from papermill's own engine.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger

ENGINE = "bsup-warm"
_EMPTY = "get_ipython().reset(new_session=True)"


class _Client(PapermillNotebookClient):
    """papermill's client, beginning with an empty namespace and the first cell counted as 1."""

    def papermill_execute_cells(self) -> None:
        self.wait_for_reply(self.kc.execute(_EMPTY, silent=True, store_history=False))
        super().papermill_execute_cells()


class WarmEngine(NBClientEngine):
    """papermill's engine with a kernel of the thread's own; used inside `warm_kernels`."""

    kernel_class: type[AsyncKernelManager]
    kernels = threading.local()

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
        """Run a notebook in this thread's kernel, which is started if there is none yet."""
        if getattr(cls.kernels, "of", None) is not cls.kernel_class:
            cls.kernels.of, cls.kernels.manager = cls.kernel_class, cls.kernel_class()
        wanted = ("log_output", "resources", "timeout")
        chosen = {name: options[name] for name in wanted if name in options}
        client = _Client(
            nb_man,
            km=cls.kernels.manager,
            kernel_name=kernel_name,
            log=logger,
            startup_timeout=options.get("start_timeout", 60),
            **chosen,
        )
        try:
            return client.execute()
        finally:
            if client.kc is not None:
                client.kc.stop_channels()


@contextmanager
def warm_kernels(kernel_class: type[AsyncKernelManager]) -> Iterator[str]:
    """Offer the engine to papermill by name; the caller ends the kernels.

    Parameters
    ----------
    kernel_class
        What kernels are started from, as from `bsup_analysis.pipeline.kernel.kernel_for`.

    Yields
    ------
    str
        The name to give `papermill.execute_notebook` as `engine_name`.
    """
    engine = type("WarmEngine", (WarmEngine,), {"kernel_class": kernel_class})
    papermill_engines.register(ENGINE, engine)
    try:
        yield ENGINE
    finally:
        del papermill_engines._engines[ENGINE]
