package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/engine"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	profiles := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(profiles, []byte("[profile.default]\naddress = \"a:1\"\nnamespace = \"file\"\n[profile.cloud]\naddress = \"b:2\"\n"), 0o600))
	environ := []string{"TEMPORAL_CONFIG_FILE=" + profiles, "TEMPORAL_ADDRESS=old:1", "TEMPORAL_ADDRESS=env:3"}

	for name, test := range map[string]struct {
		options            engine.Options
		address, namespace string
	}{
		"NothingAnywhere":         {engine.Options{Isolated: true}, "127.0.0.1:7233", "default"},
		"TheProfile":              {engine.Options{Environ: environ[:1]}, "a:1", "file"},
		"AVariableBeatsIt":        {engine.Options{Environ: environ}, "env:3", "file"},
		"AnOptionBeatsBoth":       {engine.Options{Environ: environ, Address: "mine:4", Namespace: "x"}, "mine:4", "x"},
		"AnotherProfile":          {engine.Options{ConfigFile: profiles, Profile: "cloud"}, "b:2", "default"},
		"IsolatedIgnoresThemBoth": {engine.Options{Isolated: true, Environ: environ}, "127.0.0.1:7233", "default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := engine.Dial(test.options)
			require.NoError(t, err)
			t.Cleanup(c.Close)
			require.Equal(t, test.address, c.Address)
			require.Equal(t, test.namespace, c.Namespace)
		})
	}

	for name, test := range map[string]struct {
		options engine.Options
		want    string
	}{
		"NoPort":         {engine.Options{Isolated: true, Address: "engine"}, `temporal: address "engine" must be host:port`},
		"NoSuchProfile":  {engine.Options{ConfigFile: profiles, Profile: "x"}, "temporal: unable to find profile x in config data"},
		"NoSuchFile":     {engine.Options{ConfigFile: "/nowhere.toml"}, "temporal: no profile file /nowhere.toml"},
		"CertWithoutKey": {engine.Options{Isolated: true, TLSCert: "c.pem"}, "temporal: invalid TLS config: if either client cert or key path is present, other must be present too"},
		"NoSuchCA":       {engine.Options{Isolated: true, TLSCA: "/nowhere.pem"}, "temporal: invalid TLS config: failed reading server CA cert path: open /nowhere.pem: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, test.options.Check(), test.want)
			_, err := engine.Dial(test.options)
			require.EqualError(t, err, test.want)
		})
	}
}
