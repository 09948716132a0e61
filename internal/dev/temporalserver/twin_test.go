package temporalserver

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/deploy"
)

// container is a service of the compose file.
type container struct {
	Image       string            `yaml:"image"`
	Environment map[string]string `yaml:"environment"`
	Entrypoint  []string          `yaml:"entrypoint"`
	Volumes     []string          `yaml:"volumes"`
}

func containers(t *testing.T) map[string]container {
	t.Helper()
	text, err := os.ReadFile("../../../docker-compose.temporal.yml")
	require.NoError(t, err)
	var file struct {
		Services map[string]container `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	return file.Services
}

// places matches variables of locations. Only they may differ, or be set in one
// place only.
var places = regexp.MustCompile(`^(POSTGRES_(SEEDS|USER|PWD)|DB_PORT|SQL_(HOST|PORT|USER|PASSWORD)|BIND_ON_IP|TEMPORAL_BROADCAST_ADDRESS|DYNAMIC_CONFIG_FILE_PATH|LOG_LEVEL|[A-Z]+_(GRPC|HTTP|MEMBERSHIP)_PORT)$`)

// configuration returns an environment without the places.
func configuration(environment map[string]string) map[string]string {
	values := maps.Clone(environment)
	maps.DeleteFunc(values, func(name, _ string) bool { return places.MatchString(name) })
	return values
}

func TestTwinOfTheContainers(t *testing.T) {
	t.Parallel()
	o := Options{Dir: t.TempDir(), Database: Database{Port: 1, User: "u", Password: "p"}}
	all := containers(t)

	t.Run("ServerIsToldTheSame", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, configuration(all["temporal"].Environment), configuration(o.environment(ports{})))
		require.Equal(t, "32", o.environment(ports{})["NUM_HISTORY_SHARDS"])
	})

	t.Run("SchemasAreMadeByTheSameScript", func(t *testing.T) {
		t.Parallel()
		schema := all["temporal-schema"]
		require.Equal(t, configuration(schema.Environment), configuration(o.toolEnvironment()))
		require.Equal(t, slices.Sorted(maps.Keys(schema.Environment)), slices.Sorted(maps.Keys(o.toolEnvironment())))
		require.Equal(t, []string{"./deploy/temporal/schema.sh:/amends/schema.sh:ro"}, schema.Volumes)
		require.Equal(t, []string{"/bin/sh", "/amends/schema.sh"}, schema.Entrypoint)
		require.Equal(t, read(t, "schema.sh"), deploy.Schema)
		for _, name := range []string{o.environment(ports{})["DBNAME"], o.environment(ports{})["VISIBILITY_DBNAME"]} {
			require.Contains(t, deploy.Schema, "SQL_DATABASE="+name+" ;;", "the script makes what the server opens")
		}
	})

	t.Run("DynamicConfigurationIsTheSameFile", func(t *testing.T) {
		t.Parallel()
		mounted := "./deploy/temporal/dynamicconfig.yaml:" + all["temporal"].Environment["DYNAMIC_CONFIG_FILE_PATH"] + ":ro"
		require.Contains(t, all["temporal"].Volumes, mounted)
		require.Equal(t, read(t, "dynamicconfig.yaml"), string(deploy.DynamicConfig))
		require.Equal(t, o.dynamicConfig(), o.environment(ports{})["DYNAMIC_CONFIG_FILE_PATH"])
	})

	// Only this version is tested: the tests run without containers.
	t.Run("VersionIsThatOfTheImages", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"temporal", "temporal-schema", "temporal-namespace"} {
			_, tag, ok := strings.Cut(all[name].Image, ":")
			require.True(t, ok, name)
			require.Equal(t, Version, "v"+tag, name)
		}
	})

	t.Run("VersionIsTheOneThatIsBuilt", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile("../../../scripts/lib.sh")
		require.NoError(t, err)
		require.Regexp(t, `(?m)^TEMPORAL_SERVER=`+regexp.QuoteMeta(Version)+`( |$)`, string(text))
	})
}

func TestOptionsReachTheServer(t *testing.T) {
	t.Parallel()
	usual := Options{}.environment(ports{})
	own := Options{Shards: 4, ProfilePort: 7}.environment(ports{})
	require.NotContains(t, usual, "PPROF_PORT")
	require.Equal(t, "7", own["PPROF_PORT"])
	require.Equal(t, "4", own["NUM_HISTORY_SHARDS"])
	delete(own, "PPROF_PORT")
	own["NUM_HISTORY_SHARDS"] = usual["NUM_HISTORY_SHARDS"]
	require.Equal(t, usual, own)
}

// read returns one of the engine's files.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../deploy/temporal", name))
	require.NoError(t, err)
	return string(text)
}

// Only this test finds a misspelt key of the dynamic configuration: the server
// ignores it, and is slow.
func TestDynamicConfigurationIsUnderstood(t *testing.T) {
	t.Parallel()
	b, err := Find("../../../bin")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
	check := func(path string) string {
		said, err := exec.CommandContext(t.Context(), b.Server, "validate-dynamic-config", path).CombinedOutput()
		require.NoError(t, err, "%s", said)
		return string(said)
	}
	own := "../../../deploy/temporal/dynamicconfig.yaml"
	require.Equal(t, own+"\n", check(own))

	misspelt := filepath.Join(t.TempDir(), "misspelt.yaml")
	require.NoError(t, os.WriteFile(misspelt, []byte("history.shardIoConcurency:\n  - value: 8\n"), 0o600))
	require.Contains(t, check(misspelt), "warning: ", "or this test shows nothing")
}
