package temporalserver

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/amends/amends/internal/dev/loopback"
)

// Settings that are the same wherever the engine runs.
const (
	// Shards is the number of history shards, which can never change in an existing
	// database. The server's default of 4 is too few.
	Shards = 32
	// Plugin is the server's PostgreSQL driver.
	Plugin = "postgres12_pgx"
)

// dynamicConfig returns the file of the dynamic configuration.
func (o Options) dynamicConfig() string { return filepath.Join(o.Dir, "dynamicconfig.yaml") }

// environment returns the configuration of the server.
func (o Options) environment(p ports) map[string]string {
	values := map[string]string{
		"DB":                 Plugin,
		"DBNAME":             "temporal",
		"VISIBILITY_DBNAME":  "temporal_visibility",
		"NUM_HISTORY_SHARDS": strconv.Itoa(cmp.Or(o.Shards, Shards)),

		"POSTGRES_SEEDS":           loopback.Host,
		"DB_PORT":                  strconv.Itoa(o.Database.Port),
		"POSTGRES_USER":            o.Database.User,
		"POSTGRES_PWD":             o.Database.Password,
		"DYNAMIC_CONFIG_FILE_PATH": o.dynamicConfig(),
		"LOG_LEVEL":                "warn",

		"BIND_ON_IP":                 loopback.Host,
		"FRONTEND_GRPC_PORT":         strconv.Itoa(p.Frontend),
		"FRONTEND_HTTP_PORT":         strconv.Itoa(p.FrontendHTTP),
		"FRONTEND_MEMBERSHIP_PORT":   strconv.Itoa(p.FrontendMembership),
		"MATCHING_GRPC_PORT":         strconv.Itoa(p.Matching),
		"MATCHING_MEMBERSHIP_PORT":   strconv.Itoa(p.MatchingMembership),
		"HISTORY_GRPC_PORT":          strconv.Itoa(p.History),
		"HISTORY_MEMBERSHIP_PORT":    strconv.Itoa(p.HistoryMembership),
		"WORKER_GRPC_PORT":           strconv.Itoa(p.Worker),
		"WORKER_MEMBERSHIP_PORT":     strconv.Itoa(p.WorkerMembership),
		"TEMPORAL_BROADCAST_ADDRESS": loopback.Host,
	}
	if o.ProfilePort != 0 {
		values["PPROF_PORT"] = strconv.Itoa(o.ProfilePort)
	}
	return values
}

// toolEnvironment returns the configuration of the schema script.
func (o Options) toolEnvironment() map[string]string {
	return map[string]string{
		"SQL_PLUGIN":   Plugin,
		"SQL_HOST":     loopback.Host,
		"SQL_PORT":     strconv.Itoa(o.Database.Port),
		"SQL_USER":     o.Database.User,
		"SQL_PASSWORD": o.Database.Password,
	}
}

// environ returns values as the whole environment of a process. Ours is left out
// because it may hold variables that configure a client.
func environ(values map[string]string) []string {
	var all []string
	for name, value := range values {
		all = append(all, name+"="+value)
	}
	slices.Sort(all)
	return all
}
