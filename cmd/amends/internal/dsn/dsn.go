// Package dsn finds the databases of services: the configured ones, otherwise
// those of an `amends dev` on the same machine.
package dsn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/database/provision"
	"github.com/amends/amends/worker"
)

// Fill sets every DSN of c that is empty to a database of `amends dev`: a
// SQLite file in the data folder, or, with a database_url, a database on that
// server, which is created with a role of its own unless it exists. Such databases
// belong to the folder's installation, unless c has one.
func Fill(ctx context.Context, c *config.Config) error {
	var onServer provisioner
	if c.DatabaseURL != "" {
		onServer = func(ctx context.Context, name, password string) (string, error) {
			dsn, err := provision.Database(ctx, string(c.DatabaseURL), name, password)
			switch {
			case fault.CodeOf(err) == provision.NotOurs:
				return "", fmt.Errorf("database_url: %s: %w: use the data_dir that made it, or another server", c.DatabaseURL, err)
			case err != nil:
				return "", fmt.Errorf("database_url: %s: %w", c.DatabaseURL, err)
			}
			return dsn, nil
		}
	}
	var names []string
	dsns := map[string]*secret.DSN{}
	for _, s := range c.Services {
		names, dsns[s.Name] = append(names, s.Name), &s.DSN
		if s.Outside != "" {
			names, dsns[s.Outside] = append(names, s.Outside), &s.OutsideDSN
		}
	}
	set, err := openDatabases(c.DataDir, names, onServer)
	if err != nil {
		return err
	}
	for _, name := range names {
		if *dsns[name] != "" {
			continue
		}
		dsn, err := set.dsn(ctx, name)
		if err != nil {
			return err
		}
		*dsns[name] = secret.DSN(dsn)
		if c.Installation == "" {
			if c.Installation, err = installation(c.DataDir); err != nil {
				return err
			}
		}
	}
	return nil
}

// UnsetError is the error of a service's database that no setting names.
type UnsetError struct {
	Service string
	Path    string // of the file that an `amends dev` would have
}

// Error implements [error].
func (e UnsetError) Error() string {
	return fmt.Sprintf("services.%s.dsn: must be set, or data_dir must be that of an `amends dev` that has run: there is no %s", e.Service, e.Path)
}

// Tool returns the options with which a command beside a running platform opens
// the databases of some services: the configured ones, or those of an `amends dev`. It
// creates nothing, neither a file, because a new database in a mistyped folder
// would look like success, nor passwords, because new ones would lock out the
// platform.
func Tool(std cli.Stdio, cmd *cobra.Command, services ...string) (worker.Options, error) {
	c, err := std.LoadTool(cmd, config.Needs{})
	if err != nil {
		return worker.Options{}, err
	}
	passwords := passwordFile(c.DataDir)
	if c.DatabaseURL != "" && missing(passwords) {
		return worker.Options{}, fmt.Errorf("data_dir: must be that of an `amends dev` that has run with database_url: there is no %s", passwords)
	}
	if err := errors.Join(Fill(cmd.Context(), c), cli.ReadServiceSecrets(c)); err != nil {
		return worker.Options{}, err
	}
	o := cli.WorkerOptions(c, services, nil)
	for _, service := range services {
		if path, isFile := strings.CutPrefix(o.Services[service].DSN, "sqlite:"); isFile && missing(path) {
			return worker.Options{}, UnsetError{service, path}
		}
	}
	return o, nil
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
