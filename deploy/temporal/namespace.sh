#!/bin/sh
# Registers the namespace and the search attributes of the order saga. It may run
# again: what is there already stays.
set -eu

# retry COMMAND… for half a minute: the engine listens a moment before it answers,
# and knows a new namespace only when its cache is refreshed, every ten seconds.
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
