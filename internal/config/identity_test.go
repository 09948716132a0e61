package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/setting"
)

func TestIdentity(t *testing.T) {
	t.Parallel()
	load := func(environ ...string) (config.Config, error) {
		for i := range environ {
			environ[i] = "AMENDS_IDENTITY_" + environ[i]
		}
		return config.Load(setting.Source{Environ: environ}, config.Needs{}, sections...)
	}

	t.Run("CertificatesTurnItOn", func(t *testing.T) {
		t.Parallel()
		c, err := load("CERT=a", "KEY=b", "BUNDLE=c", "ENV=production")
		require.NoError(t, err)
		require.Equal(t, "on", c.Identity.Mode())
		c, err = load()
		require.NoError(t, err)
		require.Equal(t, "off", c.Identity.Mode())
		c, err = load("MTLS=mesh")
		require.NoError(t, err)
		require.Equal(t, "mesh", c.Identity.Mode())
	})

	t.Run("SecretsAreThoseOfDevUnlessAFileIsNamed", func(t *testing.T) {
		t.Parallel()
		c, err := load()
		require.NoError(t, err)
		require.Equal(t, filepath.Join(".amends", "callers"), c.CallerSecrets())
		c, err = load("SECRETS_FILE=/run/callers")
		require.NoError(t, err)
		require.Equal(t, "/run/callers", c.CallerSecrets())
	})

	t.Run("NamesEveryRuleAndNoSecret", func(t *testing.T) {
		t.Parallel()
		for environ, want := range map[string]string{
			"MTLS=yes":              `identity.mtls: must be one of on, off, mesh, is "yes"`,
			"MTLS=on":               "identity.cert: must be set: certificates need identity.cert, identity.key and identity.bundle",
			"CERT=a KEY=b BUNDLE=c": "identity.env: must be 1 to 63 lower-case letters",
			"CERT=a KEY=b ENV=test": "identity.bundle: must be set",
			"ENV=Test":              "identity.env: must be",
			"POLICY=lenient":        "identity.policy: must be one of enforce, audit",
			"SECRETS=order=hunter2": "identity.secrets: must be name=secret,name2=secret2: the secret of entry 1 is not 16 to 256",
			"EVERY=0s":              "identity.every: must be at least 1ms",
			"SECRETS=order=hunter2hunter2hunter2 SECRETS_FILE=x": "identity.secrets_file: must not be set together with identity.secrets",
		} {
			_, err := load(strings.Fields(environ)...)
			require.ErrorContains(t, err, want, environ)
			require.NotContains(t, err.Error(), "hunter2")
		}
	})
}
