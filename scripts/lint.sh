#!/usr/bin/env bash
# Checks what the compiler and the tests do not: style and layers (golangci-lint),
# deterministic workflows (workflowcheck), tidy modules, fresh generated code.
# `scripts/lint.sh fmt` formats instead.
source "$(dirname "$0")/lib.sh"

modules='. examples'

tool golangci-lint github.com/golangci/golangci-lint/v2 github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$GOLANGCI_LINT" \
  'from source: 2 to 4 minutes'

if [ "${1:-}" = fmt ]; then
  exec bin/golangci-lint fmt ./...
fi

tool workflowcheck go.temporal.io/sdk/contrib/tools/workflowcheck go.temporal.io/sdk/contrib/tools/workflowcheck "$WORKFLOWCHECK" \
  'half a minute'

failed=
# check WHAT COMMAND… goes on after a failure, so that one run says everything.
check() {
  local what=$1
  shift
  say "$what"
  "$@" || failed="$failed, $what"
}

tidy() { (cd "$1" && go mod tidy -diff); }
golangci() { (cd "$1" && "$OLDPWD/bin/golangci-lint" run --allow-parallel-runners --config "$OLDPWD/.golangci.yml" ./...); }

# generated runs go generate and fails if that changed a file, committed or not.
generated() {
  local before after
  before=$(fingerprints)
  go generate ./...
  after=$(fingerprints)
  diff <(echo "$before") <(echo "$after") | awk '/^[<>]/ {print $4}' | sort -u | sed 's/^/was not fresh (it is now): /' >&2
  [ "$before" = "$after" ]
}
fingerprints() { git ls-files -z --cached --others --exclude-standard | xargs -0 cksum 2>/dev/null || true; } # a file may be deleted

for module in $modules; do
  check "go mod tidy ($module)" tidy "$module"
  check "golangci-lint ($module)" golangci "$module"
done
check 'workflowcheck' go vet -vettool="$PWD/bin/workflowcheck" ./workflows/... ./saga/...
check 'generated code' generated

[ -z "$failed" ] || die "lint failed: ${failed#, }"
say 'lint passed'
