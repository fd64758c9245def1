"""Names of queues that several modules of the engine ring."""

from __future__ import annotations

EXECUTE_QUEUE = "execute"
