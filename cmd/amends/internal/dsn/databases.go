package dsn

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/amends/amends/internal/dev/folder"
)

// provisioner creates a database and a role on a server unless they exist, sets the
// role's password, and returns the role's DSN.
type provisioner func(ctx context.Context, name, password string) (dsn string, err error)

// databases are those of one data folder: SQLite files, or databases on a PostgreSQL
// server, each with a role and a password of its own.
type databases struct {
	dir       string
	provision provisioner
	passwords map[string]string // by name of the database
}

// openDatabases returns the databases that dir, a data folder, has for the names. With
// provision they are on a server, and a password is created for every name that
// has none: passwords are kept in passwordFile because a new one would lock out
// the processes that use the old one. A nil provision means SQLite files.
func openDatabases(dir string, names []string, provision provisioner) (*databases, error) {
	d := &databases{dir: dir, provision: provision, passwords: map[string]string{}}
	if provision == nil {
		return d, nil
	}
	return d, d.loadPasswords(names)
}

// dsn returns the DSN of a database. A file is created by its first user, a
// database on a server by dsn; a repeat changes nothing.
func (d *databases) dsn(ctx context.Context, name string) (string, error) {
	if d.provision == nil {
		return "sqlite:" + filepath.Join(d.dir, name+".db"), nil
	}
	return d.provision(ctx, name, d.passwords[name])
}

// passwordFile returns the file with the passwords of a data folder, which exists
// once its databases have been on a server.
func passwordFile(dir string) string { return filepath.Join(dir, "passwords.json") }

func (d *databases) loadPasswords(names []string) error {
	path := passwordFile(d.dir)
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("passwords: %w", err)
	default:
		if err := json.Unmarshal(content, &d.passwords); err != nil {
			return fmt.Errorf("passwords in %s: %w", path, err)
		}
	}
	added := false
	for _, name := range names {
		if d.passwords[name] == "" {
			d.passwords[name], added = rand.Text(), true
		}
	}
	if !added {
		return nil
	}
	if content, err = json.MarshalIndent(d.passwords, "", "  "); err == nil {
		err = folder.Replace(path, content)
	}
	if err != nil {
		return fmt.Errorf("passwords: %w", err)
	}
	return nil
}
