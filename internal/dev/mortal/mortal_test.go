package mortal_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/child"
	"github.com/amends/amends/internal/dev/mortal"
)

// patience bounds every wait of these tests; it allows for a loaded machine.
const patience = time.Minute

// setup returns a process that runs a script, which works from the moment when the file
// "works" is in its folder.
func setup(t *testing.T, script string) (p *mortal.Process, dir string) {
	t.Helper()
	dir = t.TempDir()
	p = mortal.New(mortal.Options{
		Child: child.Options{
			Name: "a worker", Bin: "/bin/sh", Args: []string{"-c", script + " # serves " + dir}, Env: []string{"PATH=/usr/bin:/bin", "DIR=" + dir},
			Log: filepath.Join(dir, "log"), Note: filepath.Join(dir, "note"), Command: "serves", State: dir,
			StopTimeout: patience, Logger: slog.New(slog.DiscardHandler),
		},
		Ready: func(context.Context) error {
			_, err := os.Stat(filepath.Join(dir, "works"))
			return err
		},
		Life: 50 * time.Millisecond, Away: time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() { require.NoError(t, p.End()) })
	return p, dir
}

// works is a script that notes its process, works until SIGTERM, and then says so.
const works = `trap 'echo bye >> "$DIR/bye"; exit 0' TERM; echo $$ >> "$DIR/pids"; touch "$DIR/works"; while :; do sleep 0.01; done`

func lines(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	return strings.Fields(string(content))
}

func TestAProcessIsKilledAndComesAgainUntilItIsSwitchedOff(t *testing.T) {
	t.Parallel()
	p, dir := setup(t, works)
	require.NoError(t, p.Begin())
	require.NoError(t, p.Begin(), "a repeat changes nothing")
	require.Eventually(t, func() bool { return p.Kills() >= 3 }, patience, time.Millisecond)
	require.NoError(t, p.End())
	require.NoError(t, p.End(), "a repeat changes nothing")

	kills, pids := p.Kills(), lines(t, filepath.Join(dir, "pids"))
	require.GreaterOrEqual(t, len(pids), 3)
	require.LessOrEqual(t, len(lines(t, filepath.Join(dir, "bye"))), 1, "the killed ones could say nothing; the last one may")
	require.Equal(t, kills, p.Kills(), "none is killed afterwards")
	require.Len(t, lines(t, filepath.Join(dir, "pids")), len(pids), "and none begins")
}

func TestTheLastProcessMayFinishItsWork(t *testing.T) {
	t.Parallel()
	p, dir := setup(t, strings.Replace(works, `touch "$DIR/works";`, "", 1)) // it is never ready, and so never killed
	require.NoError(t, p.Begin())
	require.Eventually(t, func() bool { return len(lines(t, filepath.Join(dir, "pids"))) == 1 }, patience, time.Millisecond)
	require.NoError(t, p.End())
	require.Len(t, lines(t, filepath.Join(dir, "bye")), 1)
	require.Zero(t, p.Kills())
}

func TestOneThatEndsByItselfIsReplaced(t *testing.T) {
	t.Parallel()
	p, dir := setup(t, `echo $$ >> "$DIR/pids"; exit 3`)
	require.NoError(t, p.Begin())
	require.Eventually(t, func() bool { return len(lines(t, filepath.Join(dir, "pids"))) >= 2 }, patience, time.Millisecond)
	require.NoError(t, p.End())
	require.Zero(t, p.Kills(), "its end was its own")
}

func TestOneThatCannotBeStartedIsRefused(t *testing.T) {
	t.Parallel()
	p := mortal.New(mortal.Options{Child: child.Options{Name: "a worker", Bin: "/nowhere/amends"}})
	require.ErrorContains(t, p.Begin(), "start a worker")
	require.NoError(t, p.End())
}

func TestKillFinishesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	running, err := child.Start(child.Options{
		Name: "a worker", Bin: "/bin/sh", Args: []string{"-c", works}, Env: []string{"PATH=/usr/bin:/bin", "DIR=" + dir},
		Log: filepath.Join(dir, "log"), Note: filepath.Join(dir, "note"), State: dir, StopTimeout: patience, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(lines(t, filepath.Join(dir, "pids"))) == 1 }, patience, time.Millisecond)
	require.NoError(t, running.Kill())
	require.NoError(t, running.Kill(), "a repeat does nothing")
	require.ErrorContains(t, running.Err(), syscall.SIGKILL.String())
	require.Empty(t, lines(t, filepath.Join(dir, "bye")))
	require.NoFileExists(t, filepath.Join(dir, "note"))
}
