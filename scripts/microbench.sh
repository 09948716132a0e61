#!/usr/bin/env bash
# Runs the micro-benchmarks COUNT (6) times and sums them up with benchstat, beside
# those of an earlier run if BASE names its file. The results stay in
# bin/microbench.txt: copy the file to compare with it later.
source "$(dirname "$0")/lib.sh"

packages='./saga/barrier ./internal/strictjson ./services/payment/posting'

[ -z "${BASE:-}" ] || [ -r "$BASE" ] || die "BASE: there is no file $BASE"
mkdir -p bin
go test -run='^$' -bench="${BENCH:-.}" -benchmem -count="${COUNT:-6}" -benchtime="${BENCHTIME:-0.5s}" -timeout=20m $packages </dev/null | tee bin/microbench.txt >&2
go run "golang.org/x/perf/cmd/benchstat@$BENCHSTAT" ${BASE:+"$BASE"} bin/microbench.txt
