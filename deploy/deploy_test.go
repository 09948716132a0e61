package deploy

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const (
	engineFile   = "../docker-compose.temporal.yml"
	platformFile = "compose/compose.yaml"
)

// composeFile has the keys of the format that our compose files use. Any other key
// is an error, so that a misspelt one is not silently ignored.
type composeFile struct {
	Name       string               `yaml:"name"`
	Include    []string             `yaml:"include"`
	Services   map[string]service   `yaml:"services"`
	Volumes    map[string]*struct{} `yaml:"volumes"`
	Secrets    map[string]secret    `yaml:"secrets"`
	Networks   map[string]network   `yaml:"networks"`
	Extensions map[string]any       `yaml:",inline"`
}

type secret struct {
	File string `yaml:"file"`
}

type network struct {
	Name     string `yaml:"name"`
	External bool   `yaml:"external"`
}

type service struct {
	Image           string                `yaml:"image"`
	Build           *build                `yaml:"build"`
	Restart         string                `yaml:"restart"`
	DependsOn       map[string]dependency `yaml:"depends_on"`
	Environment     map[string]string     `yaml:"environment"`
	Entrypoint      []string              `yaml:"entrypoint"`
	Command         []string              `yaml:"command"`
	Volumes         []string              `yaml:"volumes"`
	Ports           []string              `yaml:"ports"`
	Secrets         []string              `yaml:"secrets"`
	User            string                `yaml:"user"`
	Deploy          deployment            `yaml:"deploy"`
	Healthcheck     *healthcheck          `yaml:"healthcheck"`
	ReadOnly        bool                  `yaml:"read_only"`
	CapDrop         []string              `yaml:"cap_drop"`
	SecurityOpt     []string              `yaml:"security_opt"`
	StopGracePeriod string                `yaml:"stop_grace_period"`
}

type deployment struct {
	Resources struct {
		Limits struct {
			CPUs   string `yaml:"cpus"`
			Memory string `yaml:"memory"`
			PIDs   int    `yaml:"pids"`
		} `yaml:"limits"`
	} `yaml:"resources"`
}

type build struct {
	Context    string `yaml:"context"`
	Dockerfile string `yaml:"dockerfile"`
}

type dependency struct {
	Condition string `yaml:"condition"`
}

type healthcheck struct {
	Test     []string `yaml:"test"`
	Interval string   `yaml:"interval"`
	Timeout  string   `yaml:"timeout"`
	Retries  int      `yaml:"retries"`
}

// oneShot reports whether the service ends by itself.
func (s service) oneShot() bool { return strings.HasPrefix(s.Restart, "on-failure:") }

func load(t *testing.T, path string) composeFile {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)

	var file composeFile
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	require.NoError(t, dec.Decode(&file), path)
	for key := range file.Extensions {
		require.True(t, strings.HasPrefix(key, "x-"), "%s: unknown key %q", path, key)
	}
	return file
}

// loadAll returns the services of both files, merged as compose merges an include.
func loadAll(t *testing.T) map[string]service {
	t.Helper()
	all := map[string]service{}
	for _, path := range []string{engineFile, platformFile} {
		for name, s := range load(t, path).Services {
			require.NotContains(t, all, name, "in both files")
			all[name] = s
		}
	}
	return all
}

func TestComposeFilesBelongTogether(t *testing.T) {
	t.Parallel()

	engine, platform := load(t, engineFile), load(t, platformFile)
	require.Equal(t, "amends", engine.Name)
	require.Equal(t, engine.Name, platform.Name, "one project, or include makes two")
	require.Equal(t, []string{"../" + engineFile}, platform.Include)
	require.Empty(t, engine.Include)
}

// pinned is an image's name with a tag of at least two numbers.
var pinned = regexp.MustCompile(`^[a-z0-9./-]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?$`)

func TestImagesArePinned(t *testing.T) {
	t.Parallel()

	for name, s := range loadAll(t) {
		if s.Build != nil {
			require.Equal(t, "amends:local", s.Image, name)
			require.FileExists(t, filepath.Join("compose", s.Build.Context, s.Build.Dockerfile), name)
			continue
		}
		require.Regexp(t, pinned, s.Image, name)
	}
	services := loadAll(t)
	_, server, _ := strings.Cut(services["temporal"].Image, ":")
	_, tools, _ := strings.Cut(services["temporal-schema"].Image, ":")
	require.Equal(t, server, tools, "the schema is that of the server's version")
}

func TestPortsAreOfThisMachineOnly(t *testing.T) {
	t.Parallel()

	taken := map[string]string{}
	for name, s := range loadAll(t) {
		for _, port := range s.Ports {
			m := regexp.MustCompile(`^127\.0\.0\.1:(\d+):\d+$`).FindStringSubmatch(port)
			require.NotNil(t, m, "%s: %s", name, port)
			require.Empty(t, taken[m[1]], "%s takes port %s too", name, m[1])
			taken[m[1]] = name
		}
	}
}

