// Package whole runs platforms of whole processes for tests: `amends dev`, or a process for
// each service. Tests end the processes, lock the databases and change their rows, and run
// the commands beside them as an operator does.
package whole

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/wait"
)

// Platform is a running platform. One process at a time changes it.
type Platform struct {
	Dir, Bin string
	// API is the base of the API's address, and Admin has the admin address of each process.
	API   string
	Admin map[string]string
	// Parts are the processes by their services; that of `amends dev` is "platform".
	Parts map[string]*Process
	// Environ is the environment of the commands beside the platform.
	Environ []string
}

// New returns a platform without processes in a folder, which is its home too.
func New(bin, dir string) *Platform {
	return &Platform{Dir: dir, Bin: bin, Admin: map[string]string{}, Parts: map[string]*Process{}, Environ: []string{"AMENDS_DATA_DIR=" + dir}}
}

// Launch starts a process until the end of the test.
func (p *Platform) Launch(tb testing.TB, name string, environ []string, args ...string) *Process {
	tb.Helper()
	p.Parts[name] = &Process{bin: p.Bin, environ: p.home(environ), args: args}
	p.Parts[name].Start(tb)
	return p.Parts[name]
}

func (p *Platform) home(environ []string) []string {
	return append([]string{"HOME=" + p.Dir, "PATH=" + os.Getenv("PATH")}, environ...)
}

// Joined starts `amends dev` with settings, on ports of its own, and waits until it is ready.
func (p *Platform) Joined(tb testing.TB, settings []string) {
	tb.Helper()
	dev := p.Launch(tb, "platform", settings, "dev", "--data-dir", p.Dir, "--temporal-bin", enginetest.CLI(tb),
		"--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--temporal-port", "0", "--ui-port", "0")
	ready := regexp.MustCompile(`(?s)API +(\S+).*Metrics +http://(\S+)/metrics.*Ctrl-C`)
	until(tb, "the platform is ready", func() bool { return ready.MatchString(dev.Output()) })
	m := ready.FindStringSubmatch(dev.Output())
	p.API, p.Admin["platform"] = m[1], m[2]
}

// File returns the DSN of a database of the platform.
func (p *Platform) File(name string) string { return "sqlite:" + filepath.Join(p.Dir, name+".db") }

// Split starts a process for each service that an order needs and one for the API, with
// settings and on an engine of its own, and waits until all are ready. There is one product.
func (p *Platform) Split(tb testing.TB, settings []string) {
	tb.Helper()
	engine := enginetest.Start(tb, temporal.Options{})
	environ := append([]string{"AMENDS_TEMPORAL_ADDRESS=" + engine.Address, "AMENDS_AUTH=optional", "AMENDS_GUEST_SECRET=the secret of the guests of tests"}, settings...)
	services := []string{"order", "catalog", "inventory", "payment", "shipping"}
	for _, s := range services {
		environ = append(environ, "AMENDS_SERVICES_"+strings.ToUpper(s)+"_DSN="+p.File(s))
	}
	environ = append(environ, "AMENDS_SERVICES_PAYMENT_PROVIDER_DSN="+p.File("provider"), "AMENDS_SERVICES_SHIPPING_CARRIER_DSN="+p.File("carrier"))
	p.Environ = environ
	p.Run(tb, append([]string{"migrate", "temporal"}, services...)...)
	p.Run(tb, "catalog", "import", "../../cmd/amends/testdata/mug.json")
	p.Run(tb, "stock", "receive", "MUG-STONEWARE", "100000", "--warehouse", "BER", "--new")
	for _, s := range append(services, "api") {
		args, public := []string{"worker", s}, Address(tb)
		if s == "api" {
			args, p.API = []string{"api"}, "http://"+public
		}
		p.Admin[s] = Address(tb)
		p.Launch(tb, s, append(environ, "AMENDS_HTTP_ADDR="+public), append(args, "--admin-addr", p.Admin[s])...)
	}
	for name := range p.Admin {
		p.Ready(tb, name)
	}
}

// Ready waits until a process is ready.
func (p *Platform) Ready(tb testing.TB, name string) {
	tb.Helper()
	until(tb, name, func() bool { return wait.Answers(tb.Context(), "http://"+p.Admin[name]+"/readyz") })
}

func until(tb testing.TB, name string, condition func() bool) {
	tb.Helper()
	require.NoError(tb, wait.Until(tb.Context(), name, condition))
}

// Run runs a command beside the platform, which must succeed.
func (p *Platform) Run(tb testing.TB, args ...string) string {
	tb.Helper()
	out, code := p.Command(tb.Context(), args...)
	require.Zero(tb, code, "%v: %s", args, out)
	return out
}

// commandTime bounds a command, on a loaded machine.
const commandTime = 5 * time.Minute

// Command runs a command beside the platform, and returns its output of both streams, in the
// order in which it was written, and its exit code; -1 if it had none.
func (p *Platform) Command(ctx context.Context, args ...string) (out string, code int) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.Bin, args...) //nolint:gosec // G204: the binary under test
	cmd.Env = p.home(p.Environ)
	text, err := cmd.CombinedOutput()
	if exit, ended := errors.AsType[*exec.ExitError](err); ended {
		return string(text), exit.ExitCode()
	}
	if err != nil {
		return string(text) + err.Error(), -1
	}
	return string(text), 0
}

// Address returns a free address of this machine.
func Address(tb testing.TB) string {
	tb.Helper()
	a, err := loopback.FreeAddress(tb.Context())
	require.NoError(tb, err)
	return a
}
