package e2e_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/transcript"
)

// amends builds the binary, once, and returns its path.
var amends = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(scratch, "amends")
	out, err := exec.Command("go", "build", "-o", bin, "../../cmd/amends").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build amends: %w: %s", err, out)
	}
	return bin, nil
})

// process is an amends of its own, in a process group of its own, as a shell
// starts it.
type process struct {
	cmd      *exec.Cmd
	out, err transcript.Text
	ended    chan struct{} // closed at its end, when cmd.ProcessState is set
}

// launch starts amends with this environment and none of the test's own. It does
// not outlive the test.
func launch(t *testing.T, environ []string, args ...string) *process {
	t.Helper()
	bin, err := amends()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(bin, args...), ended: make(chan struct{})} //nolint:noctx // the test ends it, in its own ways
	p.cmd.Env = environ
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	p.cmd.SysProcAttr = attributesOfChild()
	p.cmd.WaitDelay = time.Minute // in case another process inherited its output
	started := make(chan error, 1)
	go func() {
		// If this process is killed, the kernel ends the child when the thread
		// that forked it is gone: that thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.ended)
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // the state has the result
		}
	}()
	require.NoError(t, <-started)
	t.Cleanup(func() {
		p.kill(t)
		if t.Failed() {
			said := p.out.String() + p.err.String()
			t.Logf("amends %s: %s\n%s", strings.Join(args, " "), p.cmd.ProcessState, said[max(0, len(said)-3000):])
		}
	})
	return p
}

// kill ends the process as a power cut does; one that has ended is left alone.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		require.NoError(t, err)
	}
	p.wait(t)
}

// signal sends a signal to the process.
func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(s))
}

// graceful is how long a cluster waits for a process that it has asked to end: the
// terminationGracePeriodSeconds of deploy/helm, without those before the signal. On an idle
// machine an end takes a few seconds.
const graceful = 40 * time.Second

// drain asks the process to end. It must do so with exit code 0, before it would be killed.
func (p *process) drain(t *testing.T, s syscall.Signal) {
	t.Helper()
	began := time.Now()
	p.signal(t, s)
	require.Zero(t, p.wait(t), "its exit code, after %s: %s", s, &p.err)
	require.Less(t, time.Since(began), graceful)
}

// wait returns the exit code of a process that ends; a negative one was killed.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		require.FailNow(t, "it does not end: "+p.cmd.String())
		return 0
	}
}

// says waits until the process has written text to its standard output.
func (p *process) says(t *testing.T, text string) string {
	t.Helper()
	eventually(t, "it says "+text, func() bool {
		select {
		case <-p.ended:
			require.FailNow(t, "it has ended", "%s%s", &p.out, &p.err)
		default:
		}
		return strings.Contains(p.out.String(), text)
	})
	return p.out.String()
}

// run runs a command that must succeed, and returns its output.
func run(t *testing.T, environ []string, args ...string) string {
	t.Helper()
	p := launch(t, environ, args...)
	require.Zero(t, p.wait(t), "%s: %s", strings.Join(args, " "), &p.err)
	return p.out.String()
}

// complains runs a command that must fail at once, and returns its one line of
// complaint, which may follow one about settings of other processes. On a machine that does
// other work it is run again if it took long: one that waits for something always does.
func complains(t *testing.T, environ []string, args ...string) string {
	t.Helper()
	_, err := amends()
	require.NoError(t, err)
	var p *process
	quickest := time.Hour
	for try := 0; try < 3 && quickest >= 5*time.Second; try++ {
		began := time.Now()
		p = launch(t, environ, args...)
		require.Equal(t, 1, p.wait(t), "its exit code: %s", &p.err)
		quickest = min(quickest, time.Since(began))
	}
	require.Less(t, quickest, 5*time.Second)
	said := p.err.String()
	if first, rest, _ := strings.Cut(said, "\n"); strings.Contains(first, "that this process does not read") {
		said = rest
	}
	line, rest, _ := strings.Cut(said, "\n")
	require.Empty(t, rest, "more than one line")
	require.Empty(t, p.out.String())
	return line
}

// named returns the processes with text in their command line.
func named(t *testing.T, text string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-ww", "-A", "-o", "pid=,stat=,command=").Output()
	require.NoError(t, err)
	var found []string
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// freeAddress returns a loopback address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := loopback.FreeAddress(t.Context())
	require.NoError(t, err)
	return address
}

// readiness asks a readiness probe; the status is 0 without an answer.
func readiness(t *testing.T, base string) (status int, why string) {
	t.Helper()
	return fetch(t, base+"/readyz")
}

// fetch gets a page; the status is 0 without an answer.
func fetch(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	res, err := browser.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }() // it has been read
	var text bytes.Buffer
	_, err = text.ReadFrom(res.Body)
	require.NoError(t, err)
	return res.StatusCode, text.String()
}

// shows waits until a page answers with 200, and returns it.
func shows(t *testing.T, url string) (body string) {
	t.Helper()
	eventually(t, url+" is shown", func() (ok bool) {
		var status int
		status, body = fetch(t, url)
		return status == http.StatusOK
	})
	return body
}

// ready waits until a readiness probe succeeds.
func ready(t *testing.T, base string) {
	t.Helper()
	shows(t, base+"/readyz")
}

// busyWarning matches that of a process whose machine had no time for it: the work goes on.
var busyWarning = regexp.MustCompile(`level=WARN .*(deadline exceeded|database is locked|does not answer|cannot be reached)`)

// requireQuiet requires that the process has nothing to complain about but its machine.
func (p *process) requireQuiet(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(p.err.String()) {
		require.Regexp(t, busyWarning, line, "it complains")
	}
}

// unready waits until a readiness probe gives that reason for a failure.
func unready(t *testing.T, base, want string) {
	t.Helper()
	eventually(t, base+" says "+want, func() bool {
		status, why := readiness(t, base)
		return status == http.StatusServiceUnavailable && strings.Contains(why, want)
	})
}
