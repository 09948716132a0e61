package temporalserver

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Version is the version of the server that amends is tested with; scripts/lib.sh
// pins it too.
const Version = "v1.32.1"

// module is the main module of the binaries.
const module = "go.temporal.io/server"

// Binaries are the paths of the server and of the tool that creates its schema.
type Binaries struct{ Server, SQLTool string }

// ErrNotBuilt reports that a binary does not exist.
var ErrNotBuilt = errors.New("the Temporal server is not built: `scripts/temporal-server.sh` builds it")

// Find returns the binaries in a folder. Its error is [ErrNotBuilt] if one is
// missing. They must be of [Version]: another version may migrate the schema so
// that this one can no longer open it.
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
