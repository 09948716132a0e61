package cli

import (
	"context"
	"log/slog"

	"github.com/amends/amends/event"
	"github.com/amends/amends/internal/bus"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/process"
)

// StartBus starts the connection to the broker at url as a part of the process. The
// broker need not be reachable yet.
func StartBus(ctx context.Context, parts *process.Parts, url string, c *config.Config, name string, log *slog.Logger) (event.Bus, error) {
	b := c.Broker
	opened, err := bus.Open(url, bus.Options{
		Name: name, User: b.User, Password: string(b.Password), SeedFile: b.SeedFile, CredentialsFile: b.CredentialsFile,
		TLSCert: b.TLSCert, TLSKey: b.TLSKey, TLSCA: b.TLSCA, TakeoverAfter: b.TakeoverAfter, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	parts.Start(ctx, process.Closer("broker's client", func() error { opened.Close(); return nil }))
	return opened, nil
}
