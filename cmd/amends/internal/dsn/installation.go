package dsn

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/amends/amends/internal/config"
	"github.com/amends/amends/internal/dev/folder"
)

// KeepInstallation sets the installation of c, unless it has one, to that of its
// data folder, and gives the folder one first if it has none. The caller has locked
// the folder.
func KeepInstallation(c *config.Config) (err error) {
	if c.Installation != "" {
		return nil
	}
	if c.Installation, err = installation(c.DataDir); err != nil || c.Installation != "" {
		return err
	}
	c.Installation = "dev-" + strings.ToLower(rand.Text()[:12])
	if err := folder.Replace(installationFile(c.DataDir), []byte(c.Installation+"\n")); err != nil {
		return fmt.Errorf("installation: %w", err)
	}
	return nil
}

// installationFile returns the file with the installation of a data folder.
func installationFile(dir string) string { return filepath.Join(dir, "installation") }

// installation returns the installation of a data folder, "" if it has none yet.
func installation(dir string) (string, error) {
	path := installationFile(dir)
	content, err := os.ReadFile(path)
	switch name := strings.TrimSpace(string(content)); {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("installation: %w", err)
	case name == "":
		return "", fmt.Errorf("installation: %s is empty", path)
	default:
		return name, nil
	}
}
