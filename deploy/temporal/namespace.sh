#!/bin/sh
# Registers the namespace and the search attributes of the order saga. It may run
# again: what is there already stays.
set -eu

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 168h

attributes=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE")
while read -r name type; do
  case "$attributes" in
    *"$name"*) ;;
    *) temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "$type" ;;
  esac
done <<LIST
AmendsOrderStatus Keyword
AmendsCustomer Keyword
AmendsNeedsAttention Bool
LIST
