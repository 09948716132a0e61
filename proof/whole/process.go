package whole

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/transcript"
)

// Build builds the binary amends, for a test in a folder below proof/. It takes minutes
// unless the build cache has it.
func Build(tb testing.TB) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "amends")
	out, err := exec.CommandContext(tb.Context(), "go", "build", "-o", bin, "../../cmd/amends").CombinedOutput() //nolint:gosec // G204: a folder of the test
	require.NoError(tb, err, "%s", out)
	return bin
}

// drain bounds the end of a process that is asked to end.
const drain = 30 * time.Second

// Process is a process of a platform, which may be ended and started again. It ends with
// the test.
type Process struct {
	bin           string
	environ, args []string

	cmd   *exec.Cmd
	out   *transcript.Text // of the present start
	ended chan struct{}
}

// Start starts the process, also after its end.
func (p *Process) Start(tb testing.TB) {
	tb.Helper()
	cmd, ended := exec.CommandContext(tb.Context(), p.bin, p.args...), make(chan struct{}) //nolint:gosec // G204: the binary under test
	p.cmd, p.out, p.ended = cmd, &transcript.Text{}, ended
	cmd.Env, cmd.Stdout, cmd.Stderr = p.environ, p.out, p.out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = drain
	require.NoError(tb, cmd.Start())
	go func() {
		defer close(ended)
		_ = cmd.Wait() // a killed process ends with an error
	}()
	tb.Cleanup(p.Stop)
}

// Stop has the process drain and end. A repeat does nothing.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

// Kill ends the process as a power cut does.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

func (p *Process) end(by syscall.Signal) {
	_ = p.cmd.Process.Signal(by) // one that has ended needs none
	<-p.ended
}

// Pid returns the id of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Output returns the output of the process since its start, of both streams.
func (p *Process) Output() string { return p.out.String() }
