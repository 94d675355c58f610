#!/usr/bin/env bash
# Runs make targets one after another, prints the time of each, stops at the first that fails, and closes with one line.
#
#   tools/test.sh MAKE TARGET...
set -euo pipefail

readonly make=$1
shift
summary=
for stage in "$@"; do
    echo "== $stage"
    started=$SECONDS
    if ! "$make" --no-print-directory "$stage"; then
        echo "== FAILED: $stage after $((SECONDS - started)) s (passed:${summary:- none})"
        exit 1
    fi
    echo "== $stage: $((SECONDS - started)) s"
    summary+=" $stage $((SECONDS - started)) s,"
done
echo "== PASSED in $SECONDS s:${summary%,}"
