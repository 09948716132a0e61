package temporal_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/transcript"
)

// roleVariable makes this test binary a parent: it starts a server in the named
// folder, prints its address, and waits for its kill.
const roleVariable = "AMENDS_TEST_DEVSERVER_DIR"

// patience bounds every wait of these tests; it allows for a loaded machine.
const patience = 2 * time.Minute

var attributes = []string{"AmendsCustomer=Keyword"}

func TestMain(m *testing.M) {
	dir := os.Getenv(roleVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := temporal.Start(context.Background(), temporal.Options{
		Bin: os.Getenv("AMENDS_TEST_TEMPORAL"), Dir: dir, SearchAttributes: attributes,
	})
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println(s.Address)
	select {}
}

func TestServer(t *testing.T) {
	t.Parallel()

	t.Run("AnswersOnceStartedAndKeepsItsStateOverAStop", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		o := temporal.Options{Dir: dir, SearchAttributes: attributes}
		first := enginetest.Start(t, o)
		startWorkflow(t, first.Address)
		require.NoError(t, syscall.Kill(first.Pid(), syscall.SIGTERM)) // without Stop's time limit and SIGKILL
		select {
		case <-first.Done():
		case <-time.After(patience):
			require.Fail(t, "the server ignores SIGTERM")
		}
		require.NoError(t, first.Stop())
		require.NoFileExists(t, filepath.Join(dir, "temporal.pid"))

		second := enginetest.Start(t, o)
		require.EqualValues(t, 1, countWorkflows(t, second.Address))
	})

	t.Run("RefusesAPortInUseInOneLine", func(t *testing.T) {
		t.Parallel()
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { require.NoError(t, l.Close()) }()
		addr, err := netip.ParseAddrPort(l.Addr().String())
		require.NoError(t, err)
		port := int(addr.Port())
		for key, o := range map[string]temporal.Options{"temporal_port": {Port: port}, "ui_port": {UIPort: port}} {
			o.Bin, o.Dir = enginetest.CLI(t), t.TempDir()
			_, err := temporal.Start(t.Context(), o)
			require.EqualError(t, err, fmt.Sprintf("%s: 127.0.0.1:%d is in use; stop what uses it, or choose another with --%s",
				key, port, strings.ReplaceAll(key, "_", "-")))
		}
	})

	t.Run("SaysWhyItDidNotStart", func(t *testing.T) {
		t.Parallel()
		_, err := temporal.Start(t.Context(), temporal.Options{Bin: enginetest.CLI(t), Dir: t.TempDir(), SearchAttributes: []string{"Nonsense"}})
		require.ErrorContains(t, err, "dev server ended while it started")
		require.ErrorContains(t, err, "Nonsense")
	})

	t.Run("SaysWhenItDied", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		s := enginetest.Start(t, temporal.Options{Dir: dir})
		require.NoError(t, syscall.Kill(pid(t, dir), syscall.SIGKILL))
		<-s.Done()
		require.EqualError(t, s.Err(), "the Temporal dev server ended (signal: killed); its last words: none")
	})

	t.Run("IsRestartedWhenItRunsAndAnswersNothing", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		log := &transcript.Text{}
		s, err := temporal.Start(t.Context(), temporal.Options{
			Bin: enginetest.CLI(t), Dir: dir, SearchAttributes: attributes,
			Patience: time.Second, Logger: slog.New(slog.NewTextHandler(log, nil)),
		})
		require.NoError(t, err)
		startWorkflow(t, s.Address)
		stuck := pid(t, dir)
		require.NoError(t, syscall.Kill(stuck, syscall.SIGSTOP))

		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		require.Eventually(t, func() bool { return strings.Contains(log.String(), "the Temporal dev server answers again") },
			patience, 20*time.Millisecond)
		require.Contains(t, log.String(), "the Temporal dev server runs but does not answer: restarting it")
		require.NotEqual(t, stuck, pid(t, dir))
		require.EqualValues(t, 1, countWorkflows(t, s.Address), "the same address, the same state")
		cancel()
		require.NoError(t, <-ended)
	})

	t.Run("IsInAProcessGroupOfItsOwn", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		enginetest.Start(t, temporal.Options{Dir: dir})
		group, err := syscall.Getpgid(pid(t, dir))
		require.NoError(t, err)
		require.Equal(t, pid(t, dir), group)
	})
}

func TestParentKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address := kill9(t, dir)
	require.Eventually(t, func() bool { // the kernel kills the child, too
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			require.NoError(t, conn.Close())
		}
		return err != nil
	}, patience, 10*time.Millisecond)
	require.FileExists(t, filepath.Join(dir, "temporal.pid"))

	s := enginetest.Start(t, temporal.Options{Dir: dir, SearchAttributes: attributes}) // the same state, and the note of an ended process
	startWorkflow(t, s.Address)
}

func TestEndsAServerThatWasLeftBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left := enginetest.Start(t, temporal.Options{Dir: dir})
	enginetest.Start(t, temporal.Options{Dir: dir})
	<-left.Done()
	require.ErrorContains(t, left.Err(), "signal: killed")
}

// kill9 has another process start a server in dir, and kills that process.
func kill9(t *testing.T, dir string) (address string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	parent := exec.CommandContext(t.Context(), self)
	parent.Env = append(os.Environ(), roleVariable+"="+dir, "AMENDS_TEST_TEMPORAL="+enginetest.CLI(t))
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "127.0.0.1:")
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	return strings.TrimSpace(line)
}

// pid returns the process that the note in dir names.
func pid(t *testing.T, dir string) int {
	t.Helper()
	note, err := os.ReadFile(filepath.Join(dir, "temporal.pid"))
	require.NoError(t, err)
	number, _, _ := strings.Cut(string(note), " ")
	n, err := strconv.Atoi(number)
	require.NoError(t, err)
	return n
}

// countWorkflows returns how many workflows of cus_1 the server lists, after some
// time for the list to follow.
func countWorkflows(t *testing.T, address string) (count int64) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: address})
	require.NoError(t, err)
	defer c.Close()
	require.Eventually(t, func() bool {
		found, err := c.CountWorkflow(t.Context(), &workflowservicepb.CountWorkflowExecutionsRequest{Query: "AmendsCustomer = 'cus_1'"})
		count = found.GetCount()
		return err == nil && count > 0
	}, patience, 50*time.Millisecond)
	return count
}

func startWorkflow(t *testing.T, address string) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: address})
	require.NoError(t, err)
	defer c.Close()
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		TaskQueue:             "nobody",
		TypedSearchAttributes: sdktemporal.NewSearchAttributes(sdktemporal.NewSearchAttributeKeyKeyword("AmendsCustomer").ValueSet("cus_1")),
	}, "Anything")
	require.NoError(t, err)
}
