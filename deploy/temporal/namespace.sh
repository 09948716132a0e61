#!/bin/sh
# Registers the namespace and the search attributes of the order saga. A repeat
# changes nothing.
set -eu

# retry COMMAND… repeats it for half a minute: the engine listens a moment before it
# answers, and sees a new namespace when it refreshes its cache, every ten seconds.
retry() {
  tries=0
  until "$@"; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || return 1
    sleep 1
  done
}

list() { attributes=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" 2>/dev/null); }

retry temporal operator cluster health
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 168h

retry list
while read -r name type; do
  case $attributes in
    *"$name"*) echo "$name is there" ;;
    *) temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "$type" ;;
  esac
done <<LIST
AmendsOrderStatus Keyword
AmendsCustomer Keyword
AmendsNeedsAttention Bool
LIST