func TestServicesWaitForWhatTheyNeed(t *testing.T) {
	t.Parallel()

	all := loadAll(t)
	for name, s := range all {
		if !s.oneShot() {
			require.Equal(t, "unless-stopped", s.Restart, name)
			require.NotNil(t, s.Healthcheck, name)
		}
		if h := s.Healthcheck; h != nil {
			require.Equal(t, "CMD", h.Test[0], name)
			require.NotEmpty(t, h.Interval, name)
			require.NotEmpty(t, h.Timeout, name)
			require.Positive(t, h.Retries, name)
			require.Equal(t, s.Build != nil, slices.Equal(h.Test, []string{"CMD", "/amends", "ready"}), name)
		}
		for on, d := range s.DependsOn {
			require.Contains(t, all, on, name)
			want := "service_healthy"
			if all[on].oneShot() {
				want = "service_completed_successfully"
			}
			require.Equal(t, want, d.Condition, "%s on %s", name, on)
			require.True(t, all[on].oneShot() || all[on].Healthcheck != nil, "%s: %s has no health check", name, on)
		}
	}
	for name, s := range all {
		require.NotContains(t, reachable(all, s, nil), name, "a circle of dependencies")
	}
}

// reachable returns the names of the services that s depends on, directly or not.
func reachable(all map[string]service, s service, seen []string) []string {
	for on := range s.DependsOn {
		if !strings.Contains(" "+strings.Join(seen, " ")+" ", " "+on+" ") {
			seen = reachable(all, all[on], append(seen, on))
		}
	}
	return seen
}

// TestNothingTakesTheWholeMachine: a process without limits takes the others down with it.
func TestNothingTakesTheWholeMachine(t *testing.T) {
	t.Parallel()

	for name, s := range loadAll(t) {
		limits := s.Deploy.Resources.Limits
		require.NotEmpty(t, limits.CPUs, name)
		require.Regexp(t, `^\d+[MG]$`, limits.Memory, name)
		require.Positive(t, limits.PIDs, name)
		require.Equal(t, []string{"no-new-privileges:true"}, s.SecurityOpt, name)
		// PostgreSQL's image starts as root, to give its folder to the role postgres.
		require.Equal(t, !strings.HasPrefix(s.Image, "postgres:"), slices.Equal(s.CapDrop, []string{"ALL"}), name)
	}
}

func TestVolumesExist(t *testing.T) {
	t.Parallel()

	for _, path := range []string{engineFile, platformFile} {
		file := load(t, path)
		used := map[string]*struct{}{}
		for name, s := range file.Services {
			for _, volume := range s.Volumes {
				source, target, ok := strings.Cut(volume, ":")
				require.True(t, ok, "%s: %s", name, volume)
				if !strings.HasPrefix(source, ".") {
					used[source] = nil
					continue
				}
				require.FileExists(t, filepath.Join(filepath.Dir(path), source), name)
				require.True(t, strings.HasSuffix(target, ":ro"), "%s: %s", name, volume)
			}
		}
		if len(used)+len(file.Volumes) > 0 {
			require.Equal(t, used, file.Volumes, path)
		}
	}
}

func TestVariablesHaveOneDefault(t *testing.T) {
	t.Parallel()

	defaults := map[string]string{}
	for _, path := range []string{engineFile, platformFile, watchFile} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for line := range strings.SplitSeq(string(text), "\n") {
			code, _, _ := strings.Cut(line, " #")
			for _, use := range regexp.MustCompile(`\$+[^ "]*`).FindAllString(code, -1) {
				m := variable.FindStringSubmatch(use)
				require.NotNil(t, m, "%s: %s has no default", path, use)
				if earlier, ok := defaults[m[1]]; ok {
					require.Equal(t, earlier, m[2], "%s: two defaults of %s", path, m[1])
				}
				defaults[m[1]] = m[2]
				// The environment of `amends dev` would have them too, and it refuses unknown keys.
				require.False(t, strings.HasPrefix(m[1], "AMENDS_"), m[1])
			}
		}
	}
	require.NotEmpty(t, defaults)
}

// variable is a use of an environment variable, with a default.
var variable = regexp.MustCompile(`^\$\{([A-Z_]+):-([^}]+)\}`)

// variables are all uses in a text.
var variables = regexp.MustCompile(`\$\{([A-Z_]+):-([^}]+)\}`)

// interpolate replaces variables by their defaults.
func interpolate(s string) string { return variables.ReplaceAllString(s, "$2") }
