#!/bin/sh
# Creates the engine's databases and migrates their schemas to this image's
# version. A repeat changes nothing.
set -eu

for part in temporal visibility; do
  case $part in
    temporal) export SQL_DATABASE=temporal ;;
    visibility) export SQL_DATABASE=temporal_visibility ;;
  esac
  temporal-sql-tool create
  temporal-sql-tool setup-schema --version 0.0
  temporal-sql-tool update-schema --schema-name "postgresql/v12/$part"
done
