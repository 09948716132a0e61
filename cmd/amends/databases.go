package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/database"
)

// devDatabases sets the DSN of every service that has none: a SQLite file in the
// data folder, or, with a database_url, a database and a role of its own on that
// server, which are made if they are not there.
func devDatabases(ctx context.Context, c *config.Config) error {
	var passwords map[string]string
	if c.DatabaseURL != "" {
		var err error
		if passwords, err = loadPasswords(c); err != nil {
			return err
		}
	}
	locate := func(name string) (string, error) {
		if c.DatabaseURL == "" {
			return "sqlite:" + filepath.Join(c.DataDir, name+".db"), nil
		}
		dsn, err := database.Provision(ctx, string(c.DatabaseURL), name, passwords[name])
		if err != nil {
			return "", fmt.Errorf("database_url: %s: %w", c.DatabaseURL, err)
		}
		return dsn, nil
	}
	set := func(dsn *secret.DSN, name string) error {
		if *dsn != "" {
			return nil
		}
		made, err := locate(name)
		*dsn = secret.DSN(made)
		return err
	}
	for _, s := range c.Services {
		if err := set(&s.DSN, s.Name); err != nil {
			return err
		}
		if s.Outside == "" {
			continue
		}
		if err := set(&s.OutsideDSN, s.Outside); err != nil {
			return err
		}
	}
	return nil
}

// existingDatabases is devDatabases for a tool beside `amends dev`: it makes no
// file, because a new database in a mistyped folder would only look like success.
// Nor does it make passwords: on a server with roles that would lock out who has
// the right ones.
func existingDatabases(ctx context.Context, c *config.Config, name string) error {
	if _, err := os.Stat(passwordFile(c)); c.DatabaseURL != "" && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("data_dir: must be that of an `amends dev` that has run with database_url: there is no %s", passwordFile(c))
	}
	if err := devDatabases(ctx, c); err != nil {
		return err
	}
	for _, s := range c.Services {
		path, isFile := strings.CutPrefix(string(s.DSN), "sqlite:")
		if _, err := os.Stat(path); s.Name == name && isFile && errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("services.%s.dsn: must be set, or data_dir must be that of an `amends dev` that has run: there is no %s", name, path)
		}
	}
	return nil
}

func passwordFile(c *config.Config) string { return filepath.Join(c.DataDir, "passwords.json") }

// loadPasswords returns the passwords of the roles that we make, by name. They
// are made once and kept in the data folder, for our eyes only.
func loadPasswords(c *config.Config) (map[string]string, error) {
	path := passwordFile(c)
	passwords := map[string]string{}
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("passwords: %w", err)
	default:
		if err := json.Unmarshal(content, &passwords); err != nil {
			return nil, fmt.Errorf("passwords in %s: %w", path, err)
		}
	}
	added := false
	for _, s := range c.Services {
		for _, name := range []string{s.Name, s.Outside} {
			if name != "" && passwords[name] == "" {
				passwords[name], added = rand.Text(), true
			}
		}
	}
	if !added {
		return passwords, nil
	}
	if content, err = json.MarshalIndent(passwords, "", "  "); err != nil {
		return nil, fmt.Errorf("passwords: %w", err)
	}
	if err := replaceFile(path, content); err != nil {
		return nil, fmt.Errorf("passwords: %w", err)
	}
	return passwords, nil
}

// replaceFile writes a file that only we may read, whole or not at all.
func replaceFile(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
