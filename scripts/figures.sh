#!/usr/bin/env bash
# Prints the costs of the platform on this machine, on `amends dev` as a user runs
# it (SQLite, Temporal dev server), one order at a time: time to the banner, p50
# of POST to 202 and to CONFIRMED, history events and workflow tasks per order,
# idle memory and CPU. It places ORDERS (50) of each kind.
source "$(dirname "$0")/lib.sh"

orders=${ORDERS:-50}
http=127.0.0.1:18088
dir=$(mktemp -d)
pid=
stop() {
  [ -z "$pid" ] || { kill -INT "$pid" && wait "$pid"; } || true
  rm -rf "$dir"
}
trap stop EXIT

for tool in curl pgrep; do
  command -v "$tool" >/dev/null || die "$tool is missing: install it"
done
[ -d /proc/self ] || die 'memory and CPU are read from /proc: this needs Linux'
[ -x bin/amends ] && [ -e bin/temporal ] || die 'run `make build` first'

now() { date +%s%N; }
ms() { awk -v ns="$1" 'BEGIN {printf "%.0f ms\n", ns / 1e6}'; }
median() { sort -n | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }

: >"$dir/out"
began=$(now)
bin/amends dev --data-dir "$dir/data" --http-addr "$http" --admin-addr 127.0.0.1:19098 --temporal-port 17288 --ui-port 18288 \
  >"$dir/out" 2>"$dir/err" &
pid=$!
until grep -q 'amends is ready' "$dir/out"; do
  kill -0 "$pid" 2>/dev/null || die "amends ended: $(cat "$dir/err")"
  read -rt 0.02 <> <(:) || true
done
printf 'start to banner, first start:            '
ms $(($(now) - began))

key=$(sed -n 's/.*"api_key": "\(.*\)",/\1/p' "$dir/data/demo.json")
body='{"currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":2},{"sku":"KETTLE-STEEL","quantity":1}],"ship_to":{"name":"A. Buyer","line1":"Hauptstr. 1","city":"Berlin","postal_code":"10115","country":"DE"},"payment_token":"tok_visa"}'
# place KEY PREFER prints the seconds that one placement took, and keeps the answer.
place() {
  curl -sS -o "$dir/answer" -w '%{time_total}\n' "http://$http/v1/orders" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
    -H "Idempotency-Key: $1" -H "Prefer: $2" -d "$body"
}
for i in 1 2 3 4 5; do place "warm-$i" wait=30; done >/dev/null

for i in $(seq "$orders"); do place "wait-$i" wait=30; done >"$dir/wait"
id=$(grep -o '"id":"[^"]*"' "$dir/answer" | head -n 1 | cut -d'"' -f4)
grep -q '"status":"CONFIRMED"' "$dir/answer" || die "not confirmed: $(cat "$dir/answer")"
for i in $(seq "$orders"); do
  place "ack-$i" none
  # One order at a time: wait for the decision outside the measurement.
  place "ack-$i" wait=30 >/dev/null
done >"$dir/ack"
printf 'POST to 202, p50 of %3d:                 ' "$orders"
median <"$dir/ack" | awk '{printf "%.0f ms\n", $1 * 1000}'
printf 'POST to CONFIRMED (Prefer: wait), p50:   '
median <"$dir/wait" | awk '{printf "%.0f ms\n", $1 * 1000}'

bin/temporal workflow show --address 127.0.0.1:17288 -w "order-$id" -o json >"$dir/history"
printf 'history events per confirmed order:      %d\n' "$(grep -c '"eventId"' "$dir/history")"
printf 'workflow tasks per confirmed order:      %d\n' "$(grep -c 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED' "$dir/history")"

# Idle: CPU of amends and its child over ten seconds, and their resident memory.
child=$(pgrep -P "$pid" | head -n 1)
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }
a0=$(ticks "$pid") c0=$(ticks "$child")
read -rt 10 <> <(:) || true
a1=$(ticks "$pid") c1=$(ticks "$child")
hz=$(getconf CLK_TCK)
row() { # row NAME PID TICKS
  printf 'idle, %-34s %4d MiB, %.1f %% of a core\n' "$1:" "$(awk '/^VmRSS/ {print $2 / 1024}' "/proc/$2/status" | cut -d. -f1)" \
    "$(awk -v t="$3" -v hz="$hz" 'BEGIN {print t / hz / 10 * 100}')"
}
row amends "$pid" $((a1 - a0))
row 'Temporal dev server' "$child" $((c1 - c0))

kill -INT "$pid"
began=$(now)
wait "$pid" || die 'amends did not end well'
pid=
printf 'Ctrl-C to the end:                       '
ms $(($(now) - began))
