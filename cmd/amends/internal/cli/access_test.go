package cli_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/identity/issuer"
)

func TestAccess(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)

	t.Run("TakesTheSecretsThatDevMade", func(t *testing.T) {
		t.Parallel()
		c := config.Default()
		c.DataDir = t.TempDir()
		_, _, err := cli.Access(&c, []string{"order"}, logger, noop.NewMeterProvider())
		require.ErrorIs(t, err, os.ErrNotExist, "no caller could prove its name")
		require.NoError(t, cli.KeepSecrets(&c))
		info, err := os.Stat(c.CallerSecrets())
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		a, certificates, err := cli.Access(&c, []string{"order"}, logger, noop.NewMeterProvider())
		require.NoError(t, err)
		require.Nil(t, certificates)
		for _, name := range cli.Callers() {
			_, err = a.Client(name, "payment")
			require.NoError(t, err)
		}
		require.Error(t, a.CheckListener("0.0.0.0:7080"))
	})

	t.Run("TakesConfiguredSecretsInstead", func(t *testing.T) {
		t.Parallel()
		var log bytes.Buffer
		c := config.Default()
		c.DataDir, c.Identity.MTLS, c.Identity.Secrets = t.TempDir(), "mesh", "order=hunter2hunter2hunter2"
		a, _, err := cli.Access(&c, []string{"order"}, slog.New(slog.NewTextHandler(&log, nil)), noop.NewMeterProvider())
		require.NoError(t, err)
		require.NoError(t, cli.KeepSecrets(&c))
		require.NoFileExists(t, c.CallerSecrets())
		_, err = a.Client("order", "payment")
		require.NoError(t, err)
		_, err = a.Client("payment", "order")
		require.Error(t, err)
		require.NoError(t, a.CheckListener("0.0.0.0:7080"))
		require.NotContains(t, log.String(), "hunter2")
	})

	t.Run("TakesCertificates", func(t *testing.T) {
		t.Parallel()
		out := t.TempDir()
		i, err := issuer.Open(issuer.Config{Dir: t.TempDir(), Out: out, Env: "test", Life: time.Hour, RootLife: 10 * time.Hour, Now: time.Now})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, i.Close()) })
		require.NoError(t, i.Init())
		require.NoError(t, i.Issue("order"))
		c := config.Default()
		c.Identity.Env, c.Identity.Cert, c.Identity.Bundle = "test", filepath.Join(out, "{service}.pem"), filepath.Join(out, "bundle.pem")
		c.Identity.Key = c.Identity.Cert
		a, certificates, err := cli.Access(&c, []string{"order"}, logger, noop.NewMeterProvider())
		require.NoError(t, err)
		require.NoError(t, certificates.Ready())
		require.NoError(t, a.CheckListener("0.0.0.0:7080"))
		_, _, err = cli.Access(&c, []string{"payment"}, logger, noop.NewMeterProvider())
		require.ErrorContains(t, err, "payment.pem: no such file")
	})
}
