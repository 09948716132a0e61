package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// workflow has the keys of GitHub's format that the workflows use. Any other is an error.
type workflow struct {
	Name        string            `yaml:"name"`
	On          yaml.Node         `yaml:"on"`
	Permissions map[string]string `yaml:"permissions"`
	Concurrency yaml.Node         `yaml:"concurrency"`
	Env         map[string]string `yaml:"env"`
	Jobs        map[string]struct {
		RunsOn      string            `yaml:"runs-on"`         //nolint:tagliatelle // GitHub's format
		Timeout     int               `yaml:"timeout-minutes"` //nolint:tagliatelle // GitHub's format
		Permissions map[string]string `yaml:"permissions"`
		Env         map[string]string `yaml:"env"`
		Strategy    struct {
			FailFast bool      `yaml:"fail-fast"` //nolint:tagliatelle // GitHub's format
			Matrix   yaml.Node `yaml:"matrix"`
		} `yaml:"strategy"`
		Steps []struct {
			Name string            `yaml:"name"`
			If   string            `yaml:"if"`
			Uses string            `yaml:"uses"`
			With map[string]string `yaml:"with"`
			Run  string            `yaml:"run"`
			Env  map[string]string `yaml:"env"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

// TestWorkflowsRunWhatExists: every target of make, every script and every local action
// in the workflows exists, and the parts of the tests are all of them.
func TestWorkflowsRunWhatExists(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../Makefile")
	require.NoError(t, err)
	files, err := filepath.Glob("../.github/workflows/*.yml")
	require.NoError(t, err)
	require.Len(t, files, 3)
	var all strings.Builder
	for _, path := range files {
		var w workflow
		decode(t, path, &w)
		require.Equal(t, map[string]string{"contents": "read"}, w.Permissions, "%s: a job that needs more says so", path)
		for name, job := range w.Jobs {
			require.Regexp(t, `^ubuntu-\d+\.\d+$`, job.RunsOn, "%s: not latest", name)
			require.Positive(t, job.Timeout, name)
			for _, s := range job.Steps {
				require.NotEqual(t, s.Uses == "", s.Run == "", "%s: %s", path, name)
				if local, found := strings.CutPrefix(s.Uses, "./"); found {
					require.FileExists(t, filepath.Join("..", local, "action.yml"))
				} else if s.Uses != "" {
					require.Regexp(t, `^actions/[a-z-]+@v\d+$`, s.Uses)
				}
			}
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		all.Write(text)
	}
	for _, m := range regexp.MustCompile(`\bmake ([a-z-]+)`).FindAllStringSubmatch(all.String(), -1) {
		require.Regexp(t, `(?m)^`+m[1]+`:`, string(makefile), "make %s", m[1])
	}
	script, err := os.ReadFile("../scripts/test.sh")
	require.NoError(t, err)
	parts := regexp.MustCompile(`case \$part in all \| ([a-z0-9 |]+)\)`).FindStringSubmatch(string(script))
	require.NotNil(t, parts)
	require.Contains(t, all.String(), "part: ["+strings.ReplaceAll(parts[1], " | ", ", ")+"]")
	require.FileExists(t, "../.ci/run")
}
