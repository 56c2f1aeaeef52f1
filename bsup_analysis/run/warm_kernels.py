"""The kernels notebooks run in: this interpreter, the same for everybody, and kept warm.

A kernel manager of our own instead of an installed kernelspec: no kernel of another
environment can be taken by mistake, the user's IPython and matplotlib settings stay out of the
results, and all running kernels are known when the run is interrupted.

Most of the time of a short notebook is its kernel's start and imports.  An engine of
papermill's (`papermill.engines`) gives each worker thread one kernel, kept for all its notebooks;
before each of them the kernel's namespace is emptied, while what Python has imported stays.
Nothing else differs from papermill's own engine.  Who runs notebooks ends the kernels
(`bsup_analysis.run.engine.at_work`).
"""

import os
import sys
import threading
import uuid
from functools import cache
from pathlib import Path
from subprocess import Popen
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger

ENGINE = "bsup-warm"
# settings of the user's for Python, Jupyter, drawing and maps, which could change a result
FOREIGN = ("PYTHON", "IPYTHON", "JUPYTER", "MPL", "MATPLOTLIB", "PROJ_", "GDAL_", "OGR_", "CPL_")
# ipykernel's own start, without what /etc/ipython and the environment's etc/ipython would run
_START = """import sys
sys.path.remove("")
from IPython.core.application import ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS
for folders in (ENV_CONFIG_DIRS, SYSTEM_CONFIG_DIRS):
    folders.clear()
from ipykernel import kernelapp
kernelapp.launch_new_instance()
"""
_EMPTY = "get_ipython().reset(new_session=True)"
# held here, because a kernel outlives the thread that worked in it
_STARTED: set["StudyKernel"] = set()


class StudyKernel(AsyncKernelManager):
    """A kernel of the study; `kernel_for` gives the class its environment."""

    environment: dict[str, str] = {}  # noqa: RUF012 - replaced as a whole by subclasses
    files = Path()

    def __init__(self, **traits: Any) -> None:
        self.files.mkdir(parents=True, exist_ok=True)
        # holds the kernel's keys; here the next run removes it, should this one be killed
        file = self.files / f"{uuid.uuid4().hex}.json"
        super().__init__(connection_file=str(file), **traits)
        _STARTED.add(self)
        # encrypted where the build of zmq can; it also spares a warning for each kernel
        self.transport_encryption = "auto" if zmq.has("curve") else "disabled"

    @property
    def process(self) -> Popen[bytes] | None:
        """The process, once it has been started."""
        return getattr(self.provisioner, "process", None)

    @property
    def runs(self) -> bool:
        """Whether its process has been started and has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe this interpreter, whatever kernel a notebook names."""
        return KernelSpec(
            argv=[
                *(sys.executable, "-c", _START, "-f", "{connection_file}"),
                "--HistoryManager.enabled=False",
            ],
            language="python",
            metadata={"supported_encryption": "curve"},
        )

    async def _async_pre_start_kernel(self, **options: Any) -> Any:
        # not through the kernelspec, which takes a dollar in a path for a variable
        kept = {name: v for name, v in os.environ.items() if not name.startswith(FOREIGN)}
        return await super()._async_pre_start_kernel(**options, env={**kept, **self.environment})


@cache
def kernel_for(root: Path, build: Path) -> type[StudyKernel]:
    """Return a kernel class whose kernels see the checkout `root` and keep their files in `build`.

    Hash seed and thread counts are fixed, because both can change a result's last digits.
    """
    threads = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
    environment = {
        "BSUP_ROOT": str(root),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        # text as UTF-8 everywhere; GDAL finds its own settings out of order in Turkish
        "LC_ALL": "C",
        "PYTHONUTF8": "1",
        "IPYTHONDIR": str(build / "ipython"),
        "IPYKERNEL_CELL_NAME": "cell",  # in a warning; else a file that a process's number names
        "MPLCONFIGDIR": str(build / "matplotlib"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **{f"{name}_NUM_THREADS": "1" for name in threads},
    }
    own = {"environment": environment, "files": build / "kernels"}
    return type("StudyKernel", (StudyKernel,), own)


def kill_all() -> None:
    """Kill every kernel that runs, at once; all they were asked for has been received."""
    while _STARTED:
        manager = _STARTED.pop()
        if manager.process is not None:
            manager.process.kill()
            manager.process.wait()
        manager.cleanup_connection_file()


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
