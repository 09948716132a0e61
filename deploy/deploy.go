// Package deploy embeds the Temporal server's dynamic configuration and the script that
// creates its databases, the same with and without containers. Its tests check the
// compose files, the image and the databases' roles, which no other test runs.
package deploy

import _ "embed"

//go:generate go run ../internal/deployed/generate .

// DynamicConfig is the engine's dynamic configuration, YAML.
//
//go:embed temporal/dynamicconfig.yaml
var DynamicConfig []byte

// Schema is a shell script that creates the engine's databases and migrates their
// schemas to the version of the temporal-sql-tool on PATH. SQL_PLUGIN, SQL_HOST,
// SQL_PORT, SQL_USER and SQL_PASSWORD name the server. A repeat changes nothing.
//
//go:embed temporal/schema.sh
var Schema string
