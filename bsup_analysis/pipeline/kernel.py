"""The kernel notebooks run in: this interpreter, the same for everybody, leaving nothing at home.

A kernel manager of our own instead of an installed kernelspec: no kernel of another
environment can be taken by mistake, the user's IPython and matplotlib settings stay out of the
results, and all running kernels are known when the run is interrupted.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

_STARTED: WeakSet["StudyKernel"] = WeakSet()


class StudyKernel(AsyncKernelManager):
    """A kernel of the study; `kernel_for` gives the class its environment."""

    environment: dict[str, str] = {}  # noqa: RUF012 - replaced as a whole by subclasses

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        _STARTED.add(self)
        # encrypted where the build of zmq can; it also spares a warning for each kernel
        self.transport_encryption = "auto" if zmq.has("curve") else "disabled"

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe this interpreter, whatever kernel a notebook names."""
        return KernelSpec(
            argv=[
                *(sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"),
                "--HistoryManager.enabled=False",
            ],
            env=self.environment,
            language="python",
            metadata={"supported_encryption": "curve"},
        )


def kernel_for(root: Path, build: Path) -> type[StudyKernel]:
    """Return a kernel class whose kernels see the checkout `root` and keep their files in `build`.

    Hash seed and thread counts are fixed, because both can change a result's last digits.
    """
    package = str(Path(__file__).resolve().parents[2])
    others = os.environ.get("PYTHONPATH")
    threads = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")
    environment = {
        "BSUP_ROOT": str(root),
        "PYTHONPATH": f"{package}{os.pathsep}{others}" if others else package,
        "PYTHONHASHSEED": "0",
        "IPYTHONDIR": str(build / "ipython"),
        "MPLCONFIGDIR": str(build / "matplotlib"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **{f"{name}_NUM_THREADS": "1" for name in threads},
    }
    return type("StudyKernel", (StudyKernel,), {"environment": environment})


def kill_all() -> None:
    """Kill every kernel that runs, at once, for a run that was interrupted."""
    for manager in list(_STARTED):
        process = getattr(manager.provisioner, "process", None)
        if process is not None:
            with suppress(OSError):
                process.kill()
