// Package broker has the command `amends broker`.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/internal/bus"
	"github.com/amends/amends/internal/config"
	settings "github.com/amends/amends/internal/config/broker"
	"github.com/amends/amends/internal/dev/broker"
	"github.com/amends/amends/internal/process"
)

// Command returns `amends broker`.
func Command(std cli.Stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "broker",
		Short: "Run the broker of events, a NATS server with JetStream",
		Long: "Run the broker of events, a NATS server with JetStream, in the foreground. Its events are in the folder\n" +
			"broker below --data-dir. Without users only processes of this machine may connect; docs/broker.md has\n" +
			"the format of --broker-users and the setup of TLS.",
		Args: cobra.NoArgs,
	}
	std.Runs(cmd, cli.Process{
		Needs: cli.Needing(config.Needs{}),
		Check: func(c *config.Config, _ []string) error {
			_, err := options(c)
			return err
		},
		Run: func(ctx context.Context, c *config.Config, _ []string) error {
			return run(ctx, std, c, std.Unread(cmd, config.ProcessBroker))
		},
	})
	config.AddFlags(cmd.Flags(), "data_dir", "broker.listen", "broker.durable", "broker.users", "broker.tls_cert", "broker.tls_key", "broker.tls_ca")
	return cmd
}

// run runs the broker until ctx ends.
func run(ctx context.Context, std cli.Stdio, c *config.Config, unread cli.Unread) (err error) {
	o, err := options(c)
	if err != nil {
		return err
	}
	ctx, parts := process.New(ctx)
	defer func() { err = errors.Join(err, parts.Stop()) }()
	if o.Logger, _, err = std.Observe(ctx, parts, c, "info"); err != nil {
		return err
	}
	unread.Log(o.Logger)
	s, err := broker.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if _, err := fmt.Fprintf(std.Out, "The broker is ready: %s\nIts events are in %s. Ctrl-C stops it.\n", s.URL(), o.Dir); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func options(c *config.Config) (broker.Options, error) {
	o := broker.Options{Dir: filepath.Join(c.DataDir, "broker"), Durable: c.Broker.Durable}
	host, port, err := net.SplitHostPort(c.Broker.Listen)
	if err == nil {
		o.Port, err = strconv.Atoi(port)
	}
	if err != nil {
		return o, fmt.Errorf("broker.listen: %w", err)
	}
	o.Host = host
	if host == "" {
		o.Host = "0.0.0.0"
	}
	if c.Broker.Users != "" {
		if o.Users, err = broker.ReadUsers(c.Broker.Users); err != nil {
			return o, err
		}
	}
	if c.Broker.TLSCert != "" {
		o.TLS, err = server(c.Broker)
	} else if c.Broker.TLSCA != "" {
		err = errors.New("broker.tls_ca: must be set together with broker.tls_cert")
	}
	return o, err
}

// server returns the broker's side of TLS.
func server(b settings.Section) (*tls.Config, error) {
	pair := bus.Certificate(b.TLSCert, b.TLSKey)
	if _, err := pair(); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	c := &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair() },
	}
	if b.TLSCA != "" {
		var err error
		if c.ClientCAs, err = bus.Authorities(b.TLSCA); err != nil {
			return nil, fmt.Errorf("broker: %w", err)
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}
