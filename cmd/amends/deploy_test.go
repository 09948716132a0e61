package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// deployed is a process of deploy/compose/compose.yaml. Package deploy parses the file
// strictly.
type deployed struct {
	Build       any               `yaml:"build"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

// TestTheCommandsOfCompose runs every command line of the compose file with its
// environment and its secrets, except that it only checks them.
func TestTheCommandsOfCompose(t *testing.T) {
	t.Parallel()
	const compose = "../../deploy/compose/"
	folder := filepath.Join(t.TempDir(), "secrets")
	said, err := exec.CommandContext(t.Context(), "bash", compose+"secrets.sh", folder).CombinedOutput()
	require.NoError(t, err, "%s", said)
	text, err := os.ReadFile(compose + "compose.yaml")
	require.NoError(t, err)
	var file struct {
		Services map[string]deployed `yaml:"services"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.NotEmpty(t, file.Services)

	for name, s := range file.Services {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotNil(t, s.Build, "a process of another image")
			environ := environmentOf(s, folder)
			out, err := once(t, environ, append(s.Command, "--check-config")...)
			require.NoError(t, err)
			require.Equal(t, s.Command[0]+": the configuration is valid\n", out)
			if s.Command[0] == "migrate" {
				return
			}
			require.Equal(t, []string{"CMD", "/amends"}, s.Healthcheck.Test[:2])
			_, err = once(t, append(environ, "AMENDS_ADMIN_ADDR=127.0.0.1:1"), s.Healthcheck.Test[2:]...)
			require.ErrorContains(t, err, "connection refused", "the health check asks the process")
			for _, port := range s.Ports {
				_, inside, found := strings.Cut(strings.TrimPrefix(port, "127.0.0.1:"), ":")
				require.True(t, found, port)
				require.Contains(t, []string{s.Environment["AMENDS_HTTP_ADDR"], s.Environment["AMENDS_ADMIN_ADDR"]}, "0.0.0.0:"+inside)
			}
		})
	}
}

// environmentOf returns a process's environment outside its container.
func environmentOf(s deployed, folder string) (environ []string) {
	defaults := regexp.MustCompile(`\$\{[A-Z_]+:-([^}]+)\}`)
	for key, value := range s.Environment {
		value = defaults.ReplaceAllString(value, "$1")
		if at, found := strings.CutPrefix(value, "/run/secrets/"); found {
			value = filepath.Join(folder, at+".yaml")
		}
		environ = append(environ, key+"="+value)
	}
	return environ
}
