package main

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/amends/amends/worker/registry"
)

// manifest has the parts of the chart's manifests that run amends. The chart's own tests
// decode them strictly.
type manifest struct {
	Kind     string                `yaml:"kind"`
	Metadata struct{ Name string } `yaml:"metadata"`
	Data     map[string]string     `yaml:"data"`
	Spec     struct {
		Template struct {
			Spec struct {
				InitContainers []container `yaml:"initContainers"` //nolint:tagliatelle // of Kubernetes
				Containers     []container `yaml:"containers"`
			} `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

type container struct {
	Name    string           `yaml:"name"`
	Args    []string         `yaml:"args"`
	EnvFrom []map[string]any `yaml:"envFrom"` //nolint:tagliatelle // of Kubernetes
	Env     []map[string]any `yaml:"env"`
}

// TestTheCommandsOfTheChart runs the command line of every container that the chart
// renders, with its environment, except that it only checks them. So every variable in the
// chart is a setting.
func TestTheCommandsOfTheChart(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	said, err := exec.CommandContext(t.Context(), "bash", "../../deploy/compose/secrets.sh", filepath.Join(folder, "secrets")).CombinedOutput()
	require.NoError(t, err, "%s", said)
	files, err := filepath.Glob("../../deploy/helm/testdata/golden/*.yaml")
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			all := manifests(t, path)
			i := slices.IndexFunc(all, func(m manifest) bool { return m.Kind == "ConfigMap" })
			require.NotEqual(t, -1, i)
			certificates := issue(t, all[i].Data["AMENDS_IDENTITY_ENV"])
			ran := 0
			for _, m := range all {
				pod := m.Spec.Template.Spec
				for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
					environ := c.environ(t, all[i].Data, folder, certificates)
					out, err := once(t, environ, append(c.Args, "--check-config")...)
					require.NoError(t, err, "%s %v", m.Metadata.Name, c.Args)
					require.Contains(t, out, "the configuration is valid")
					ran++
				}
			}
			require.Equal(t, len(registry.Names())+3, ran, "a worker for each service, the API and two migrations")
		})
	}
}

func manifests(t *testing.T, path string) (all []manifest) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var m manifest
		err := dec.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		if m.Kind == "Deployment" || m.Kind == "Job" || m.Kind == "ConfigMap" {
			require.NoError(t, err, path)
			all = append(all, m)
		}
	}
}

// issue makes the certificates of an environment, "" for none.
func issue(t *testing.T, env string) (folder string) {
	t.Helper()
	if env == "" {
		return ""
	}
	folder = t.TempDir()
	for _, command := range []string{"init", "issue"} {
		_, err := once(t, nil, "certs", command, "--env", env, "--dir", filepath.Join(folder, "authority"), "--out", folder)
		require.NoError(t, err)
	}
	return folder
}

// environ returns the environment of a container, with files of this machine in place of
// the mounted ones.
func (c container) environ(t *testing.T, config map[string]string, folder, certificates string) (environ []string) {
	t.Helper()
	values := map[string]string{}
	if len(c.EnvFrom) > 0 {
		maps.Copy(values, config)
	}
	for _, e := range c.Env {
		name, value := e["name"], e["value"]
		if value == nil {
			require.Equal(t, "GOMEMLIMIT", name, "no other value is the cluster's")
			continue
		}
		values[name.(string)] = value.(string) //nolint:errcheck,forcetypeassert // Kubernetes takes texts only
	}
	secrets, name := "migrate", c.Args[len(c.Args)-1]
	if c.Args[0] != "migrate" {
		secrets = strings.Join(c.Args, "-") // api, worker-payment
		values["AMENDS_BROKER_USER"] = name // the file of compose has the password alone
	}
	for key, at := range map[string]string{
		"AMENDS_CONFIG":        filepath.Join(folder, "secrets", secrets+".yaml"),
		"AMENDS_IDENTITY_CERT": filepath.Join(certificates, name+".pem"), "AMENDS_IDENTITY_KEY": filepath.Join(certificates, name+".pem"),
		"AMENDS_IDENTITY_BUNDLE": filepath.Join(certificates, "bundle.pem"),
	} {
		if values[key] != "" {
			values[key] = at
		}
	}
	for key, value := range values {
		environ = append(environ, key+"="+value)
	}
	return environ
}
