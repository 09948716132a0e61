package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/amends/amends/internal/config"
)

// Version returns the version of the program, "unknown" without build information.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// Build returns the name under which the workers of this process are known to the engine:
// the configured one, else the version, else a digest of the program's file, because
// several builds of a tree with changes have one version.
func Build(c *config.Config) string {
	if c.Worker.Build != "" {
		return c.Worker.Build
	}
	if v := Version(); strings.HasPrefix(v, "v") && !strings.HasSuffix(v, "+dirty") {
		return v
	}
	return digest()
}

// digest returns the beginning of the hash of the program's file, once; the version if the
// file cannot be read, which has been replaced by another build then.
var digest = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return Version()
	}
	file, err := os.Open(path)
	if err != nil {
		return Version()
	}
	defer func() { _ = file.Close() }() // it was read only
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return Version()
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
})
