#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME, one after the other. Go writes a failing input
# into the package's testdata/fuzz: commit it with the fix.
source "$(dirname "$0")/lib.sh"

grep -rlE '^func Fuzz[A-Z]' --include='*_test.go' . | sort | while read -r file; do
  for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]+)\(.*/\1/p' "$file"); do
    say "$(dirname "$file") $target"
    go test -run='^$' -fuzz="^$target\$" -fuzztime="${FUZZTIME:-30s}" "./$(dirname "$file")" </dev/null
  done
done
