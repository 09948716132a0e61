package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/dev/folder"
)

func TestACommandFindsThePlatformOfItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var p cli.Platform
	p.HTTPAddr, p.AdminAddr = "127.0.0.1:4001", "127.0.0.1:4002"
	p.Temporal.Address, p.Temporal.Namespace = "127.0.0.1:4003", "default"
	load := func(t *testing.T, environ []string, args ...string) *config.Config {
		t.Helper()
		cmd := &cobra.Command{}
		cmd.Flags().String("config", "", "")
		config.AddFlags(cmd.Flags(), "data_dir", "http_addr", "temporal.address")
		require.NoError(t, cmd.ParseFlags(args))
		c, err := cli.Stdio{Environ: append([]string{"AMENDS_DATA_DIR=" + dir}, environ...)}.LoadTool(cmd, config.Needs{})
		require.NoError(t, err)
		return c
	}
	require.Equal(t, config.Default().HTTPAddr, load(t, nil).HTTPAddr, "nothing runs there")

	p.DatabaseURL = "postgres://u:p@127.0.0.1/x"
	require.NoError(t, p.Keep(dir))
	require.Equal(t, config.Default().HTTPAddr, load(t, nil).HTTPAddr, "a process that was killed has left its addresses")
	lock, err := folder.Lock(dir)
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(dir, "platform.yaml"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it may have a password")
	c := load(t, nil)
	require.Equal(t, []any{p.HTTPAddr, p.AdminAddr, p.Temporal.Address, p.DatabaseURL},
		[]any{c.HTTPAddr, c.AdminAddr, c.Temporal.Address, string(c.DatabaseURL)})
	c = load(t, nil, "--http-addr", "127.0.0.1:5001")
	require.Equal(t, []any{"127.0.0.1:5001", p.AdminAddr}, []any{c.HTTPAddr, c.AdminAddr}, "a flag is more than the folder")

	for name, environ := range map[string][]string{
		"AnEngine":            {"AMENDS_TEMPORAL_ADDRESS=engine:7233"},
		"AnEngineOfTheSDK":    {"TEMPORAL_ADDRESS=engine:7233"},
		"AProfileOfTheSDK":    {"TEMPORAL_PROFILE=shop"},
		"ABroker":             {"AMENDS_BROKER_URL=nats://broker:4222"},
		"ADatabaseOfAService": {"AMENDS_SERVICES_ORDER_DSN=postgres://u@db/order"},
		"ATargetOfAService":   {"AMENDS_SERVICES_ORDER_TARGET=static:///127.0.0.1:1"},
	} {
		t.Run("ButNotBeside"+name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, config.Default().AdminAddr, load(t, environ).AdminAddr, "the settings are of another platform")
		})
	}
	t.Run("OrAnotherEngineByAFlag", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, config.Default().AdminAddr, load(t, nil, "--temporal-address", "engine:7233").AdminAddr)
	})
	t.Cleanup(func() {
		require.NoError(t, lock.Close())
		require.NoError(t, cli.Forget(dir))
		require.NoError(t, cli.Forget(dir), "a repeat changes nothing")
	})
}
