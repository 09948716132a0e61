#!/usr/bin/env bash
# Prints docs/proof.md from the logs of the parts of scripts/prove.sh, which calls
# this. A part that did not run, or failed, is shown as such, without figures.
source "$(dirname "$0")/lib.sh"

# part NAME FUNCTION prints a part: its figures, or the reason for their absence.
part() {
  local seconds status commit
  if [ ! -e "$LOGS/$1.end" ]; then
    echo 'Not run.'
    return
  fi
  read -r seconds status commit <"$LOGS/$1.end"
  if [ "$status" = no-tests ]; then
    echo '**Not run**: the test does not exist.'
  elif [ "$status" = 124 ]; then
    echo "**Not finished** within its time, $seconds s: no figures."
  elif [ "$status" != 0 ]; then
    echo "**Failed** after $seconds s: no figures."
  else
    "$2" <"$LOGS/$1"
  fi
}

# took NAME prints how long a part took, and how it ended.
took() {
  local seconds status commit
  [ -e "$LOGS/$1.end" ] || { echo 'not run | |'; return; }
  read -r seconds status commit <"$LOGS/$1.end"
  case $status in
    0) echo "passed | $seconds s | $commit" ;;
    no-tests) echo 'not run | |' ;;
    124) echo "**not finished** | $seconds s | $commit" ;;
    *) echo "**failed** | $seconds s | $commit" ;;
  esac
}

