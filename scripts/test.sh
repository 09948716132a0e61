#!/usr/bin/env bash
# Runs every test, after it has set up what they need: PostgreSQL's binaries (or
# TEST_DATABASE_URL), the Temporal CLI and server, and a C compiler for the race
# detector.
# The last line is "N passed, N failed, N skipped". With CI=true nothing may be
# missing and nothing may be skipped.
source "$(dirname "$0")/lib.sh"

# Packages that the race detector does not fit: the explorer runs thousands of
# schedules and SQLite is 13 times slower under it; the stores' races are between
# transactions, which it does not see; end to end and in chaos the product's own
# processes run, not the test's.
without_race='/(services/.+/(store|simulator)|saga/sagatest|proof/schedules|proof/continued|proof/e2e|proof/chaos)$'

have_database() { [ -n "${TEST_DATABASE_URL:-}" ] || have_postgres; }

# The tests paste the banner's curl line, and look for processes that were left behind.
have_tools() { command -v curl >/dev/null && command -v ps >/dev/null; }

have_cc() { echo 'int main(void) { return 0; }' | $(go env CC) -x c -o /dev/null - 2>/dev/null; }

if have_or_install have_database postgresql; then
  export AMENDS_REQUIRE_POSTGRES=1
elif ci; then
  die 'PostgreSQL is missing: install it, or set TEST_DATABASE_URL'
else
  say 'PostgreSQL is missing: the tests on it are SKIPPED (install it, or set TEST_DATABASE_URL)'
fi

have_or_install have_tools curl procps || die 'curl and ps are missing: the tests call them'

race=-race
if ! have_or_install have_cc gcc libc6-dev; then
  ci && die 'a C compiler is missing: the race detector needs one'
  say 'a C compiler is missing: the race detector is OFF'
  race=
fi

scripts/temporal.sh
scripts/temporal-server.sh
export PATH="$PWD/bin:$PATH"

# run DIR FLAG… tests in a module. What stops go test before it can report a
# package (a broken go.mod) is a line that the summary counts as a failure.
run() {
  local dir=$1
  shift
  (cd "$dir" && go test -json "$@" 2>&1) || echo "go test exited with $?"
}

# Caching is left to Go where it can see what a test depends on. Of these it
# cannot: they list the tree, or build and start binaries.
uncached='amends/amends(/cmd/amends|/proof/bench|/proof/e2e|/proof/chaos)?$'

# Every package is in one of the four runs below, whatever the patterns say.
packages=$(go list ./...)
of() { grep -E "$@" <<<"$packages" || true; }
not() { grep -vE "$1" || true; }

{
  run . $race $(of . | not "$uncached" | not "$without_race")
  run . -timeout=20m $(of "$without_race" | not "$uncached")
  run examples $race ./...
  run . $race -count=1 $(of "$uncached" | not "$without_race")
  run . -count=1 -timeout=20m $(of "$uncached" | grep -E "$without_race")
} | awk -v strict="${CI:-}" -v module="$(go list -m)" -f scripts/summary.awk
