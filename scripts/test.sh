#!/usr/bin/env bash
# Runs every test, or those of a part (unit, stores, e2e, browser), after it has set up their requirements: PostgreSQL's binaries (or
# TEST_DATABASE_URL), the Temporal CLI and server, Chromium, and a C compiler for the race
# detector. It ends with a table of the slowest packages and, as the last line,
# "N passed, N failed, N skipped". With CI=true a missing requirement or a skipped
# test is a failure.
source "$(dirname "$0")/lib.sh"

# The parts are for CI, which runs them on machines of their own. Together they are all.
part=${1:-all}
case $part in all | unit | stores | e2e | browser) ;; *) die "there is no part $part: unit, stores, e2e, browser" ;; esac
is() { [ "$part" = all ] || [ "$part" = "$1" ]; }

# Packages that run without the race detector: the explorer runs thousands of
# schedules, as it does in the examples, and SQLite is 13 times slower under it; the races of stores and of
# the barrier are between transactions, which it does not see; workflows have no goroutine
# and nothing that goroutines share (race_test.go holds both to that); end-to-end tests and
# chaos run the product's processes, not the test's; the root's tests read files.
without_race='(/(services/.+/(store|simulator)|saga/(sagatest|barrier)|workflows|proof/(schedules|choreographed|continued|bench|e2e|pages|strangle|chaos|events))(/.*)?|amends/amends)$'

have_database() { [ -n "${TEST_DATABASE_URL:-}" ] || have_postgres; }

# The tests paste the banner's curl line, look for orphaned processes, and apply patches.
have_tools() { command -v curl >/dev/null && command -v ps >/dev/null && command -v git >/dev/null; }

have_cc() { echo 'int main(void) { return 0; }' | $(go env CC) -x c -o /dev/null - 2>/dev/null; }

if have_or_install have_database postgresql; then
  export AMENDS_REQUIRE_POSTGRES=1
elif ci; then
  die 'PostgreSQL is missing: install it, or set TEST_DATABASE_URL'
else
  say 'PostgreSQL is missing: the tests on it are SKIPPED (install it, or set TEST_DATABASE_URL)'
fi

have_or_install have_tools curl procps git || die 'curl, ps and git are missing: the tests call them'

# The pages are tested in a browser, whose package has no font of its own.
have_browser() { command -v chromium >/dev/null; }
if ! have_or_install have_browser chromium fonts-dejavu-core; then
  ci && die 'chromium is missing: the tests of the pages need one'
  say 'chromium is missing: the tests of the pages are SKIPPED'
fi

# SQLite's C code as Go is not instrumented: its own memory, of which the detector knows nothing,
# is most of what it touches, and with it a test on SQLite takes twice the CPU. Its driver is.
race='-race -gcflags=modernc.org/sqlite/lib=-race=false'
# A test binary under the detector sleeps for a second at its end, for goroutines that are
# about to report a race. There are 190 of them, and a report takes no tenth of a second.
export GORACE='atexit_sleep_ms=100'
if ! have_or_install have_cc gcc libc6-dev; then
  ci && die 'a C compiler is missing: the race detector needs one'
  say 'a C compiler is missing: the race detector is OFF'
  race=
fi

# The tests of the alerts run them.
have_promtool() { command -v promtool >/dev/null; }
if ! have_or_install have_promtool prometheus; then
  ci && die 'promtool is missing: install Prometheus'
  say 'promtool is missing: the tests of alerts and dashboards are SKIPPED (install Prometheus)'
fi

scripts/temporal.sh
scripts/temporal-server.sh
export PATH="$PWD/bin:$PATH"

# run DIR FLAG… tests packages of a module. If go test fails before it can report a
# package (a broken go.mod), the summary counts its last line as a failure. The timeout is
# for tests that hang: the longest package takes minutes, and several times as many beside
# others on a slow machine. `make lint` has vetted the tests already.
run() {
  local dir=$1
  shift
  if [[ "$*" = *-race\ * ]]; then local -x CGO_ENABLED=1; fi # the detector is written in C
  (cd "$dir" && go test -json -vet=off -timeout=20m "$@" 2>&1) || echo "go test exited with $?"
}

# Go caches a result as long as it sees all inputs of the test. It cannot see those
# of these packages, which list the tree, or build and start binaries.
uncached='amends/amends(/cmd/amends(/.*)?|/proof/(bench|e2e|pages|strangle|chaos))?$'

# Chaos stops and kills processes at moments that it must hit, and the benchmark subtracts the
# use of an idle platform: beside other tests both fail by them. They run one after the other.
alone='/proof/(chaos|bench)$'

# Pages are looked at in a browser. A part of their own has them, but not in a run of all tests:
# there they run beside others, which takes less time.
pages='/(web/.+|proof/pages)$'

# Every package is in exactly one of these runs, for any value of the patterns. The
# end-to-end tests wait more than they compute, so more of them run at a time. So do those of
# the commands, which run beside the others; their events come in one piece, because lines of
# two writers could mix.
packages=$(go list ./...)
case $part in
  all) ;;
  browser) packages=$(grep -E "$pages" <<<"$packages") ;;
  *) packages=$(grep -vE "$pages" <<<"$packages") ;;
esac
of() { grep -E "$@" <<<"$packages" || true; }
not() { grep -vE "$1" || true; }

beside=$(mktemp)
job=
trap 'rm -f "$beside"' EXIT

{
  # Ctrl-C is for the job, too, whom the shell would have ignore it.
  if is e2e; then (trap - INT && run . $race -count=1 $(of "$uncached" | not "$without_race")) >"$beside" & job=$!; fi
  if is unit || is browser; then run . $race $(of . | not "$uncached" | not "$without_race"); fi
  if is stores; then run . $(of "$without_race" | not "$uncached"); fi
  if is unit; then run examples ./...; fi
  if is unit; then run deploy/helm -count=1 ./...; fi
  if is unit; then run examples/monolith $race ./...; fi
  if is e2e || is browser; then run . -count=1 -parallel=6 $(of "$uncached" | grep -E "$without_race" | not "$alone"); fi
  if [ -n "$job" ]; then wait "$job" || echo "go test exited with $?"; fi # it was killed, or the disk is full
  cat "$beside"
  if is e2e; then run . -count=1 -p=1 $(of "$alone"); fi
} | awk -v strict="${CI:-}" -v module="$(go list -m)" -f scripts/summary.awk
