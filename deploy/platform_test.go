package deploy

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/internal/config"
	configservice "github.com/amends/amends/internal/config/service"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/worker/registry"
	"github.com/amends/amends/workflows"
)

// known returns the configuration's services with their databases: the service's
// own, and that of its simulator, if it has one.
func known() map[string][]string {
	databases := map[string][]string{}
	for _, s := range registry.Declarations() {
		databases[s.Name] = []string{s.Name}
		if s.Outside != "" {
			databases[s.Name] = append(databases[s.Name], s.Outside)
		}
	}
	return databases
}

// dsns returns the databases that a process can reach.
func dsns(t *testing.T, s settings, passwords map[string]string) []string {
	t.Helper()
	var found []string
	for service, values := range s.Services {
		for key, value := range values {
			if !strings.HasSuffix(key, "dsn") {
				continue
			}
			u, err := url.Parse(value)
			require.NoError(t, err, key)
			name := strings.TrimPrefix(u.Path, "/amends_")
			require.Equal(t, "amends_"+name, u.User.Username(), "%s: a role for every database", key)
			password, _ := u.User.Password()
			require.Equal(t, passwords["POSTGRES_"+strings.ToUpper(name)+"_PASSWORD"], password, key)
			require.Equal(t, "postgres:5432", u.Host, key)
			require.Contains(t, known()[service], name, key)
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func TestEveryProcessHasItsOwnDatabasesOnly(t *testing.T) {
	t.Parallel()

	services := load(t, platformFile).Services
	folder, passwords := secrets(t)
	of := func(process string) []string { return dsns(t, settingsOf(t, folder, services[process]), passwords) }
	require.Empty(t, of("api"), "the API has no database")

	var all []string
	for name, databases := range known() {
		worker, ok := services["worker-"+name]
		require.True(t, ok, "no worker of %s", name)
		require.Equal(t, []string{"worker", name}, worker.Command)
		require.Equal(t, slices.Sorted(slices.Values(databases)), of("worker-"+name), name)
		all = append(all, databases...)
	}
	require.Equal(t, []string{"migrate", "--all"}, services["migrate"].Command)
	require.Equal(t, slices.Sorted(slices.Values(all)), of("migrate"))
	require.Equal(t, []string{"migrate", "temporal"}, services["migrate-temporal"].Command)
	require.Equal(t, []string{"api"}, services["api"].Command)
	require.Len(t, services, len(known())+3, "something else runs")
}

func TestEveryProcessIsConfiguredAsItLikes(t *testing.T) {
	t.Parallel()

	var sections []configservice.Section
	for _, d := range registry.Declarations() {
		sections = append(sections, configservice.Section(d))
	}
	folder, _ := secrets(t)
	for name, s := range load(t, platformFile).Services {
		var environ []string
		for key, value := range s.Environment {
			environ = append(environ, key+"="+strings.Replace(interpolate(value), "/run/secrets/", folder+"/", 1))
		}
		for i, e := range environ {
			if strings.HasPrefix(e, "AMENDS_CONFIG=") {
				environ[i] += ".yaml"
			}
		}
		needs := config.Needs{Temporal: name != "migrate", API: name == "api"}
		switch s.Command[0] {
		case "worker":
			needs.Services = s.Command[1:]
		case "migrate":
			if s.Command[1] == "--all" {
				needs.Services = slices.Collect(maps.Keys(known()))
			}
		}
		_, err := config.Load(setting.Source{Environ: environ}, needs, sections...)
		require.NoError(t, err, name)
		if needs.Temporal {
			require.Equal(t, "temporal:7233", s.Environment["TEMPORAL_ADDRESS"], name)
		}
	}
}

// The admin addresses refuse every operation without operators.
func TestEveryProcessWithAnAdminAddressKnowsTheOperators(t *testing.T) {
	t.Parallel()

	folder, passwords := secrets(t)
	for name, s := range load(t, platformFile).Services {
		known := settingsOf(t, folder, s).OperatorTokens == "operator="+passwords["OPERATOR_TOKEN"]
		_, serves := s.Environment["AMENDS_ADMIN_ADDR"]
		require.Equal(t, s.Command[0] != "migrate", serves, name)
		require.Equal(t, serves, known, name)
	}
}

func TestPlatformRunsWithoutPrivileges(t *testing.T) {
	t.Parallel()

	for name, s := range load(t, platformFile).Services {
		require.True(t, s.ReadOnly, name)
		require.Equal(t, "65532:65532", s.User, name)
		require.Equal(t, "30s", s.StopGracePeriod, name)
		require.Empty(t, s.Volumes, "%s: nothing is kept in a process", name)
	}
}

func TestEveryRoleHasAPassword(t *testing.T) {
	t.Parallel()

	server := load(t, engineFile).Services["postgres"]
	script, err := os.ReadFile("postgres/init.sql")
	require.NoError(t, err)

	want := map[string]bool{"POSTGRES_PASSWORD": true}
	for _, databases := range known() {
		for _, name := range databases {
			key := "POSTGRES_" + strings.ToUpper(name) + "_PASSWORD"
			want[key] = true
			require.Contains(t, string(script), `\getenv `+name+" "+key+"\n")
			require.Contains(t, string(script), "('"+name+"', :'"+name+"')")
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(server.Environment)))
	require.Equal(t, len(want)-1, strings.Count(string(script), `\getenv`))
}

func TestEngineIsSetUpForSagas(t *testing.T) {
	t.Parallel()

	server := load(t, engineFile).Services["temporal"]
	require.Equal(t, "32", server.Environment["NUM_HISTORY_SHARDS"])
	require.Equal(t, "postgres12_pgx", server.Environment["DB"])

	t.Run("ItsDynamicConfigIsRead", func(t *testing.T) {
		t.Parallel()

		text, err := os.ReadFile("temporal/dynamicconfig.yaml")
		require.NoError(t, err)
		var values map[string][]struct {
			Value any `yaml:"value"`
		}
		require.NoError(t, yaml.Unmarshal(text, &values))
		require.NotEmpty(t, values)
		for key, v := range values {
			require.Regexp(t, `^[a-z]+(\.[a-zA-Z]+)+$`, key)
			require.Len(t, v, 1, key)
			require.NotNil(t, v[0].Value, key)
		}
		mounted := slices.IndexFunc(server.Volumes, func(v string) bool {
			return strings.HasPrefix(v, "./deploy/temporal/dynamicconfig.yaml:"+server.Environment["DYNAMIC_CONFIG_FILE_PATH"]+":")
		})
		require.NotEqual(t, -1, mounted, "it is mounted elsewhere than where the server looks")
	})

	t.Run("ItHasTheSearchAttributesOfTheWorkflow", func(t *testing.T) {
		t.Parallel()

		script, err := os.ReadFile("temporal/namespace.sh")
		require.NoError(t, err)
		found := regexp.MustCompile(`(?m)^(Amends\w+) (Keyword|Bool)$`).FindAllString(string(script), -1)
		require.ElementsMatch(t, []string{
			workflows.AttributeOrderStatus.GetName() + " Keyword",
			workflows.AttributeCustomer.GetName() + " Keyword",
			workflows.AttributeNeedsAttention.GetName() + " Bool",
		}, found)
	})

	t.Run("ItsScriptsAreExecutedByAShell", func(t *testing.T) {
		t.Parallel()

		scripts, err := filepath.Glob("temporal/*.sh")
		require.NoError(t, err)
		require.Len(t, scripts, 2)
		for _, path := range scripts {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(string(text), "#!/bin/sh\n"), path)
			require.Contains(t, string(text), "\nset -eu\n", path)
		}
	})
}
