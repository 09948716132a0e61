package temporal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	workflowservicepb "go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/internal/dev/loopback"
)

// dynamicConfig is what makes a dev server fast enough for sagas: it has one
// history shard, whose queues are polled 20 times a second as it comes, so that
// every step would wait 50 ms. Measured on a four-step saga: p50 450 ms to 75 ms.
var dynamicConfig = []string{
	"history.transferProcessorMaxPollRPS=5000",
	"history.timerProcessorMaxPollRPS=1000",
	"system.enableActivityEagerExecution=true",
	"matching.numTaskqueueReadPartitions=1",
	"matching.numTaskqueueWritePartitions=1",
	"frontend.enableServerVersionCheck=false", // it would ask the internet
}

func (o Options) stateFile() string { return filepath.Join(o.Dir, "temporal.db") }

func (o Options) args(port, uiPort int) []string {
	args := []string{
		"server", "start-dev",
		"--ip", loopback.Host, "--port", strconv.Itoa(port), "--ui-port", strconv.Itoa(uiPort),
		"--db-filename", o.stateFile(),
		"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=" + o.synchronous(),
		"--log-level", "error", "--log-format", "text",
	}
	for _, c := range dynamicConfig {
		args = append(args, "--dynamic-config-value", c)
	}
	for _, a := range o.SearchAttributes {
		args = append(args, "--search-attribute", a)
	}
	return args
}

// synchronous is SQLite's: NORMAL survives any process, FULL a power cut too.
func (o Options) synchronous() string {
	if o.Durable {
		return "2"
	}
	return "1"
}

// childEnvironment leaves out what would configure a client: the CLI refuses to
// start on a profile that it does not find, and a server needs none.
func childEnvironment(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(e string) bool { return strings.HasPrefix(e, "TEMPORAL_") })
}

// PortError says that a port is taken.
type PortError struct {
	Port int
	Key  string // of the configuration
}

// Error returns one line that says what to do.
func (e *PortError) Error() string {
	return fmt.Sprintf("%s: port %d on %s is in use; stop what uses it, or choose another with --%s",
		e.Key, e.Port, loopback.Host, strings.ReplaceAll(e.Key, "_", "-"))
}

// choosePort returns port if nothing listens on it, or any free one for 0. Between
// the look and the child's own bind somebody may take it; then the child's last
// words say so.
func choosePort(ctx context.Context, port int, key string) (int, error) {
	if port == 0 {
		return loopback.FreePort(ctx)
	}
	taken, err := loopback.Taken(ctx, port)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: cannot listen: %w", key, err)
	case taken:
		return 0, &PortError{Port: port, Key: key}
	}
	return port, nil
}

func count(ctx context.Context, c client.Client) (*workflowservicepb.CountWorkflowExecutionsResponse, error) {
	return c.WorkflowService().CountWorkflowExecutions(ctx, &workflowservicepb.CountWorkflowExecutionsRequest{Namespace: client.DefaultNamespace})
}

// greeting is what a server says that starts well.
var greeting = regexp.MustCompile(`^(Temporal )?(CLI|Server|UI|Metrics)[ :]`)

// lastWords returns the last complaint in the server's log: a line that is not
// one of the greeting.
func (s *Server) lastWords() string {
	content, err := os.ReadFile(s.log)
	if err != nil {
		return "none"
	}
	for _, line := range slices.Backward(strings.Split(string(content), "\n")) {
		if line = strings.TrimSpace(line); line != "" && !greeting.MatchString(line) {
			return fmt.Sprintf("%.300s", line)
		}
	}
	return "none"
}
