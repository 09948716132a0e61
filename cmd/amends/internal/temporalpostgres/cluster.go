package temporalpostgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/amends/amends/internal/dev/folder"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/postgres"
	"github.com/amends/amends/internal/dev/temporalserver"
)

// options configures a cluster.
type options struct {
	// Dir keeps the state and is created if needed. Empty is .amends-temporal, or,
	// if PostgreSQL's user cannot enter the working folder, a folder below /var/lib.
	Dir string
	// Binaries is the folder of temporal-server and temporal-sql-tool. Empty is that
	// of this executable.
	Binaries string
	// Port is the engine's port; 0 is the port of the last start on Dir, or any free
	// one.
	Port int
	// PostgresPort is the port of PostgreSQL; 0 is any free one.
	PostgresPort int
	// Durable makes commits survive a power cut, and slower; otherwise they survive
	// the death of any process.
	Durable bool
	// Logger gets warnings about the servers; nil discards.
	Logger *slog.Logger
}

// cluster is a running Temporal server with its PostgreSQL, like
// docker-compose.temporal.yml has them, but without containers: child processes on
// 127.0.0.1 with all state in one folder.
type cluster struct {
	// Dir is the folder of the state, PasswordFile the file in it that holds the
	// password of PostgreSQL's superuser.
	Dir, PasswordFile string
	// Address is host:port of the engine.
	Address string
	// PostgresPort is the port of PostgreSQL on 127.0.0.1.
	PostgresPort int

	server *temporalserver.Server
	ended  chan error // receives how PostgreSQL ended
	stops  []func() error
}

// startCluster starts PostgreSQL and the Temporal server, and returns when the server
// answers. The server has only its own namespace. A port in use is a
// [loopback.PortError], returned before anything starts. ctx bounds the start only;
// the caller stops the cluster. A second start on one folder continues with its state.
func startCluster(ctx context.Context, o options) (*cluster, error) {
	c := &cluster{ended: make(chan error, 1)}
	if err := c.start(ctx, o); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *cluster) start(ctx context.Context, o options) error {
	binaries, err := findBinaries(o.Binaries)
	if err != nil {
		return err
	}
	bin, err := postgres.Find()
	if err != nil {
		return err
	}
	if o.Port != 0 {
		if _, err := loopback.Choose(ctx, "port", o.Port); err != nil {
			return err
		}
	}
	password, err := c.prepareFolder(ctx, o.Dir)
	if err != nil {
		return err
	}
	safety := postgres.Death
	if o.Durable {
		safety = postgres.PowerLoss
	}
	database, err := postgres.Start(ctx, postgres.Options{
		Bin: bin, Dir: filepath.Join(c.Dir, "postgres"), Port: o.PostgresPort, Password: password, Safety: safety,
	})
	if err != nil {
		return err
	}
	c.stops = append(c.stops, database.Stop)
	c.PostgresPort = database.Port
	go func() { c.ended <- database.Wait() }()

	c.server, err = temporalserver.Start(ctx, temporalserver.Options{
		Binaries: binaries, Dir: c.Dir, Port: o.Port, Logger: o.Logger,
		Database: temporalserver.Database{Port: database.Port, User: postgres.Superuser, Password: password},
	})
	if err != nil {
		return err
	}
	c.stops = append(c.stops, c.server.Stop)
	c.Address = c.server.Address
	return nil
}

// wait returns nil when ctx ends, otherwise the reason why one of the two servers
// ended.
func (c *cluster) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-c.server.Done():
		return c.server.Err()
	case err := <-c.ended:
		return fmt.Errorf("the engine's PostgreSQL ended: %w", errors.Join(err, errors.New("see "+filepath.Join(c.Dir, "postgres", "postgres.log"))))
	}
}

// stop stops both servers and releases the folder. A repeat does nothing.
func (c *cluster) stop() error {
	var all error
	for _, stop := range slices.Backward(c.stops) {
		all = errors.Join(all, stop())
	}
	c.stops = nil
	return all
}

func findBinaries(dir string) (temporalserver.Binaries, error) {
	if dir == "" {
		self, err := os.Executable()
		if err != nil {
			return temporalserver.Binaries{}, err
		}
		dir = filepath.Dir(self)
	}
	return temporalserver.Find(dir)
}

// prepareFolder creates and locks the folder, and returns the database's password.
func (c *cluster) prepareFolder(ctx context.Context, dir string) (password string, err error) {
	if c.Dir, err = chooseFolder(ctx, dir); err != nil {
		return "", err
	}
	// Other users may pass through to subfolders: when root starts the cluster,
	// PostgreSQL's user must get to its own.
	if err := os.MkdirAll(c.Dir, 0o711); err != nil { //nolint:gosec // see above
		return "", fmt.Errorf("data_dir: %w", err)
	}
	if !postgres.Reachable(ctx, c.Dir) {
		return "", fmt.Errorf("data_dir: the user that runs PostgreSQL cannot reach %s; choose another with --data-dir", c.Dir)
	}
	lock, err := folder.Lock(c.Dir)
	if err != nil {
		return "", err
	}
	c.stops = append(c.stops, lock.Close)
	if err := os.MkdirAll(filepath.Join(c.Dir, "postgres"), 0o700); err != nil {
		return "", fmt.Errorf("data_dir: %w", err)
	}
	c.PasswordFile = filepath.Join(c.Dir, "password")
	content, err := os.ReadFile(c.PasswordFile)
	if errors.Is(err, fs.ErrNotExist) {
		content = []byte(rand.Text())
		err = folder.Replace(c.PasswordFile, content)
	}
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}
