// Package databases chooses the databases of `amends dev`: SQLite files in its
// data folder, or databases on a PostgreSQL server, each with a role and a
// password of its own.
package databases

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

// Provision creates a database and a role on a server unless they exist, sets the
// role's password, and returns the role's DSN.
type Provision func(ctx context.Context, name, password string) (dsn string, err error)

// Set is the databases of one data folder.
type Set struct {
	dir       string
	provision Provision
	passwords map[string]string // by name of the database
}

// Open returns the databases that dir, a data folder, has for the names. With
// provision they are on a server, and a password is created for every name that
// has none: passwords are kept in [PasswordFile] because a new one would lock out
// the processes that use the old one. A nil provision means SQLite files.
func Open(dir string, names []string, provision Provision) (*Set, error) {
	s := &Set{dir: dir, provision: provision, passwords: map[string]string{}}
	if provision == nil {
		return s, nil
	}
	return s, s.loadPasswords(names)
}

// DSN returns the DSN of a database. A file is created by its first user, a
// database on a server by DSN; a repeat changes nothing.
func (s *Set) DSN(ctx context.Context, name string) (string, error) {
	if s.provision == nil {
		return "sqlite:" + filepath.Join(s.dir, name+".db"), nil
	}
	return s.provision(ctx, name, s.passwords[name])
}

// PasswordFile returns the file with the passwords of a data folder, which exists
// once its databases have been on a server.
func PasswordFile(dir string) string { return filepath.Join(dir, "passwords.json") }

func (s *Set) loadPasswords(names []string) error {
	path := PasswordFile(s.dir)
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("passwords: %w", err)
	default:
		if err := json.Unmarshal(content, &s.passwords); err != nil {
			return fmt.Errorf("passwords in %s: %w", path, err)
		}
	}
	added := false
	for _, name := range names {
		if s.passwords[name] == "" {
			s.passwords[name], added = rand.Text(), true
		}
	}
	if !added {
		return nil
	}
	if content, err = json.MarshalIndent(s.passwords, "", "  "); err == nil {
		err = folder.Replace(path, content)
	}
	if err != nil {
		return fmt.Errorf("passwords: %w", err)
	}
	return nil
}
