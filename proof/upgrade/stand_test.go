//go:build whole

package upgrade_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/internal/dev/temporal"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/shoptest"
	"github.com/amends/amends/proof/wait"
)

// patience bounds every wait, on a machine that does other work too.
const patience = 6 * time.Minute

// services are those on which orders depend, the one that runs the sagas first.
var services = []string{"order", "catalog", "inventory", "payment", "shipping"}

// stand is a split platform whose processes are of one release, or of two.
type stand struct {
	t *testing.T

	dir, engine, public string              // folder, addresses
	broker, callers     string              // URL, file with the secrets of callers
	dsns                map[string]string   // of services and external systems, by their part of the variable
	databases           []string            // the variables
	running             map[string]*process // by part: a service, or "api"
}

// process is an amends that runs.
type process struct {
	cmd   *exec.Cmd
	said  bytes.Buffer // complete once it has ended
	ended chan struct{}
	admin string
}

// newStand starts an engine, and nothing else. dsn makes a database.
func newStand(t *testing.T, dsn func(testing.TB) string) *stand {
	t.Helper()
	s := &stand{t: t, dir: t.TempDir(), dsns: map[string]string{}, running: map[string]*process{}}
	s.engine = enginetest.Start(t, temporal.Options{}).Address
	s.public, s.callers = s.free(), filepath.Join(s.dir, "callers")
	for _, part := range append([]string{"payment_provider", "shipping_carrier"}, services...) {
		s.dsns[part] = dsn(t)
		s.databases = append(s.databases, variable(part)+"_DSN="+s.dsns[part])
	}
	var secrets strings.Builder
	for _, name := range append([]string{"api", "operator"}, services...) {
		fmt.Fprintf(&secrets, "%s=%s\n", name, base64.StdEncoding.EncodeToString([]byte(strings.Repeat(name+" ", 6))))
	}
	require.NoError(t, os.WriteFile(s.callers, []byte(secrets.String()), 0o600))
	return s
}

// variable returns the beginning of the variables of a service.
func variable(service string) string { return "AMENDS_SERVICES_" + strings.ToUpper(service) }

// shop opens the databases as this build sees them.
func (s *stand) shop() *shoptest.Shop {
	d := s.dsns
	return shoptest.Open(s.t, shoptest.DSNs{
		Order: d["order"], Catalog: d["catalog"], Inventory: d["inventory"], Payment: d["payment"],
		Provider: d["payment_provider"], Shipping: d["shipping"], Carrier: d["shipping_carrier"],
	}, false)
}

func (s *stand) free() string {
	s.t.Helper()
	address, err := loopback.FreeAddress(s.t.Context())
	require.NoError(s.t, err)
	return address
}

// environ returns the environment of every process of a release.
func (s *stand) environ(r release) []string {
	return append([]string{"HOME=" + s.dir, "AMENDS_TEMPORAL_ADDRESS=" + s.engine, "AMENDS_LOG_LEVEL=error"}, r.environ...)
}

// start starts a part in a release beside the one that runs, and waits until it is ready.
func (s *stand) start(r release, part string) *process {
	s.t.Helper()
	p := s.launch(r, part)
	s.until(part+" of "+r.name+" is ready", func(ctx context.Context) bool {
		select {
		case <-p.ended:
			require.Fail(s.t, "it has ended", "%s", &p.said)
		default:
		}
		return wait.Answers(ctx, "http://"+p.admin+"/readyz")
	})
	return p
}

// launch is start without waiting.
func (s *stand) launch(r release, part string) *process {
	s.t.Helper()
	p := &process{admin: s.free()}
	environ, args := append(s.environ(r), "AMENDS_ADMIN_ADDR="+p.admin), []string{"worker", part}
	if part == "api" {
		environ, args = append(append(environ, r.api...), "AMENDS_HTTP_ADDR="+s.public), []string{"api"}
	} else {
		environ = append(environ, r.worker...)
		for _, dsn := range s.databases {
			if strings.HasPrefix(dsn, variable(part)+"_") {
				environ = append(environ, dsn)
			}
		}
	}
	s.run(p, r, environ, args...)
	return p
}

// run starts a process, which does not outlive the test.
func (s *stand) run(p *process, r release, environ []string, args ...string) {
	s.t.Helper()
	p.cmd, p.ended = exec.CommandContext(s.t.Context(), r.bin, args...), make(chan struct{})
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = environ, &p.said, &p.said
	require.NoError(s.t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the state has the result
	}()
	s.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // or it has ended
		<-p.ended
		if s.t.Failed() && p.said.Len() > 0 {
			s.t.Logf("%s %s: %s", r.name, strings.Join(args, " "), p.said.String()[max(0, p.said.Len()-3000):])
		}
	})
}

// stop has a process drain.
func (s *stand) stop(p *process) {
	s.t.Helper()
	require.NoError(s.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.ended:
		require.Zero(s.t, p.cmd.ProcessState.ExitCode(), "%s: %s", p.cmd, &p.said)
	case <-time.After(patience):
		require.Fail(s.t, "it does not end", "%s", p.cmd)
	}
}

// halt stops parts.
func (s *stand) halt(parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		s.stop(s.running[part])
		delete(s.running, part)
	}
}

// begin starts parts that do not run.
func (s *stand) begin(r release, parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		require.Nil(s.t, s.running[part])
		s.running[part] = s.start(r, part)
	}
}

// roll replaces workers, each by one of a release that runs before the other one stops.
func (s *stand) roll(r release, parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		p := s.start(r, part)
		s.stop(s.running[part])
		s.running[part] = p
	}
}

// do runs a command of a release that must succeed, and returns its standard output.
func (s *stand) do(r release, args ...string) string {
	s.t.Helper()
	out, said, err := s.try(r, args...)
	require.NoError(s.t, err, "%s %s: %s%s", r.name, strings.Join(args, " "), out, said)
	return out
}

// try runs a command.
func (s *stand) try(r release, args ...string) (out, said string, err error) {
	cmd := exec.CommandContext(s.t.Context(), r.bin, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = r.command(s), s.dir, &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}

// until waits for a condition.
func (s *stand) until(name string, condition func(context.Context) bool) {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), patience)
	defer stop()
	require.NoError(s.t, wait.Until(ctx, name, func() bool { return condition(ctx) }))
}
