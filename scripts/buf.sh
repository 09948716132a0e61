#!/usr/bin/env bash
# Runs buf, for example `scripts/buf.sh generate` for the code of the gRPC contracts.
# It is built into bin/ at first.
source "$(dirname "$0")/lib.sh"

tool buf github.com/bufbuild/buf github.com/bufbuild/buf/cmd/buf "$BUF" 'from source: 2 to 4 minutes'
exec bin/buf "$@"
