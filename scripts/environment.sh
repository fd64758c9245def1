#!/usr/bin/env bash
# Create .venv and install pinned requirements. Usage: scripts/environment.sh [requirements.txt]
# Nothing is done when the file has not changed since the last time.
set -eu
cd "$(dirname "$0")/.."
wanted="${1:-requirements.txt}"
find_python() {
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
    [ -n "$candidate" ] || continue
    command -v "$candidate" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return 0
    fi
    [ "$candidate" = "${PYTHON:-}" ] && return 1
  done
  return 1
}
if [ ! -x .venv/bin/python ]; then
  python=$(find_python) || {
    echo "Baton needs Python 3.11 or newer. Install it, or name it: PYTHON=/path/to/python3.12 make run" >&2
    exit 1
  }
  "$python" -m venv .venv || { echo "Cannot create .venv here: the folder must be writable and Python's venv module installed." >&2; exit 1; }
fi
mark=$(cat requirements.txt "$wanted" | cksum | cut -d' ' -f1)
stamp=".venv/.installed-$(basename "$wanted" .txt)"
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$mark" ]; then
  echo "Installing what Baton needs into .venv (once) …"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$wanted"
  echo "$mark" > "$stamp"
fi
.venv/bin/python scripts/translations.py
