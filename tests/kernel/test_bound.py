"""Every process rings: also one that serves pages and never asks Celery for anything else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOOK = """
import config.asgi
from config.celery import ring
from kernel import doorbell
print(doorbell._sender is ring)
"""


def test_a_web_process_has_a_doorbell(tmp_path: Path) -> None:
    env = {
        **os.environ,
        "BATON_DEMO": "1",
        "BATON_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    said = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert said.stdout == "True\n"
