package temporalserver

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Version is the server's that amends is tested with; scripts/lib.sh builds it.
const Version = "v1.32.1"

// module is what the binaries are built from.
const module = "go.temporal.io/server"

// Binaries are what the server needs of itself.
type Binaries struct{ Server, SQLTool string }

// ErrNotBuilt says that the binaries are not there.
var ErrNotBuilt = errors.New("the Temporal server is not there: `scripts/temporal-server.sh` builds it")

// Find returns the binaries in a folder, which must be of [Version]: another one
// may bring the schema where this one cannot follow. Its error is [ErrNotBuilt] if
// one is missing.
func Find(dir string) (Binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, fmt.Errorf("engine's binaries: %w", err)
	}
	b := Binaries{Server: filepath.Join(dir, "temporal-server"), SQLTool: filepath.Join(dir, "temporal-sql-tool")}
	for _, path := range []string{b.Server, b.SQLTool} {
		info, err := buildinfo.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return b, fmt.Errorf("%w (no %s)", ErrNotBuilt, path)
		}
		if err != nil {
			return b, fmt.Errorf("engine's version: %w", err)
		}
		if info.Main.Path != module || info.Main.Version != Version {
			return b, fmt.Errorf("%s is %s %s, not %s %s: `scripts/temporal-server.sh` builds it", path, info.Main.Path, info.Main.Version, module, Version)
		}
	}
	return b, nil
}
