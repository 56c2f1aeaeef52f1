"""Kernels that stay warm: papermill runs one notebook after the other in them, each from nothing.

Most of the time of a short notebook is its kernel's start and imports.  This engine of
papermill's (`papermill.engines`) gives each worker thread one kernel, kept for all its notebooks;
before each of them the kernel's namespace is emptied, while what Python has imported stays.
Nothing else differs from papermill's own engine.  Who runs notebooks ends the kernels
(`bsup_analysis.pipeline.session.at_work`).
"""

import threading
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger

from bsup_analysis.pipeline.kernel import StudyKernel

ENGINE = "bsup-warm"
_EMPTY = "get_ipython().reset(new_session=True)"


class _Client(PapermillNotebookClient):
    """papermill's client, beginning with an empty namespace and the first cell counted as 1."""

    def papermill_execute_cells(self) -> None:
        self.wait_for_reply(self.kc.execute(_EMPTY, silent=True, store_history=False))
        super().papermill_execute_cells()


class WarmEngine(NBClientEngine):
    """papermill's engine with a kernel of the thread's own."""

    kept = threading.local()

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        kernel_manager_class: type[StudyKernel],
        **options: Any,
    ) -> Any:
        """Run a notebook in this thread's kernel, which is started if none is running."""
        kernel = getattr(cls.kept, "kernel", None)
        if type(kernel) is not kernel_manager_class or not kernel.runs:
            kernel = cls.kept.kernel = kernel_manager_class()
        wanted = ("log_output", "resources", "timeout")
        client = _Client(
            nb_man,
            km=kernel,
            kernel_name=kernel_name,
            log=logger,
            startup_timeout=options.get("start_timeout", 60),
            **{name: options[name] for name in wanted if name in options},
        )
        try:
            return client.execute()
        finally:
            if client.kc is not None:
                client.kc.stop_channels()


papermill_engines.register(ENGINE, WarmEngine)
