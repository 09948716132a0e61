// Package deploy holds what the engine is deployed with wherever it runs, in
// containers or without them. Its tests check the compose files, the image and the
// databases' roles, which nothing else here would run.
package deploy

import _ "embed"

// DynamicConfig is the engine's dynamic configuration, YAML.
//
//go:embed temporal/dynamicconfig.yaml
var DynamicConfig []byte

// Schema is a shell script that creates the engine's databases, and brings their
// schemas up to the version of the temporal-sql-tool that is on PATH. SQL_PLUGIN,
// SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD say where. A repeat changes
// nothing.
//
//go:embed temporal/schema.sh
var Schema string
