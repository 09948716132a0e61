package temporal_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/temporal"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	profiles := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(profiles, []byte("[profile.default]\naddress = \"a:1\"\nnamespace = \"file\"\n[profile.cloud]\naddress = \"b:2\"\n"), 0o600))
	environ := []string{"TEMPORAL_CONFIG_FILE=" + profiles, "TEMPORAL_ADDRESS=old:1", "TEMPORAL_ADDRESS=env:3"}

	for name, test := range map[string]struct {
		options            temporal.Options
		address, namespace string
	}{
		"NothingAnywhere":         {temporal.Options{Isolated: true}, "127.0.0.1:7233", "default"},
		"TheProfile":              {temporal.Options{Environ: environ[:1]}, "a:1", "file"},
		"AVariableBeatsIt":        {temporal.Options{Environ: environ}, "env:3", "file"},
		"AnOptionBeatsBoth":       {temporal.Options{Environ: environ, Address: "mine:4", Namespace: "x"}, "mine:4", "x"},
		"AnotherProfile":          {temporal.Options{ConfigFile: profiles, Profile: "cloud"}, "b:2", "default"},
		"IsolatedIgnoresThemBoth": {temporal.Options{Isolated: true, Environ: environ}, "127.0.0.1:7233", "default"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := temporal.Dial(test.options)
			require.NoError(t, err)
			t.Cleanup(c.Close)
			require.Equal(t, test.address, c.Address)
			require.Equal(t, test.namespace, c.Namespace)
		})
	}

	for name, test := range map[string]struct {
		options temporal.Options
		want    string
	}{
		"NoPort":         {temporal.Options{Isolated: true, Address: "engine"}, `temporal: address "engine" must be host:port`},
		"NoSuchProfile":  {temporal.Options{ConfigFile: profiles, Profile: "x"}, "temporal: unable to find profile x in config data"},
		"NoSuchFile":     {temporal.Options{ConfigFile: "/nowhere.toml"}, "temporal: no profile file /nowhere.toml"},
		"CertWithoutKey": {temporal.Options{Isolated: true, TLSCert: "c.pem"}, "temporal: invalid TLS config: if either client cert or key path is present, other must be present too"},
		"NoSuchCA":       {temporal.Options{Isolated: true, TLSCA: "/nowhere.pem"}, "temporal: invalid TLS config: failed reading server CA cert path: open /nowhere.pem: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.EqualError(t, test.options.Check(), test.want)
			_, err := temporal.Dial(test.options)
			require.EqualError(t, err, test.want)
		})
	}
}
