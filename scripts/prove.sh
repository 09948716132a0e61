#!/usr/bin/env bash
# Runs all long tests and writes docs/proof.md from their output. A part that fails
# or runs out of time does not stop the others, but the exit status is not 0 then.
# The same values of these variables give the same page, except for times, for chaos,
# and for the choice between two runs that reach the same world:
#
#   FAULTS=3       every schedule of at most that many faults
#   SAMPLE=2000    schedules of each size up to SIZES=6 faults, drawn by SEED; of express
#                  orders and of choreographed ones, too, beside every schedule of at most two
#   SEED=1         draws every sample
#   RANDOM_RUNS=10000  random interleavings of the barrier
#   FOR=120s ORDERS=500   how long chaos breaks things, under how many orders
#   RECOVERIES=20  kills of each kind
#   DOCTOR=20000   orders that the doctor judges
#   EVENTS=20000 STRIKES=20   events that are told while each fault strikes so often
#   KEYS=400       keys that are placed in both styles at once
#   READS=10000    reads of what was written, by a read model that is late
#   MODEL=100000   orders of the read model that is rebuilt while it serves
#   PARTS='…'      names of parts; the others show as "not run"
#   PATIENCE=1     times as long until a part is ended, on a slow or busy machine
#   KEEP=1         show the others with the output of an earlier run, and its commit
#   PAGE=docs/proof.md  LOGS=bin/prove
source "$(dirname "$0")/lib.sh"

faults=${FAULTS:-3} sample=${SAMPLE:-2000} sizes=${SIZES:-6} seed=${SEED:-1} random_runs=${RANDOM_RUNS:-10000}
for_=${FOR:-120s} orders=${ORDERS:-500} doctor=${DOCTOR:-20000} recoveries=${RECOVERIES:-20}
events=${EVENTS:-20000} strikes=${STRIKES:-20} keys=${KEYS:-400} reads=${READS:-10000} model=${MODEL:-100000}
page=${PAGE:-docs/proof.md} logs=${LOGS:-bin/prove}
parts=${PARTS:-explorer express choreographed reduction sample express-sample choreographed-sample judgement mutants barrier continued chaos recovery locks doctor events mails rates styles calls fleet reloads rotation upgrade accounts sessions gateway overload own-writes readmodel lists streams}

[ -n "${KEEP:-}" ] || rm -rf "$logs"
mkdir -p "$logs"
have_postgres || die 'PostgreSQL is missing: install it'
scripts/temporal.sh
scripts/temporal-server.sh
export PATH="$PWD/bin:$PATH" AMENDS_REQUIRE_POSTGRES=1
failed=0

# part NAME MINUTES PACKAGE ARGUMENT… runs tests as one part, with a time limit.
part() {
  local name=$1 minutes=$(($2 * ${PATIENCE:-1})) began=$SECONDS status=0
  shift 2
  [[ " $parts " == *" $name "* ]] || return 0
  say "$name: go test $*"
  # Go's own limit comes first: it leaves no process behind and shows where it hangs.
  timeout --kill-after=30 "$((minutes + 2))m" go test "$@" -count=1 -v -timeout "${minutes}m" >"$logs/$name" 2>&1 || status=$?
  if [ "$status" = 0 ] && grep -q 'no tests to run' "$logs/$name"; then status=no-tests; fi
  if [ "$status" != 0 ] && grep -q '^panic: test timed out' "$logs/$name"; then status=124; fi
  echo "$((SECONDS - began)) $status $(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)" >"$logs/$name.end"
  if [ "$status" = 0 ]; then
    say "$name: done in $((SECONDS - began)) s"
  else
    failed=1
    say "$name: FAILED ($status) after $((SECONDS - began)) s, see $logs/$name"
    tail -n 30 "$logs/$name" >&2
  fi
}

