package dbtest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

var errNoPostgres = errors.New("no PostgreSQL: set TEST_DATABASE_URL or install it")

// cluster is a server of our own.
type cluster struct {
	dsn string // the superuser's
	// alive is the other end of the script's input. It is kept open and never
	// written: that it closes tells the script that this process is gone.
	alive *os.File
}

// private is the one server of this process, started by the first test that
// needs it.
var private = sync.OnceValues(start)

// server returns the superuser's DSN of the test server.
func server(tb testing.TB) string {
	tb.Helper()
	if dsn := os.Getenv("TEST_DATABASE_URL"); dsn != "" {
		return dsn
	}
	own, err := private()
	switch {
	case err == nil:
		return own.dsn
	case errors.Is(err, errNoPostgres) && !required():
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
	return ""
}

// required says whether a missing PostgreSQL is a failure.
func required() bool {
	return os.Getenv("CI") == "true" || os.Getenv("AMENDS_REQUIRE_POSTGRES") == "1"
}

// script runs a server in the folder $1 on port $2 until its input ends, which is
// when this process ends, however it does: then nothing of the server is left.
const script = `
set -eu
{
	initdb -D "$1/data" -U postgres -A trust -E UTF8 --no-locale --no-sync --no-instructions
	cat >>"$1/data/postgresql.conf" <<-END
		listen_addresses = '127.0.0.1'
		unix_socket_directories = '$1'
		port = $2
		max_connections = 200
		shared_buffers = 32MB
		fsync = off
		synchronous_commit = off
		full_page_writes = off
		autovacuum = off
		wal_level = minimal
		max_wal_senders = 0
	END
	pg_ctl -D "$1/data" -l "$1/server.log" -w -t 60 start
} >"$1/start.log" 2>&1 || { cat "$1/start.log" "$1/server.log" || :; rm -rf "$1"; exit 1; }
echo ready
read -r _ || :
pg_ctl -D "$1/data" -m immediate -w stop || :
rm -rf "$1"
`

// start starts a private server. No goroutine waits for it, so that a test can
// look for leaked ones.
func start() (*cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "amends-pg-")
	if err != nil {
		return nil, err
	}
	attr, err := owner(dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	port, err := freePort()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	input, alive, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = input.Close() }()
	output, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()
	cmd := exec.Command("/bin/sh", "-c", script, "sh", dir, port) //nolint:noctx // it lives as long as this process
	cmd.Dir, cmd.SysProcAttr = dir, attr
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.Stdin, cmd.Stdout = input, w
	err = cmd.Start()
	_ = w.Close() // the script has it
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	answer, err := bufio.NewReader(output).ReadString('\n')
	if answer != "ready\n" {
		rest, _ := io.ReadAll(output)
		return nil, fmt.Errorf("start postgres: %s%s: %w", answer, rest, errors.Join(err, cmd.Wait()))
	}
	dsn := "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
	return &cluster{dsn: dsn, alive: alive}, nil
}

// binaries returns the folder of the newest server that is installed.
func binaries() (string, error) {
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
		return "", errNoPostgres
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// version returns the number in a path such as /usr/lib/postgresql/15/bin/initdb.
func version(path string) int {
	n, err := strconv.Atoi(strings.Trim(path, "abcdefghijklmnopqrstuvwxyz/-@"))
	if err != nil {
		return 0
	}
	return n
}

// owner gives dir to the user that runs the server, and returns how to become
// it: the server refuses to be root, so root runs it as an ordinary user. The
// process group is its own, so that a terminal's Ctrl-C ends it in order.
func owner(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}

// freePort returns a port of 127.0.0.1 that was free a moment ago.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it returns at once
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
