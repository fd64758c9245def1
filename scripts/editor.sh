#!/usr/bin/env bash
# The rule editor, from frontend/. `build` writes the bundle that is committed; `check` looks at types and tests, and
# that the committed bundle is what the sources give. Only this needs Node; Baton itself serves plain files.
set -euo pipefail
cd "$(dirname "$0")/../frontend"
committed=../workflows/static/workflows/editor

npm ci --silent --ignore-scripts
case "${1:-build}" in
  build) npm run --silent build ;;
  check)
    npm run --silent format
    npm run --silent types
    npm run --silent test
    rebuilt=$(mktemp -d)
    trap 'rm -rf "$rebuilt"' EXIT
    npm run --silent build -- --outDir "$rebuilt"
    diff -r "$committed" "$rebuilt" || { echo "The committed editor is not what frontend/ gives. Run: make editor"; exit 1; }
    ;;
  *) echo "usage: scripts/editor.sh build|check"; exit 2 ;;
esac
