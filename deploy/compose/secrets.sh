#!/usr/bin/env bash
# Makes the secrets of the platform in compose.yaml, at random:
#
#   deploy/compose/secrets.sh [FOLDER]
#
# The folder, by default secrets beside this script, gets passwords.env with all of them,
# which the databases and the broker are started with, and a settings file for each
# process with those that the process needs. A repeat keeps every secret, and makes the
# files again: of a new service, or with SMTP_URL, the server that sends mails.
set -euo pipefail

folder=${1:-$(cd "$(dirname "$0")" && pwd)/secrets}
databases='order catalog inventory payment shipping user query notification support provider carrier messenger'
services='order catalog inventory payment shipping user query notification support'

umask 077
mkdir -p "$folder"
touch "$folder/passwords.env"

# keep NAME has the variable of this name in passwords.env.
keep() {
  grep -q "^$1=" "$folder/passwords.env" ||
    printf '%s=%s\n' "$1" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >>"$folder/passwords.env"
}
# keep_keys NAME has a list of keys of payloads, at first with one. To rotate it, change the
# list in passwords.env as docs/payloads.md says, repeat this script, and restart.
keep_keys() {
  grep -q "^$1=" "$folder/passwords.env" ||
    printf '%s=1=%s\n' "$1" "$(head -c 32 /dev/urandom | base64)" >>"$folder/passwords.env"
}
# of NAME prints its value.
of() { sed -n "s/^$1=//p" "$folder/passwords.env"; }

for name in $databases; do keep "POSTGRES_${name^^}_PASSWORD"; done
for name in $services api; do
  keep "BROKER_${name^^}_PASSWORD"
  keep "CALLER_${name^^}_SECRET"
done
for name in POSTGRES_PASSWORD TEMPORAL_POSTGRES_PASSWORD CALLER_OPERATOR_SECRET OPERATOR_TOKEN GUEST_SECRET USER_SECRET; do keep "$name"; done
keep_keys PAYLOAD_KEYS

dsn() { echo "postgres://amends_$1:$(of "POSTGRES_${1^^}_PASSWORD")@postgres:5432/amends_$1?sslmode=disable"; }

# callers prints every caller with its secret, as identity.secrets has them.
callers() {
  for name in api operator $services; do printf '%s=%s,' "$name" "$(of "CALLER_${name^^}_SECRET")"; done | sed 's/,$//'
}

# databases_of SERVICE prints the settings of its databases.
databases_of() {
  echo "  $1:"
  echo "    dsn: $(dsn "$1")"
  case $1 in
    payment) echo "    provider_dsn: $(dsn provider)" ;;
    shipping) echo "    carrier_dsn: $(dsn carrier)" ;;
    notification) echo "    messenger_dsn: $(dsn messenger)" ;;
  esac
}

# payloads prints the keys of the payloads at the engine.
payloads() { printf 'payload_keys: "%s"\n' "$(of PAYLOAD_KEYS)"; }

worker() {
  payloads
  echo 'services:'
  databases_of "$1"
  if [ "$1" = user ]; then printf '    secret: "%s"\n' "$(of USER_SECRET)"; fi
  printf 'broker: { password: "%s" }\n' "$(of "BROKER_${1^^}_PASSWORD")"
  printf 'identity: { secrets: "%s" }\n' "$(callers)"
  printf 'operator_tokens: operator=%s\n' "$(of OPERATOR_TOKEN)"
  if [ "$1" = notification ] && [ -n "${SMTP_URL:-}" ]; then printf "smtp_url: '%s'\n" "$SMTP_URL"; fi
}

api() {
  payloads
  printf 'broker: { password: "%s" }\n' "$(of BROKER_API_PASSWORD)"
  printf 'identity: { secrets: "api=%s" }\n' "$(of CALLER_API_SECRET)"
  printf 'guest_secret: "%s"\n' "$(of GUEST_SECRET)"
  printf 'operator_tokens: operator=%s\n' "$(of OPERATOR_TOKEN)"
}

migrate() {
  echo 'services:'
  for name in $services; do databases_of "$name"; done
}

# file NAME COMMAND… writes the settings of a process. Its container has another user, who
# must read it; the folder keeps all others away.
file() {
  local path="$folder/$1.yaml"
  shift
  "$@" >"$path.new"
  chmod 0444 "$path.new"
  mv -f "$path.new" "$path"
}

file migrate migrate
file api api
for name in $services; do file "worker-$name" worker "$name"; done
echo "The secrets are in $folder. passwords.env has the operator's token, OPERATOR_TOKEN."
