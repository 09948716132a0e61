package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/internal/dev/temporalserver"
	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/internal/orders"
)

// realEngine is the Temporal server on a PostgreSQL of its own, as
// docker-compose.temporal.yml runs them.
type realEngine struct {
	dir, binaries, namespace string
	port, postgresPort       int
	durable                  bool

	postgres *postgres.Server
	ended    chan error // how postgres did
	server   *temporalserver.Server
	stops    []func() error
}

// temporalPostgresCommand is hidden: it needs binaries that only `make
// temporal-postgres` builds.
func temporalPostgresCommand(std stdio) *cobra.Command {
	e := &realEngine{}
	cmd := &cobra.Command{
		Use:   "temporal-postgres",
		Short: "Run the Temporal server on a PostgreSQL of its own, without containers",
		Long: "Run the Temporal server on a PostgreSQL of its own, configured as docker-compose.temporal.yml does, on\n" +
			"127.0.0.1 and in the foreground. `make temporal-postgres` builds what it needs. A second start goes on\n" +
			"with what the first stored; two run side by side on folders and ports of their own.",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := std.load(cmd, config.Needs{})
			if err != nil {
				return err
			}
			return std.temporalPostgres(cmd.Context(), c, e)
		},
	}
	cmd.Flags().StringVar(&e.dir, "data-dir", "", "folder of the state (.amends-temporal; for root one below /var/lib, if user postgres cannot reach that)")
	cmd.Flags().IntVar(&e.port, "port", 7233, "port of the engine; 0 is that of the last start, or any free one")
	cmd.Flags().IntVar(&e.postgresPort, "postgres-port", 0, "port of its PostgreSQL; 0 is any free one")
	cmd.Flags().StringVar(&e.namespace, "namespace", "default", "namespace to make")
	cmd.Flags().StringVar(&e.binaries, "binaries", "", "folder of temporal-server and temporal-sql-tool (that of amends)")
	cmd.Flags().BoolVar(&e.durable, "durable", false, "make commits safe against power loss, and slower; otherwise against any process dying")
	return cmd
}

// temporalPostgres runs the engine until ctx ends or a part of it fails.
func (std stdio) temporalPostgres(ctx context.Context, c *config.Config, e *realEngine) (err error) {
	began := time.Now()
	log, metrics, err := std.observe(c, "warn")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, metrics.Close(context.WithoutCancel(ctx))) }()
	defer func() {
		for _, stop := range slices.Backward(e.stops) {
			err = errors.Join(err, stop())
		}
	}()
	if err := e.start(ctx, temporalserver.Options{Logger: log}); err != nil {
		if ctx.Err() != nil {
			return nil // stopped while it started
		}
		return err
	}
	fmt.Fprintf(std.out, `Temporal %s on PostgreSQL is ready (%.1f s)

  Engine    %s, namespace %s
  Database  postgres://%s@127.0.0.1:%d/temporal, its password is in %s

The platform on it, in another terminal:

  bin/amends dev --temporal-address %s --data-dir .amends-postgres

Ctrl-C stops everything. What was stored stays in %s.
`, temporalserver.Version, time.Since(began).Seconds(), e.server.Address, e.namespace,
		postgres.Superuser, e.postgres.Port, e.passwordFile(), e.server.Address, e.dir)
	select {
	case <-ctx.Done():
		return nil
	case <-e.server.Done():
		return e.server.Err()
	case err := <-e.ended:
		return fmt.Errorf("the engine's PostgreSQL ended: %w", errors.Join(err, errors.New("see "+filepath.Join(e.dir, "postgres", "postgres.log"))))
	}
}

// start starts everything; what has started is stopped by e.stops, the last first.
func (e *realEngine) start(ctx context.Context, o temporalserver.Options) (err error) {
	if o.Binaries, err = e.findBinaries(); err != nil {
		return err
	}
	bin, err := postgres.Find()
	if err != nil {
		return err
	}
	if e.port != 0 { // before anything else has started
		l, err := listen(ctx, "port", net.JoinHostPort("127.0.0.1", strconv.Itoa(e.port)))
		if err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	password, err := e.prepareFolder(ctx)
	if err != nil {
		return err
	}
	safety := postgres.Death
	if e.durable {
		safety = postgres.PowerLoss
	}
	e.postgres, err = postgres.Start(ctx, postgres.Options{
		Bin: bin, Dir: filepath.Join(e.dir, "postgres"), Port: e.postgresPort, Password: password, Safety: safety,
	})
	if err != nil {
		return err
	}
	e.stops = append(e.stops, e.postgres.Stop)
	e.ended = make(chan error, 1)
	go func() { e.ended <- e.postgres.Wait() }()

	o.Dir, o.Port = e.dir, e.port
	o.Database = temporalserver.Database{Port: e.postgres.Port, User: postgres.Superuser, Password: password}
	if e.server, err = temporalserver.Start(ctx, o); err != nil {
		return err
	}
	e.stops = append(e.stops, e.server.Stop)
	client, err := engine.Dial(engine.Options{Address: e.server.Address, Namespace: e.namespace, Isolated: true, Logger: o.Logger})
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Register(ctx, orders.Attributes, nil)
}

func (e *realEngine) findBinaries() (temporalserver.Binaries, error) {
	if e.binaries == "" {
		self, err := os.Executable()
		if err != nil {
			return temporalserver.Binaries{}, err
		}
		e.binaries = filepath.Dir(self)
	}
	return temporalserver.Find(e.binaries)
}

// prepareFolder makes the folder ours alone, and returns the database's password.
func (e *realEngine) prepareFolder(ctx context.Context) (string, error) {
	if err := e.chooseFolder(ctx); err != nil {
		return "", err
	}
	// Others may pass through to what is theirs: PostgreSQL's user, if we are root.
	if err := os.MkdirAll(e.dir, 0o711); err != nil { //nolint:gosec // see above
		return "", fmt.Errorf("data_dir: %w", err)
	}
	if !postgres.Reachable(ctx, e.dir) {
		return "", fmt.Errorf("data_dir: the user that runs PostgreSQL cannot reach %s; choose another with --data-dir", e.dir)
	}
	lock, err := temporal.Lock(e.dir)
	if err != nil {
		return "", err
	}
	e.stops = append(e.stops, lock.Close)
	if err := os.MkdirAll(filepath.Join(e.dir, "postgres"), 0o700); err != nil {
		return "", fmt.Errorf("data_dir: %w", err)
	}
	content, err := os.ReadFile(e.passwordFile())
	if errors.Is(err, fs.ErrNotExist) {
		content = []byte(rand.Text())
		err = replaceFile(e.passwordFile(), content)
	}
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

func (e *realEngine) passwordFile() string { return filepath.Join(e.dir, "password") }

// chooseFolder sets the folder if none was given: beside the sources, unless we
// are root and PostgreSQL's own user cannot get there, as below /root.
func (e *realEngine) chooseFolder(ctx context.Context) error {
	if e.dir != "" {
		return nil
	}
	here, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	e.dir = ".amends-temporal"
	if !postgres.Reachable(ctx, here) {
		e.dir = fmt.Sprintf("/var/lib/amends/temporal-%x", sha256.Sum256([]byte(here)))[:len("/var/lib/amends/temporal-")+8]
	}
	return nil
}
