package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/setting"
)

// FuzzFile gives any file and any value of a variable. Load must not panic, must
// answer the same twice, must say one line per problem, and what it accepts must
// be valid.
func FuzzFile(f *testing.F) {
	f.Add("data_dir: x\nservices: {order: {dsn: 'sqlite:a'}}", "1s")
	f.Add("saga: {decide_after: 10}\nlog:\n", "-1")
	f.Add("a: &a [*a]\n? b\n", "\xff")
	f.Fuzz(func(t *testing.T, yaml, value string) {
		path := filepath.Join(t.TempDir(), "f.yaml")
		require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
		source := setting.Source{File: path, Environ: []string{
			"AMENDS_LOCK_TIMEOUT=" + value, "AMENDS_DATABASE_URL=" + value, "AMENDS_UI_PORT=" + value, "AMENDS_DURABLE=" + value,
		}}
		c, err := config.Load(source, config.Needs{}, sections...)
		again, errAgain := config.Load(source, config.Needs{}, sections...)
		require.Equal(t, c, again)
		require.Equal(t, err, errAgain)
		if err == nil {
			require.NoError(t, c.Validate(config.Needs{}, nil))
			return
		}
		var problems setting.Problems
		require.ErrorAs(t, err, &problems)
		require.Len(t, strings.Split(err.Error(), "\n"), len(problems))
	})
}

// FuzzPassword puts any characters around a password in a DSN, as people do
// without encoding them. The password must not be in any message.
func FuzzPassword(f *testing.F) {
	const password = "hunter2"
	f.Add("", "#")
	f.Add("12/", "@x")
	f.Add("%zz?", "=a")
	f.Fuzz(func(t *testing.T, before, after string) {
		dsn := secret.DSN("postgres://user:" + before + password + after + "@host:5432/name")
		require.NotContains(t, dsn.String(), password)

		_, err := config.Load(setting.Source{Environ: []string{
			"AMENDS_SERVICES_ORDER_DSN=" + string(dsn), "AMENDS_SERVICES_CATALOG_DSN=" + string(dsn), "AMENDS_DATABASE_URL=" + string(dsn) + "#",
		}}, config.Needs{}, sections...)
		require.Error(t, err)
		require.NotContains(t, err.Error(), password)
	})
}
