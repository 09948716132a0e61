package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/service"
	"github.com/amends/amends/internal/config/setting"
)

func TestUnreadSettingsAreNamed(t *testing.T) {
	t.Parallel()
	sections := []service.Section{{Name: "order"}, {Name: "payment", Outside: "provider"}}
	file := filepath.Join(t.TempDir(), "amends.yaml")
	require.NoError(t, os.WriteFile(file, []byte("saga: {style: choreographed, park_after: 1m}\nbroker: {listen: 127.0.0.1:1}\n"), 0o600))
	s := setting.Source{File: file, Environ: []string{
		"AMENDS_HTTP_ADDR=127.0.0.1:1", "AMENDS_SERVICES_ORDER_DSN=sqlite:o", "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN=sqlite:hunter2", "AMENDS_SERVICES_PAYMENT_QUEUE=p",
	}}
	for name, c := range map[string]struct {
		process           config.Process
		services          []string
		variables, inFile []string
	}{
		"API": {
			config.ProcessAPI, nil,
			[]string{"AMENDS_SERVICES_ORDER_DSN", "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN"},
			[]string{"broker.listen", "saga.park_after"},
		},
		"WorkerOfOrder": {
			config.ProcessWorker,
			[]string{"order"},
			[]string{"AMENDS_HTTP_ADDR", "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN"},
			[]string{"broker.listen", "saga.style"},
		},
		"WorkerOfAll": {config.ProcessWorker, []string{"order", "payment"}, []string{"AMENDS_HTTP_ADDR"}, []string{"broker.listen", "saga.style"}},
		"Dev":         {config.ProcessDev, nil, nil, []string{"broker.listen"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables, inFile := config.Unread(s, c.process, c.services, sections...)
			require.ElementsMatch(t, c.variables, variables)
			require.ElementsMatch(t, c.inFile, inFile)
		})
	}
}

// A new setting has readers, so that those who set it where it has no effect are told.
func TestEverySettingHasReaders(t *testing.T) {
	t.Parallel()
	c := config.Default(service.Section{Name: "order", Outside: "x", Secret: true})
	known := map[string]bool{
		"api": true, "worker": true, "migrate": true, "dev": true, "broker": true, "tool": true, service.Reader("order"): true,
	}
	for _, k := range setting.Keys(&c) {
		require.NotEmpty(t, k.Readers(), k.Name())
		for _, r := range k.Readers() {
			require.True(t, known[r], "%s is read by %q", k.Name(), r)
		}
	}
}
