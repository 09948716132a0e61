package child_test

import (
	"bufio"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/child"
)

// roleVariable makes this test binary a parent: it starts a child in the named
// folder, prints the process id, and waits for its kill.
const roleVariable = "AMENDS_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(roleVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	p, err := child.Start(options(dir, wait))
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(p.Pid())
	select {}
}

// patience bounds every wait of these tests; it allows for a loaded machine.
const patience = time.Minute

// options returns a child that runs a script, with dir on its command line.
func options(dir, script string) child.Options {
	return child.Options{
		Name: "server", Bin: "/bin/sh", Args: []string{"-c", script + " # serves " + dir}, Env: []string{"PATH=/usr/bin:/bin"},
		Log: filepath.Join(dir, "log"), Note: filepath.Join(dir, "note"), Command: "serves", State: dir,
		StopTimeout: patience, Logger: slog.New(slog.DiscardHandler),
	}
}

// wait is a script that keeps the shell alive, so that its command line can be
// found, and leaves no long sleep behind.
const wait = "while :; do sleep 0.05; done"

func start(t *testing.T, dir, script string) *child.Process {
	t.Helper()
	p, err := child.Start(options(dir, script))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Stop()) })
	return p
}

// end waits until a child has ended.
func end(t *testing.T, p *child.Process) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(patience):
		require.Fail(t, "the child does not end")
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()

	t.Run("EndsWhenAskedAndLeavesNoNote", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		p := start(t, dir, wait)
		require.FileExists(t, filepath.Join(dir, "note"))
		require.NoError(t, p.Stop())
		require.EqualError(t, p.Err(), "signal: terminated")
		require.NoFileExists(t, filepath.Join(dir, "note"))
		require.NoError(t, p.Stop(), "a repeat")
	})

	t.Run("IsKilledWhenItDoesNotEnd", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		o := options(dir, "trap '' TERM; echo deaf; "+wait)
		o.StopTimeout = 200 * time.Millisecond
		p, err := child.Start(o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, p.Stop()) })
		require.Eventually(t, func() bool {
			said, err := os.ReadFile(filepath.Join(dir, "log"))
			return err == nil && string(said) == "deaf\n"
		}, patience, 5*time.Millisecond)
		require.NoError(t, p.Stop())
		require.EqualError(t, p.Err(), "signal: killed")
	})

	t.Run("SaysHowItEnded", func(t *testing.T) {
		t.Parallel()
		p := start(t, t.TempDir(), "echo good; echo bye; exit 0")
		end(t, p)
		require.NoError(t, p.Err())
		require.EqualError(t, p.Failure(), "server ended (exit status 0); its last words: bye")
	})

	t.Run("SaysThatItCannotStart", func(t *testing.T) {
		t.Parallel()
		o := options(t.TempDir(), "")
		o.Bin = "/nowhere/server"
		_, err := child.Start(o)
		require.ErrorContains(t, err, "start server: ")
		require.ErrorIs(t, err, fs.ErrNotExist)
	})

	t.Run("CreatesFilesForItsOwnerOnly", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		p := start(t, dir, "cd '"+dir+"' && mkdir made && : >made/file")
		end(t, p)
		require.NoError(t, p.Err())
		for name, want := range map[string]os.FileMode{"log": 0o600, "made": 0o700, "made/file": 0o600} {
			info, err := os.Stat(filepath.Join(dir, name))
			require.NoError(t, err)
			require.Equal(t, want, info.Mode().Perm(), name)
		}
	})

	t.Run("IsInAProcessGroupOfItsOwn", func(t *testing.T) {
		t.Parallel()
		p := start(t, t.TempDir(), wait)
		group, err := syscall.Getpgid(p.Pid())
		require.NoError(t, err)
		require.Equal(t, p.Pid(), group)
	})
}

func TestEndStale(t *testing.T) {
	t.Parallel()

	t.Run("EndsWhatWasLeftBehind", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		left := start(t, dir, wait)
		require.NoError(t, child.EndStale(t.Context(), options(dir, "")))
		end(t, left)
		require.EqualError(t, left.Err(), "signal: killed")
	})

	// A child is a shell at first, and has no command line for a moment while the server
	// replaces the shell. One that is looked at then is one of ours, too.
	t.Run("EndsOneThatHasJustStarted", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		for range 100 {
			left := start(t, dir, wait)
			require.NoError(t, child.EndStale(t.Context(), options(dir, "")))
			end(t, left)
		}
	})

	t.Run("LeavesOthersAlone", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		note := filepath.Join(dir, "note")
		other := start(t, t.TempDir(), wait)
		for _, content := range []string{strconv.Itoa(other.Pid()) + " " + dir, "1 " + dir, strconv.Itoa(other.Pid()), ""} {
			require.NoError(t, os.WriteFile(note, []byte(content), 0o600))
			require.NoError(t, child.EndStale(t.Context(), options(dir, "")))
		}
		require.NoError(t, os.Remove(note))
		require.NoError(t, child.EndStale(t.Context(), options(dir, "")))
		require.NoError(t, syscall.Kill(other.Pid(), 0), "it lives")
	})
}

func TestParentKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), roleVariable+"="+dir)
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(line[:len(line)-1])
	require.NoError(t, err, line)
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.NoError(t, child.EndStale(t.Context(), options(dir, "")), "where the kernel does not end it, this does")
	require.Eventually(t, func() bool { return !alive(pid) }, patience, 5*time.Millisecond)
}

// alive reports whether the process exists. A zombie, which waits for its new
// parent, counts as ended.
func alive(pid int) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output() //nolint:noctx // it returns at once
	return err == nil && len(state) > 0 && state[0] != 'Z'
}
