// Package areas sums up a CPU profile of a Go program by the purpose of the time.
package areas

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// Area is a purpose of CPU time.
type Area string

// The areas. Memory, scheduling and system calls are counted apart from their
// callers.
const (
	Memory      Area = "allocating and collecting memory"
	Scheduling  Area = "scheduling goroutines"
	SystemCalls Area = "system calls: network and files"
	GRPC        Area = "gRPC"
	Protobuf    Area = "protobuf"
	History     Area = "Temporal: history"
	Matching    Area = "Temporal: matching"
	Frontend    Area = "Temporal: frontend"
	Store       Area = "Temporal: persistence"
	Server      Area = "Temporal: the rest of the server"
	SDK         Area = "Temporal SDK"
	GORM        Area = "GORM"
	SQL         Area = "database/sql and the driver"
	JSON        Area = "JSON"
	HTTP        Area = "HTTP"
	Telemetry   Area = "metrics and logs"
	Own         Area = "amends"
	Others      Area = "others"
)

// All are the areas in the order of a table.
var All = []Area{
	Memory, Scheduling, SystemCalls, GRPC, Protobuf, History, Matching, Frontend, Store, Server,
	SDK, GORM, SQL, JSON, HTTP, Telemetry, Own, Others,
}

// rules give functions an area, by the prefix of their names. The first match
// counts.
var rules = []struct {
	area     Area
	prefixes []string
}{
	{Scheduling, []string{
		"runtime.schedule", "runtime.findRunnable", "runtime.mcall", "runtime.park_m", "runtime.mstart", "runtime.sysmon",
		"runtime.goready", "runtime.ready", "runtime.wakep", "runtime.newproc", "runtime.goexit0", "runtime.gopreempt_m",
		"runtime.gcstopm", // it waits for the collector, and collects nothing
	}},
	{Memory, []string{"runtime.mallocgc", "runtime.gc", "runtime.bgsweep", "runtime.bgscavenge", "runtime.wbBufFlush", "runtime.deductAssistCredit"}},
	{SystemCalls, []string{"internal/runtime/syscall", "syscall.", "internal/poll."}},
	{GRPC, []string{"google.golang.org/grpc", "golang.org/x/net/http2"}},
	{Protobuf, []string{"google.golang.org/protobuf", "go.temporal.io/api/"}},
	{History, []string{"go.temporal.io/server/service/history"}},
	{Matching, []string{"go.temporal.io/server/service/matching"}},
	{Frontend, []string{"go.temporal.io/server/service/frontend"}},
	{Store, []string{"go.temporal.io/server/common/persistence"}},
	{Telemetry, []string{
		"go.temporal.io/server/common/metrics", "go.temporal.io/server/common/log", "go.opentelemetry.io/",
		"github.com/prometheus/", "github.com/uber-go/tally", "github.com/amends/amends/internal/telemetry", "log/slog", "go.uber.org/zap",
	}},
	{Server, []string{"go.temporal.io/server"}},
	{SDK, []string{"go.temporal.io/sdk"}},
	{GORM, []string{"gorm.io/"}},
	{SQL, []string{"database/sql", "github.com/jackc/", "github.com/jmoiron/sqlx", "github.com/amends/amends/internal/database"}},
	{JSON, []string{"encoding/json"}},
	{HTTP, []string{"net/http", "github.com/labstack/echo"}},
	{Own, []string{"github.com/amends/amends"}},
}

// Read reads a CPU profile, and returns the share of each area in its time;
// nothing if the profile has no samples.
func Read(r io.Reader) (map[Area]float64, error) {
	p, value, err := parse(r)
	if err != nil {
		return nil, err
	}
	shares := map[Area]float64{}
	total := 0.0
	for _, s := range p.Sample {
		v := float64(s.Value[value])
		shares[areaOf(s)] += v
		total += v
	}
	for a := range shares {
		shares[a] /= total
	}
	return shares, nil
}

// parse returns a CPU profile, and which value of its samples is CPU time.
func parse(r io.Reader) (*profile.Profile, int, error) {
	p, err := profile.Parse(r)
	if err != nil {
		return nil, 0, fmt.Errorf("CPU profile: %w", err)
	}
	for i, t := range p.SampleType {
		if t.Type == "cpu" {
			return p, i, nil
		}
	}
	return nil, 0, errors.New("CPU profile: there is no CPU time in it")
}

// Functions that tell and hear events, and the one below which a listener does its work.
var (
	coordinates = []string{
		"github.com/nats-io/", "github.com/amends/amends/event/jetstream", "github.com/amends/amends/event/inbox",
		"github.com/amends/amends/event/outbox.(*Relay)", "github.com/amends/amends/event/lease",
	}
	works = "github.com/amends/amends/event/choreography"
)

// Coordination returns the share of a CPU profile that tells events and hears them:
// relays, the client of the broker and listeners, up to the call of a reaction. What a
// service does to record an event in its own transaction is not in it. It is 0 for a
// profile without samples.
func Coordination(r io.Reader) (float64, error) {
	p, value, err := parse(r)
	if err != nil {
		return 0, err
	}
	own, total := 0.0, 0.0
	for _, s := range p.Sample {
		v := float64(s.Value[value])
		if total += v; coordination(s) {
			own += v
		}
	}
	if total == 0 {
		return 0, nil
	}
	return own / total, nil
}

func coordination(s *profile.Sample) (yes bool) {
	for _, location := range s.Location {
		for _, line := range location.Line {
			if line.Function == nil {
				continue
			}
			if strings.HasPrefix(line.Function.Name, works) {
				return false
			}
			yes = yes || slices.ContainsFunc(coordinates, func(c string) bool { return strings.HasPrefix(line.Function.Name, c) })
		}
	}
	return yes
}

// areaOf is the area of the innermost function that has one: a function of the
// runtime or of a common package works for its caller.
func areaOf(s *profile.Sample) Area {
	for _, location := range s.Location { // the innermost first
		for _, line := range location.Line {
			if line.Function == nil {
				continue
			}
			if a, ok := areaOfFunction(line.Function.Name); ok {
				return a
			}
		}
	}
	return Others
}

func areaOfFunction(name string) (Area, bool) {
	for _, rule := range rules {
		for _, prefix := range rule.prefixes {
			if strings.HasPrefix(name, prefix) {
				return rule.area, true
			}
		}
	}
	return "", false
}
