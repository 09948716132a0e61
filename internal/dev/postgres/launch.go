package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/amends/amends/internal/dev/loopback"
)

// script runs the server $3… with its log in folder $1, and prints the server's
// process id. It ends the server with the signal that it reads from its input, or
// with QUIT, which waits for no client, when the input ends because the parent has.
// Then it prints the last FATAL line of the log, and removes $1 if $2 is not empty.
const script = `
dir=$1 remove=$2
shift 2
exec 3<&0 </dev/null
"$@" >"$dir/postgres.log" 2>&1 3<&- &
server=$!
echo "$server"
{
	read -r signal <&3 || signal=QUIT
	kill -s "$signal" "$server"
} >/dev/null 2>&1 &
watch=$!
wait "$server"
status=$?
kill "$watch" 2>/dev/null
words=$(grep -a "FATAL: " "$dir/postgres.log" | tail -n 1)
[ -z "$remove" ] || rm -rf "$dir"
echo " ${words##*FATAL:  }"
exit "$status"
`

// launch starts the shell with the server, and returns when the server's process
// exists.
func (s *Server) launch(as *syscall.SysProcAttr) error {
	input, alive, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = input.Close() }()
	ends, output, err := os.Pipe()
	if err != nil {
		return errors.Join(err, alive.Close())
	}
	defer func() { _ = output.Close() }()
	remove := ""
	if s.o.Remove {
		remove = "yes"
	}
	args := append([]string{"-c", script, "sh", s.o.Dir, remove}, s.o.command(s.Port)...)
	cmd := exec.Command("/bin/sh", args...) //nolint:gosec,noctx // our own script on the binaries of Find; it lives as long as this process
	cmd.Dir, cmd.SysProcAttr, cmd.Env = s.o.Dir, as, s.o.environ()
	cmd.Stdin, cmd.Stdout = input, output
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start postgres: %w", err), alive.Close(), ends.Close())
	}
	s.shell, s.alive, s.ends, s.wait = cmd, alive, ends, shellWait(cmd, ends)
	_ = output.Close() // the shell has it
	line, err := bufio.NewReaderSize(ends, 16).ReadString('\n')
	if err == nil {
		s.Pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("start postgres: %w", err), alive.Close(), s.Wait())
	}
	return nil
}

// command returns the server's command line. The server has no Unix socket because
// the folder's path may exceed the limit for one.
func (o Options) command(port int) []string {
	command := []string{filepath.Join(o.Bin, "postgres"), "-D", o.data()}
	for _, setting := range append(o.settings(),
		"listen_addresses="+loopback.Host, "port="+strconv.Itoa(port), "unix_socket_directories=", "max_connections=200",
	) {
		command = append(command, "-c", setting)
	}
	return command
}

// settings returns the settings that give up safety for speed.
func (o Options) settings() []string {
	switch o.Safety {
	case Nothing:
		return []string{
			"fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off",
			"wal_level=minimal", "max_wal_senders=0", "shared_buffers=32MB",
		}
	case Death:
		// The kernel keeps the writes of a killed process. A page may be half written,
		// so full_page_writes stays on.
		return []string{"fsync=off"}
	case PowerLoss:
		return nil
	default:
		return nil
	}
}

func (o Options) environ() []string {
	return []string{"PATH=" + o.Bin + ":/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
}

// makeData creates the data folder unless it exists, whole or not at all.
func (o Options) makeData(ctx context.Context, as *syscall.SysProcAttr) error {
	if _, err := os.Stat(filepath.Join(o.data(), "PG_VERSION")); err == nil {
		return nil
	}
	half := o.data() + ".half" // left by a start that was killed
	if err := os.RemoveAll(half); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	args := []string{"-D", half, "-U", Superuser, "-E", "UTF8", "--no-locale", "--no-instructions"}
	if o.Safety != PowerLoss {
		args = append(args, "--no-sync")
	}
	if o.Password == "" {
		args = append(args, "-A", "trust")
	} else {
		file, err := o.passwordFile(as)
		if err != nil {
			return fmt.Errorf("postgres: %w", err)
		}
		defer os.Remove(file)
		args = append(args, "-A", "scram-sha-256", "--pwfile", file)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(o.Bin, "initdb"), args...) //nolint:gosec // the binaries of Find
	cmd.Dir, cmd.SysProcAttr, cmd.Env = o.Dir, as, o.environ()
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return os.Rename(half, o.data())
}

// passwordFile writes the password to a new file that only initdb can read.
func (o Options) passwordFile(as *syscall.SysProcAttr) (string, error) {
	f, err := os.CreateTemp(o.Dir, "initdb-*") // made with mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(o.Password + "\n")
	err = errors.Join(err, f.Close())
	if c := as.Credential; c != nil && err == nil {
		err = os.Chown(f.Name(), int(c.Uid), int(c.Gid))
	}
	return f.Name(), err
}
