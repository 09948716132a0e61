package config

import (
	"fmt"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Needs says what a process cannot start without.
type Needs struct {
	// Services are the names of those whose databases the process opens.
	Services []string
	// Temporal says that the process connects to an engine that is configured:
	// then what TEMPORAL_* variables and profiles say is judged too.
	Temporal bool
	// Dev says that the process is `amends dev`, which brings an engine of its own
	// unless temporal.address names one.
	Dev bool
}

// maxLocal keeps a local step well below the workflow task's 10 s.
const maxLocal = 4 * time.Second

// Validate returns every rule that c breaks as [Problems], nil if there is none.
// environ is where TEMPORAL_* variables are looked up, as [os.Environ] returns it.
func (c *Config) Validate(needs Needs, environ []string) error {
	return c.problems(needs, environ).err()
}

func (c *Config) problems(needs Needs, environ []string) Problems {
	var p Problems
	p.addresses(c)
	p.services(c, needs.Services)
	p.times(c)
	p.worker(c)
	p.stuck(c)
	p.doctor(c)
	p.operators(c)
	if needs.Dev {
		p.dev(c)
	}
	p.temporal(c, needs.Temporal || needs.Dev && c.Temporal.Address != "", environ)
	if c.Log.Level != "" {
		p.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	}
	p.oneOf("log.format", c.Log.Format, "text", "json")
	if c.DataDir == "" {
		p.add("data_dir", "must not be empty", "")
	}
	return p
}

func (p *Problems) add(key, rule, value string) { *p = append(*p, Problem{key, rule, value}) }

func (p *Problems) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.add(key, "must be one of "+strings.Join(allowed, ", "), value)
	}
}

func (p *Problems) addresses(c *Config) {
	p.address("http_addr", c.HTTPAddr)
	p.address("admin_addr", c.AdminAddr)
	if c.HTTPAddr == c.AdminAddr && !strings.HasSuffix(c.HTTPAddr, ":0") {
		p.add("admin_addr", "must differ from http_addr", c.AdminAddr)
	}
	p.port("temporal_port", c.TemporalPort)
	p.port("ui_port", c.UIPort)
	if c.TemporalPort == c.UIPort && c.UIPort != 0 {
		p.add("ui_port", "must differ from temporal_port", strconv.Itoa(c.UIPort))
	}
}

func (p *Problems) address(key, value string) {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		p.add(key, "must be host:port", value)
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		p.add(key, "must have a port from 0 to 65535", value)
	}
}

func (p *Problems) port(key string, n int) {
	if n < 0 || n > 65535 {
		p.add(key, "must be a port from 0 to 65535", strconv.Itoa(n))
	}
}

// queueName is what a task queue may be called; Temporal itself takes nearly
// anything, and a space at the end of one is a saga that waits for ever.
var queueName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

func (p *Problems) services(c *Config, needed []string) {
	databases, queues := map[string]string{}, map[string]string{}
	database := func(key string, dsn DSN, need bool) {
		switch {
		case dsn == "" && need:
			p.add(key, "must be set: this process opens that database", "")
		case dsn == "":
		case dsn.rule() != "":
			p.add(key, dsn.rule(), dsn.String())
		case databases[dsn.identity()] != "":
			p.add(key, "must not be the database of "+databases[dsn.identity()], dsn.String())
		default:
			databases[dsn.identity()] = key
		}
	}
	for _, n := range c.Services.All() {
		need := slices.Contains(needed, n.Name)
		database(n.key("dsn"), n.Service.DSN, need)
		if n.Outside != nil {
			database(n.OutsideKey, *n.Outside, need)
		}
		switch queue, key := n.Service.Queue, n.key("queue"); {
		case !queueName.MatchString(queue):
			p.add(key, "must be 1 to 200 letters, digits, dots, dashes or underscores", queue)
		case queues[queue] != "":
			p.add(key, "must differ from "+queues[queue], queue)
		default:
			queues[queue] = key
		}
		if n.Service.MaxConns < 0 || n.Service.MaxConns > 1000 {
			p.add(n.key("max_conns"), "must be from 0 to 1000", strconv.Itoa(n.Service.MaxConns))
		}
	}
	if c.DatabaseURL != "" {
		if rule := c.DatabaseURL.serverRule(); rule != "" {
			p.add("database_url", rule, c.DatabaseURL.String())
		}
	}
}

func (p *Problems) times(c *Config) {
	for _, f := range fields(c) {
		if d, ok := reflect.TypeAssert[time.Duration](f.value); ok && d < time.Millisecond && f.key != "doctor.every" {
			p.add(f.key, "must be at least 1ms", d.String())
		}
	}
	between := func(key string, d time.Duration, least, most time.Duration) {
		if d < least || d > most {
			p.add(key, fmt.Sprintf("must be from %s to %s", least, most), d.String())
		}
	}
	atLeast := func(key string, d time.Duration, other string, least time.Duration) {
		if d < least {
			p.add(key, fmt.Sprintf("must not be below %s (%s)", other, least), d.String())
		}
	}
	between("placement_timeout", c.PlacementTimeout, 100*time.Millisecond, 30*time.Second)
	between("saga.decide_after", c.Saga.DecideAfter, time.Second, 720*time.Hour)
	between("saga.local_start_to_close", c.Saga.LocalStartToClose, 100*time.Millisecond, maxLocal)
	atLeast("saga.retry_max", c.Saga.RetryMax, "saga.retry_initial", c.Saga.RetryInitial)
	atLeast("saga.parked_retry", c.Saga.ParkedRetry, "saga.retry_max", c.Saga.RetryMax)
	atLeast("saga.park_after", c.Saga.ParkAfter, "saga.start_to_close", c.Saga.StartToClose)
	if c.Saga.StartToClose <= c.LockTimeout {
		p.add("saga.start_to_close", fmt.Sprintf("must be longer than lock_timeout (%s)", c.LockTimeout), c.Saga.StartToClose.String())
	}
}
