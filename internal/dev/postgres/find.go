package postgres

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// ErrNotInstalled reports that the machine has no PostgreSQL.
var ErrNotInstalled = errors.New("PostgreSQL is not installed")

// Find returns the folder of the server's binaries: those on PATH, otherwise the
// newest version in the usual folders of the system. Without any, the error is
// [ErrNotInstalled].
func Find() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	var found []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"} {
		dirs, err := filepath.Glob(pattern + "/initdb")
		if err != nil {
			return "", err
		}
		found = append(found, dirs...)
	}
	if len(found) == 0 {
		return "", ErrNotInstalled
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// version returns the major version in a path such as /usr/lib/postgresql/15/bin/initdb.
func version(path string) int {
	n, err := strconv.Atoi(strings.Trim(path, "abcdefghijklmnopqrstuvwxyz/-@"))
	if err != nil {
		return 0
	}
	return n
}

// own gives dir to the user that runs the server, and returns the attributes of a
// process of that user: the server refuses to run as root.
func own(dir string) (*syscall.SysProcAttr, error) {
	as, err := ordinary()
	if c := as.Credential; c != nil && err == nil {
		err = os.Chown(dir, int(c.Uid), int(c.Gid))
	}
	return as, err
}

// ordinary returns the attributes of a process of the user that runs the server:
// the current user, or, for root, postgres or nobody. The process has a group of
// its own, so that Ctrl-C in a terminal does not reach it.
func ordinary() (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return as, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return as, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return as, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return as, err
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, nil
}

// Reachable reports whether the user that runs the server can enter dir. For root
// that is another user, who cannot enter root's own folders.
func Reachable(ctx context.Context, dir string) bool {
	as, err := ordinary()
	if err != nil {
		return false
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return false
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `[ -d "$1" ] && [ -x "$1" ]`, "sh", dir) //nolint:gosec // dir is an argument of the script, not a part
	cmd.Dir, cmd.SysProcAttr = "/", as
	return cmd.Run() == nil
}