# in_all prints the seconds that all parts took together.
in_all() { cat "$LOGS"/*.end 2>/dev/null | awk '{ sum += $1 } END { print sum + 0 }'; }

# table prints the explorer's report.
table() {
  awk '
    BEGIN { print "| faults | schedules judged | ended at a known world | per second | equal to an earlier run | left out | |\n|---|---|---|---|---|---|---|" }
    /^([0-9]+ faults|in all): [0-9]+ schedules judged in / {
      at = index($0, ":"); what = substr($0, 1, at - 1); sub(/ faults$/, "", what)
      rest = substr($0, at + 2); split(rest, word, " ")
      match(rest, /[0-9]+\/s/); rate = substr(rest, RSTART, RLENGTH - 2)
      match(rest, /[0-9]+ ended/); ended = substr(rest, RSTART, RLENGTH - 6)
      match(rest, /[0-9]+ more/); same = substr(rest, RSTART, RLENGTH - 5)
      left = match(rest, /[0-9]+ left out/) ? substr(rest, RSTART, RLENGTH - 9) : 0
      how = rest ~ /; sampled/ ? "sampled" : left > 0 ? "complete but for the middle of outages" : "complete"
      if (what == "in all") how = ""
      printf "| %s | %s | %s | %s | %s | %s | %s |\n", what, word[1], ended, rate, same, left, how
    }
    /^faults that hit:/ {
      printf "\nFaults that hit:"
      for (i = 4; i < NF; i += 2) printf "%s %s %s", (i > 4 ? "," : ""), $i, $(i + 1)
      print "."
    }
    /^cells: / { sub(/^cells: /, ""); print "\nCells: " $0 "." }'
}

reduction() { sed -n 's/^reduction: \(.*\)$/- \1./p'; }

mutants() {
  local caught
  caught=$(grep -c '^mutant ' "$LOGS/mutants")
  echo "$caught of $(grep -cE '^ +--- (PASS|FAIL): TestEveryMutantIsCaught/' "$LOGS/mutants") mutants were caught, each within 60 s:"
  printf '\n| mutant | of | caught by |\n|---|---|---|\n'
  sed -n 's/^mutant \(.*\) in \(.*\): caught by \(.*\)$/| \1 | `\2` | `\3` |/p' "$LOGS/mutants" | LC_ALL=C sort
  echo
  echo 'These changes break orders in flight although every golden history replays, and were caught:'
  sed -n 's/^ *--- PASS: TestAChangeThat[^/]*\/\([^ ]*\) .*$/\1/p' "$LOGS/mutants" | LC_ALL=C sort | paste -sd, | sed 's/,/, /g; s/$/./'
}

barrier() {
  awk '
    BEGIN { print "| calls | interleavings |\n|---|---|" }
    /^=== (RUN|NAME|CONT|PAUSE) / { test = $3 }
    / interleavings, [0-9]+ statements, / {
      for (i = 1; i < NF; i++) if ($(i + 1) == "interleavings,") n = $i
      row[test] = n
    }
    / connections cut$/ { cut[test] = $(NF - 2) }
    END {
      for (t in row) printf "| %s | %s |\n", t, row[t] | "LC_ALL=C sort"
      close("LC_ALL=C sort")
      for (t in cut) printf "| %s | %s connections cut at COMMIT |\n", t, cut[t] | "LC_ALL=C sort"
    }'
}

continued() { sed -n 's/^\([0-9]* histories, .* wrong\), in .*$/\1./p'; }

# block prints lines verbatim from the first match on, without the test's own.
block() {
  echo '```'
  awk -v from="$1" '
    !on && match($0, from) { on = 1; print substr($0, RSTART); next }
    on && (/^[=-]/ || /^ *---/ || /^(PASS|ok|FAIL)/ || /_test\.go:[0-9]+:/) { exit }
    on { sub(/^        /, ""); print }'
  echo '```'
}
chaos() { block 'chaos: seed [0-9]'; }
recovery() {
  awk '
    BEGIN { print "| from … to | times | p50 | p95 | aim |\n|---|---|---|---|---|" }
    /^BenchmarkRecovery\// && NF > 2 {
      name = $1; sub(/^[^\/]*\//, "", name); sub(/-[0-9]+$/, "", name)
      for (i = 3; i < NF; i += 2) value[$(i + 1)] = $i
      printf "| %s | %s | %s s | %s s | %s s |\n", name, $2, value["p50-s"], value["p95-s"], value["aim-s"]
    }'
}
locks() { sed -n 's/^locks: \(.*\)$/- \1/p'; }
events() {
  echo '```'
  sed -n 's/^ *\(events: .*\)$/\1/p'
  echo '```'
}
mails() { sed -n 's/^mails: \(.*\)$/- \1./p'; }
rates() {
  awk '
    BEGIN { print "| | |\n|---|---|" }
    /^Benchmark/ && NF > 2 {
      name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
      values = ""
      for (i = 3; i < NF; i += 2) if ($(i + 1) != "ns/op") values = values (values ? ", " : "") $i " " $(i + 1)
      printf "| %s | %s |\n", name, values
    }'
}
doctor() { sed -n 's/^\(doctor on .*\)$/- \1/p'; }
calls() { sed -n 's/^.*_test\.go:[0-9]*: calls: \(.*\)$/- \1/p'; }
accounts() { sed -n 's/^.*_test\.go:[0-9]*: \([a-z-]*: t = .*\)$/- \1/p'; }
reloads() { sed -n 's/^.*_test\.go:[0-9]*: reloads: \(.*\)$/- \1/p'; }
sessions() { sed -n 's/^.*_test\.go:[0-9]*: \(logins\|sessions\): \(.*\)$/- \1: \2/p'; }
gateway() { sed -n 's/^.*_test\.go:[0-9]*: \(gateway\|overview\): \(.*\)$/- \1: \2/p'; }
styles() { sed -n 's/^.*_test\.go:[0-9]*: styles: \(.*\)$/- \1/p'; }
overload() { block 'overload: capacity'; }
own_writes() { sed -n 's/^.*_test\.go:[0-9]*: own writes: \(.*\)$/- \1/p'; }
readmodel() { sed -n 's/^.*_test\.go:[0-9]*: readmodel: \(.*\)$/- \1/p'; }

upgrade() { sed -n 's/^.*_test\.go:[0-9]*: upgrade: \(.*\)$/- \1/p'; }
rotation() { sed -n 's/^.*_test\.go:[0-9]*: \([0-9]* calls, .*\)$/- \1/p'; }
fleet() {
  awk '
    / --- PASS: |^--- PASS: / && !/\// { sub(/^.*--- PASS: /, ""); sub(/ \(.*$/, ""); test = $0; if (test in said) print "- `" test "`: " said[test]; else print "- `" test "`" }
    /^=== (RUN|NAME|CONT|PAUSE) / { now = $3 }
    /_test\.go:[0-9]+: / { text = $0; sub(/^.*_test\.go:[0-9]+: /, "", text); said[now] = said[now] (said[now] == "" ? "" : "; ") text }'
}

dirty=
[ -z "$(git status --porcelain 2>/dev/null)" ] || dirty=', and changes that are not committed'
memory=$(awk '/^MemTotal/ {printf "%.0f GiB", $2 / 1048576}' /proc/meminfo 2>/dev/null || echo 'unknown')

cat <<EOF2
# Proof

The results of the long tests. \`make prove\` writes this page (\`scripts/prove.sh\`); no figure is entered by hand. A part
that did not run shows as *not run*, and each part names its commit. The promises are in
[architecture.md](architecture.md#guarantees). The packages describe the power and the limits of each part:
[\`saga/sagatest\`](../saga/sagatest/doc.go), [\`saga/barrier\`](../saga/barrier/doc.go),
[\`proof/continued\`](../proof/continued/doc.go), [\`proof/chaos\`](../proof/chaos/doc.go),
[\`proof/events\`](../proof/events/doc.go). The [glossary](glossary.md#proof)
defines the terms.

| | |
|---|---|
| commit | $(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)$dirty |
| date | $(date -u '+%Y-%m-%d %H:%M UTC') |
| machine | $(nproc) cores, $memory, $(uname -sr), $(go env GOVERSION) |
| seed of samples and chaos | $SEED |

| part | | took | of commit |
|---|---|---|---|
$(for p in explorer express choreographed reduction sample express-sample choreographed-sample judgement mutants barrier continued chaos recovery locks doctor events mails rates styles calls fleet rotation upgrade accounts reloads sessions gateway overload own-writes readmodel lists streams; do echo "| $p | $(took "$p") |"; done)
| in all | | $(in_all) s | |

## Every schedule of up to $FAULTS faults

The order saga runs with its real workflow, activities, services, stores and simulators under every schedule of faults.
After each run that reaches its end, all invariants are checked. A run that reaches a world which another run has continued
ends there and is not judged; which of the two comes first differs between explorations. The test fails if a kind of fault
never hit in a judged run.

$(part explorer table)

The explorer skips a schedule whose run is equal to an earlier one, and the rest of a run from a world that another run has
continued. Both reductions are exact. The comparison with an exploration without them, of durable and of express orders:

$(part reduction reduction)

## Express orders

The same order whose steps are tried by its own worker, under every schedule of up to 2 faults. A slow try uses the time of its
workflow task up, a canceled one takes effect after its undo, and a worker loses a task while its last try goes on.

$(part express table)

Up to $SIZES faults, $SAMPLE schedules of each size:

$(part express-sample table)

## Choreographed orders

The same order without a workflow: the real listeners, services, stores and simulators on a broker that delivers one event after
the other, under every schedule of up to 2 faults. Events are lost, late, delivered twice or dead letters, and processes die before
and after each commit. After each run all invariants are checked, and the doctor judges the order. The test fails if a reaction was
never hit by a kind of fault.

$(part choreographed table)

Up to $SIZES faults, $SAMPLE schedules of each size:

$(part choreographed-sample table)

Both styles at once, at servers whose defaults differ, on the same stock and cards:

$(part styles styles)

## Up to $SIZES faults, $SAMPLE schedules of each size

$(part sample table)

## The doctor's judgement after up to 2 faults, $SAMPLE schedules of each size

The doctor examines all databases after each judged run, and must find nothing.

$(part judgement table)

## Mutants

$(part mutants mutants)

## The barrier

All interleavings of two calls, from every state of the ledger row, statement by statement on PostgreSQL and transaction by
transaction on SQLite; six calls at random; the connection cut at COMMIT.

$(part barrier barrier)

## Sagas in flight, continued by the current code

Every golden history is cut at every workflow task and continued, forward and into undo:
$(part continued continued)

## Chaos

Real processes, PostgreSQL and Temporal, for $FOR under $ORDERS orders. The seed draws the faults and their times; the
processes' reaction differs from run to run.

$(part chaos chaos)

## Recovery

$(part recovery recovery)

## Locked rows

A foreign transaction holds the rows of many orders on PostgreSQL. The time from the acknowledgement to the decision of an
order that does not need them, median:

$(part locks locks)

## The doctor

$(part doctor doctor)

## Calls between processes

Real processes that find each other at the broker and prove their names by certificates, two workers of every service, under
200 calls a second:

$(part calls calls)

Instances of one service that are restarted, killed, slow or broken, and their registry away for a minute, under 200 calls a second:

$(part fleet fleet)

New certificates every two seconds for a minute, and the authority replaced twice, under 200 calls a second:

$(part rotation rotation)

Real processes of the last release begin orders of every kind, slow and flagged ones among them, and this build takes over under load as
[the page](upgrading.md) says. Then another build takes over from this one, worker by worker, and this one again, half of the orders
choreographed. On SQLite and PostgreSQL the last release has its orders of every kind back, after this build has continued them, on the
newer schema. In the end the doctor judges every order:

$(part upgrade upgrade)

Failed log-ins, registrations and resets of addresses with and without an account, in random order; from |t| = 4.5 on their
times would tell them apart:

$(part accounts accounts)

The API's certificate replaced under 200 requests a second, on connections that stand and on new ones:

$(part reloads reloads)

Log-ins at the same time, with the default policy of passwords; and how soon three gateways refuse a session that ended at one
of them:

$(part sessions sessions)

The cost of a question over HTTP, whose token is checked, which is limited and logged, beside the one call of a service that
it is, at 500 in a second; and overviews of orders, at 100 in a second:

$(part gateway gateway)

A platform that gets three times the orders that it can decide, a tenth of them to be cancelled, and as many questions for
products:

$(part overload overload)

## The read model

Orders are placed, and read with their version while each of their facts reaches the read model 5 s late. No read is older than
the placement and does not say so; one that is not answered says that it does not know. $READS reads:

$(part own-writes own_writes)

$MODEL orders are read from the rows of their owners while customers read and place. The new read model is equal to the
one before, byte by byte, but for the positions in timelines; a verification finds each difference that is planted, and no other.
Hostile queries are those of a table, to every list, and random ones:

$(part readmodel readmodel)

Lists and searches of a read model with 100,000 orders and 100,000 products, one at a time. Hostile ones are random parts of
query languages and of Unicode:

$(part lists rates)

500 streams, each of an order of its own. Clients, gateway and read model are in one process, with calls between them, on SQLite. An event costs from
its projection to its client:

$(part streams rates)

## Events

Real processes tell, relay and hear $EVENTS events on SQLite and PostgreSQL while every part of their way is killed, and half
as many while parts are frozen and cut off. The tail of a broker is cut off under two outboxes, and poison is redriven before,
while and after its bugs are mended. The effects have no constraint, so that a doubled or misplaced one shows.

$(part events events)

## Messages to customers

One order's end is told by mail and by text message, under every schedule of up to 2 faults of the listener, of the sender's
process, and of the servers. Each channel must deliver one message, or have refused it.

$(part mails mails)

## Rates of events

Broker, relay and groups in one process. Latency is the time from the commit of a step to that of the effect of its event, at
100 events a second; the CPU is that of the process, without PostgreSQL's server.

$(part rates rates)
EOF2
