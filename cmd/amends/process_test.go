package main

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/transcript"
)

// asAmends makes this test binary run as amends, for tests of signals, exit codes
// and kills.
const asAmends = "AMENDS_TEST_AS_AMENDS"

func TestMain(m *testing.M) {
	if os.Getenv(asAmends) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// amends returns a process of amends in a process group of its own, as in a shell.
func amends(t *testing.T, out *transcript.Text, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), asAmends+"=1")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// ready waits for the banner and returns the addresses of API and Web UI.
func ready(t *testing.T, cmd *exec.Cmd, out *transcript.Text) (api, ui string) {
	t.Helper()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "Ctrl-C") }, patience, 10*time.Millisecond, "%s", out)
	fields := strings.Fields(out.String())
	for i, f := range fields {
		switch f {
		case "API":
			api = fields[i+1]
		case "Sagas":
			ui = strings.TrimSuffix(fields[i+1], "/namespaces/default/workflows")
		}
	}
	return api, ui
}

func gone(t *testing.T, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
		if err == nil {
			require.NoError(t, conn.Close())
		}
		return err != nil
	}, patience, 10*time.Millisecond, "%s still answers", url)
}

func TestDevInterruptedAtATerminal(t *testing.T) {
	t.Parallel()
	out := &transcript.Text{}
	cmd := amends(t, out, append([]string{"dev", "--data-dir", t.TempDir(), "--temporal-bin", enginetest.CLI(t)}, anyPorts...)...)
	_, ui := ready(t, cmd, out)
	began := time.Now()
	for range 2 { // to the group, and again at once, as make and timeout pass signals on
		require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGINT))
	}
	require.NoError(t, cmd.Wait(), "%s", out)
	require.Less(t, time.Since(began), drained)
	gone(t, ui)
	require.NotContains(t, out.String(), "amends: ", "no error is printed")
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	out := &transcript.Text{}
	err := amends(t, out, "worker", "order", "catalog").Run()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 1, exit.ExitCode())
	require.Equal(t, "amends: services.order.dsn: must be set: this process opens that database\n"+
		"amends: services.catalog.dsn: must be set: this process opens that database\n", out.String())
}