explore=(./proof/schedules -run '^TestNoScheduleOfFaultsBreaksAnOrder$')
part explorer 50 "${explore[@]}" -faults "$faults" -sample 0
express=(./proof/schedules -run '^TestNoScheduleOfFaultsBreaksAnExpressOrder$')
part express 15 "${express[@]}" -faults $((faults < 2 ? faults : 2)) -express.sample 0
choreographed=(./proof/choreographed -run '^TestNoScheduleOfFaultsBreaksAChoreographedOrder$' -seed "$seed")
part choreographed 20 "${choreographed[@]}" -faults $((faults < 2 ? faults : 2)) -sample 0
part reduction 15 ./proof/schedules -run '^TestTheReductionLosesNoRunOfAn(Express)?Order$' -reduction $((faults < 2 ? faults : 2))
part sample 10 "${explore[@]}" -faults "$sizes" -sample "$sample" -seed "$seed" -dense 0
part express-sample 10 "${express[@]}" -faults "$sizes" -express.sample "$sample" -seed "$seed"
part choreographed-sample 15 "${choreographed[@]}" -faults "$sizes" -sample "$sample"
part judgement 10 ./proof/schedules -run '^TestTheDoctorFindsNothingAfterAnyFault$' -doctor 2 -sample "$sample" -seed "$seed"
part mutants 25 ./proof/schedules -run 'Caught$' -mutants
part barrier 10 ./saga/barrier -run 'Interleaving|EveryOrder|CutAtCommit' -barrier.random="$random_runs" -barrier.seed="$seed"
part continued 10 ./proof/continued -every-way
part chaos 15 ./proof/chaos -run '^TestChaos$' -chaos.for="$for_" -chaos.orders="$orders" -chaos.seed="$seed"
part recovery 15 ./proof/chaos -run '^$' -bench '^BenchmarkRecovery$' -benchtime "${recoveries}x"
part locks 10 ./proof/e2e -run '^TestOrdersBesideLockedRowsAreNotDelayed$' -locked.orders 200
part doctor 10 ./proof/e2e -run '^TestDoctorSpeed$' -doctor.orders "$doctor"
part events 15 ./proof/events -events "$events" -faults "$strikes" -seed "$seed"
part mails 10 ./proof/mails -faults 2
part rates 10 ./proof/events -run '^$' -bench . -benchtime 1x
part styles 15 ./proof/e2e -run '^(TestAnOrderNeverHasTwoStyles|TestBothStylesShareTheShop)$' -styles.keys "$keys"
part calls 10 ./proof/e2e -run '^TestSplitProcessesCallEachOther$' -calls.whole
part fleet 10 ./proof/fleet -whole
part reloads 10 ./internal/identity/web -run '^TestReloadsFailNoRequest$' -reloads 2000
part rotation 5 ./internal/identity/access -run '^TestRotationFailsNoCall$' -rotate.for 60s
part upgrade 60 ./proof/upgrade -tags whole
part sessions 10 ./api -run '^(TestParallelLogInsNeedLittleMemory|TestEveryGatewayRefusesAnEndedSession)$' -logins 200 -revoked.within 1s
part gateway 10 ./api -run '^(TestTheGatewaysOwnCost|TestAnOverviewKeepsItsTime)$' -cost.requests 10000
part overload 10 ./proof/e2e -run '^TestOrdersComeBeforeBrowsing$' -overload.for 60s
part own-writes 10 ./proof/e2e -run '^TestAReadIsNeverOlderThanItsPlacement$' -ownwrites.tries "$reads"
part readmodel 20 ./proof/e2e -run '^TestTheReadModel$' -readmodel.orders "$model"
part lists 15 ./services/query/store -run '^$' -bench '^BenchmarkReadModel$' -benchtime 300x
part streams 5 ./api -run '^$' -bench '^BenchmarkStreams$' -benchtime 20x
part accounts 10 ./services/user/store -run '^TestNoTimeTellsWhetherAnAddressHasAnAccount$' -attempts 500

LOGS=$logs FAULTS=$faults SAMPLE=$sample SIZES=$sizes SEED=$seed RANDOM_RUNS=$random_runs \
  FOR=$for_ ORDERS=$orders DOCTOR=$doctor EVENTS=$events READS=$reads MODEL=$model scripts/proof-page.sh >"$logs/page"
mv "$logs/page" "$page"
say "wrote $page"
exit "$failed"
