package temporal

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amends/amends/internal/dev/loopback"
)

// dynamicConfig makes a dev server fast enough for sagas. It has one history
// shard, whose queues it polls 20 times a second by default, so that every step
// would wait 50 ms. With these values the p50 of a four-step saga fell from 450 ms
// to 75 ms.
var dynamicConfig = []string{
	"history.transferProcessorMaxPollRPS=5000",
	"history.timerProcessorMaxPollRPS=1000",
	"system.enableActivityEagerExecution=true",
	"matching.numTaskqueueReadPartitions=1",
	"matching.numTaskqueueWritePartitions=1",
	"frontend.enableServerVersionCheck=false", // it would call a server on the internet
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

// synchronous is SQLite's setting: 1 survives the death of any process, 2 also a
// power cut.
func (o Options) synchronous() string {
	if o.Durable {
		return "2"
	}
	return "1"
}

// childEnvironment drops the variables that configure a client, because the CLI refuses
// to start if they name a profile that does not exist, and those of this process's
// traces, because it refuses exporters that it does not have.
func childEnvironment(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(e string) bool {
		return strings.HasPrefix(e, "TEMPORAL_") || strings.HasPrefix(e, "OTEL_")
	})
}

// greeting matches the lines that a server logs when it starts well.
var greeting = regexp.MustCompile(`^(Temporal )?(CLI|Server|UI|Metrics)[ :]`)
