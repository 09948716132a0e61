package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/service"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/config/temporal"
)

// sections are those of the tests: services with and without an external system.
var sections = []service.Section{
	{Name: "order"}, {Name: "catalog"}, {Name: "inventory"}, {Name: "payment", Outside: "provider"}, {Name: "shipping", Outside: "carrier"},
}

// file writes a configuration file.
func file(t *testing.T, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "amends.yaml")
	require.NoError(t, os.WriteFile(path, []byte(yaml), 0o600))
	return path
}

// flags parses args as a command with these keys does.
func flags(t *testing.T, keys []string, args ...string) *pflag.FlagSet {
	t.Helper()
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.AddFlags(set, keys...)
	require.NoError(t, set.Parse(args))
	return set
}

func TestLoad(t *testing.T) {
	t.Parallel()

	t.Run("NothingSetIsTheDefault", func(t *testing.T) {
		t.Parallel()
		c, err := config.Load(setting.Source{}, config.Needs{}, sections...)
		require.NoError(t, err)
		require.Equal(t, config.Default(sections...), c)
	})

	t.Run("DevTakesAnEngineOfThisMachine", func(t *testing.T) {
		t.Parallel()
		for _, address := range []string{"127.0.0.1:7233", "localhost:7233", "[::1]:7233"} {
			c, err := config.Load(setting.Source{Environ: []string{"AMENDS_TEMPORAL_ADDRESS=" + address, "AMENDS_TEMPORAL_NAMESPACE=shop", "HOME=" + t.TempDir()}}, config.Needs{Dev: true}, sections...)
			require.NoError(t, err)
			require.Equal(t, temporal.Section{Address: address, Namespace: "shop"}, c.Temporal)
		}
	})

	t.Run("DevIgnoresTheEngineOfOthers", func(t *testing.T) {
		t.Parallel()
		c, err := config.Load(setting.Source{Environ: []string{"TEMPORAL_ADDRESS=engine.shop.example:7233", "TEMPORAL_PROFILE=nowhere"}}, config.Needs{Dev: true}, sections...)
		require.NoError(t, err)
		require.Empty(t, c.Temporal.Address)
	})

	t.Run("TheFileBeatsTheDefaultTheVariableTheFileTheFlagAll", func(t *testing.T) {
		t.Parallel()
		source := setting.Source{
			File: file(t, "data_dir: f\nhttp_addr: ':1'\nadmin_addr: ':2'\ntemporal_port: 3\n"),
			Environ: []string{
				"AMENDS_HTTP_ADDR=:11", "AMENDS_ADMIN_ADDR=:12", "AMENDS_UI_PORT=13", "HTTP_ADDR=:99", "PATH=/bin",
			},
			Flags: flags(t, []string{"admin_addr", "durable", "ui_port"}, "--admin-addr", ":22", "--durable"),
		}
		c, err := config.Load(source, config.Needs{}, sections...)
		require.NoError(t, err)
		want := config.Default(sections...)
		want.DataDir, want.TemporalPort = "f", 3
		want.HTTPAddr, want.UIPort = ":11", 13
		want.AdminAddr, want.Durable = ":22", true
		require.Equal(t, want, c)
	})

	t.Run("EveryTypeAndSectionIsReadFromTheFile", func(t *testing.T) {
		t.Parallel()
		c, err := config.Load(setting.Source{File: file(t, `
durable: true
lock_timeout: 1500ms
pipeline: false
temporal: {address: "engine:7233", api_key: hidden}
services:
  order: {dsn: "sqlite:order.db", max_conns: 3}
  payment:
    queue: money
    dsn: postgres://pay:pw@db/payment
    provider_dsn: postgres://pay:pw@db/provider
  shipping:
log: {level: debug}
`)}, config.Needs{}, sections...)
		require.NoError(t, err)
		want := config.Default(sections...)
		want.Durable, want.LockTimeout, want.Pipeline = true, 1500*time.Millisecond, false
		want.Temporal.Address, want.Temporal.APIKey = "engine:7233", "hidden"
		want.Services[0].DSN, want.Services[0].MaxConns = "sqlite:order.db", 3
		want.Services[3].Queue = "money"
		want.Services[3].DSN = "postgres://pay:pw@db/payment"
		want.Services[3].OutsideDSN = "postgres://pay:pw@db/provider"
		want.Log.Level = "debug"
		require.Equal(t, want, c)
	})

	t.Run("AFilesNameIsNotAURL", func(t *testing.T) {
		t.Parallel()
		for _, dsn := range []string{"sqlite:a%41b#c.db", "sqlite:///a/b.db", "sqlite:a b/é.db"} {
			_, err := config.Load(setting.Source{Environ: []string{"AMENDS_SERVICES_ORDER_DSN=" + dsn, "AMENDS_DATA_DIR=a%41b#c"}}, config.Needs{}, sections...)
			require.NoError(t, err, dsn)
		}
		_, err := config.Load(setting.Source{Environ: []string{"AMENDS_DATA_DIR=50% off"}}, config.Needs{Dev: true}, sections...)
		require.NoError(t, err)
	})

	t.Run("AVariableNamesTheFile", func(t *testing.T) {
		t.Parallel()
		c, err := config.Load(setting.Source{Environ: []string{"AMENDS_CONFIG=" + file(t, "data_dir: x")}}, config.Needs{}, sections...)
		require.NoError(t, err)
		require.Equal(t, "x", c.DataDir)
	})

	t.Run("AnEmptyVariableIsNotSet", func(t *testing.T) {
		t.Parallel()
		c, err := config.Load(setting.Source{Environ: []string{"AMENDS_HTTP_ADDR="}}, config.Needs{}, sections...)
		require.NoError(t, err)
		require.Equal(t, config.Default(sections...), c)
	})

	t.Run("VariablesOfTestsAndOfContainerNetworksAreNotJudged", func(t *testing.T) {
		t.Parallel()
		_, err := config.Load(setting.Source{Environ: []string{
			"AMENDS_REQUIRE_POSTGRES=1", "AMENDS_API_SERVICE_HOST=10.0.0.1", "AMENDS_API_SERVICE_PORT_HTTP=80",
			"AMENDS_API_PORT_8080_TCP_ADDR=10.0.0.1", "AMENDS_API_PORT=tcp://10.0.0.1:8080",
		}}, config.Needs{}, sections...)
		require.NoError(t, err)
	})
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	c := config.Default(sections...)
	c.Temporal.APIKey = "key-of-the-cloud"
	c.DatabaseURL = "postgres://root:hunter2@db:5432/postgres?sslpassword=hunter2"
	c.Services[0].DSN = "postgres://order:pa/ss:hunter2@db/order"
	c.Services[1].DSN = "host=db password=hunter2"
	text := []string{c.DatabaseURL.String(), c.Services[0].DSN.String(), c.Services[1].DSN.String(), c.Temporal.APIKey.String()}
	require.Equal(t, []string{"postgres://db:5432/postgres", "postgres://******", "******", "******"}, text)
}
