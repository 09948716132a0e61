package config

import (
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/internal/config/edge"
	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/service"
	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/engine/sealed"
)

// Needs lists the settings that a process cannot start without.
type Needs struct {
	// Services are the names of the services whose databases the process opens.
	Services []string
	// Temporal: the process connects to a configured engine. Then TEMPORAL_*
	// variables and profiles are checked too.
	Temporal bool
	// API: the process answers clients at http_addr.
	API bool
	// Dev: the process is `amends dev`, which starts an engine of its own unless
	// temporal.address names one.
	Dev bool
}

// Validate returns every rule that c breaks as [setting.Problems], nil for none. environ has
// the TEMPORAL_* variables, as [os.Environ] returns them.
func (c *Config) Validate(needs Needs, environ []string) error {
	var p setting.Problems
	c.check(&p, needs, environ)
	return p.Err()
}

// Operators returns the operators of OperatorTokens. c must be valid.
func (c *Config) Operators() []secret.Operator {
	all, _ := secret.Operators(c.OperatorTokens)
	return all
}

// installation matches the allowed names of installations.
var installation = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func (c *Config) check(p *setting.Problems, needs Needs, environ []string) {
	if c.Installation != "" && !installation.MatchString(c.Installation) {
		p.Add("installation", "must be 1 to 63 letters, digits, dots, dashes or underscores", c.Installation)
	}
	c.checkAddresses(p)
	c.Services.Check(p, needs.Services)
	if c.DatabaseURL != "" {
		if rule := c.DatabaseURL.ServerRule(); rule != "" {
			p.Add("database_url", rule, c.DatabaseURL.String())
		}
	}
	service.CheckMail(p, string(c.SMTPURL), c.MailFrom, c.PublicURL)
	c.checkTimes(p)
	c.Broker.Check(p)
	c.HTTP.Check(p)
	c.Seller.Check(p)
	c.TLS.Check(p)
	if needs.API || needs.Dev {
		c.TLS.CheckPlain(p, c.HTTPAddr, c.InsecureHTTP)
	}
	edge.CheckAuth(p, c.Auth, string(c.GuestSecret), needs.API)
	c.Legacy.Check(p)
	c.Limits.Check(p)
	c.Admission.Check(p)
	c.Worker.Check(p)
	c.RPC.Check(p)
	c.Stuck.Check(p)
	c.Doctor.Check(p)
	c.Identity.Check(p)
	_, rules := secret.Operators(c.OperatorTokens)
	for _, rule := range rules {
		p.Add("operator_tokens", rule, "")
	}
	_, rules = sealed.Parse(string(c.PayloadKeys))
	for _, rule := range rules {
		p.Add("payload_keys", rule, "")
	}
	if needs.Dev {
		c.Temporal.CheckDev(p)
	}
	c.Temporal.Check(p, needs.Temporal || needs.Dev && c.Temporal.Address != "", environ)
	c.Log.Check(p)
	c.checkDataDir(p, needs.Dev && c.Temporal.Address == "")
}

// partOfURL matches texts that are not themselves in the path of a URL.
var partOfURL = regexp.MustCompile(`[#?]|%[0-9A-Fa-f]{2}`)

// checkDataDir checks the folder whose path becomes a part of the databases' names;
// devServer: also of the dev server's database, which takes its name for a URL.
func (c *Config) checkDataDir(p *setting.Problems, devServer bool) {
	switch database := secret.DSN("sqlite:" + filepath.Join(c.DataDir, "x.db")); {
	case c.DataDir == "":
		p.Add("data_dir", "must not be empty", "")
	case devServer && partOfURL.MatchString(c.DataDir):
		p.Add("data_dir", "must not have #, ? or % with two digits, because the Temporal dev server takes it for a URL", c.DataDir)
	case database.Rule() != "":
		p.Add("data_dir", "must not have a ? or a character that cannot be seen", c.DataDir)
	}
}

func (c *Config) checkAddresses(p *setting.Problems) {
	address(p, "http_addr", c.HTTPAddr)
	address(p, "admin_addr", c.AdminAddr)
	address(p, "broker.listen", c.Broker.Listen)
	if c.HTTPAddr == c.AdminAddr && !strings.HasSuffix(c.HTTPAddr, ":0") {
		p.Add("admin_addr", "must differ from http_addr", c.AdminAddr)
	}
	port(p, "temporal_port", c.TemporalPort)
	port(p, "ui_port", c.UIPort)
	if c.TemporalPort == c.UIPort && c.UIPort != 0 {
		p.Add("ui_port", "must differ from temporal_port", strconv.Itoa(c.UIPort))
	}
}

func address(p *setting.Problems, key, value string) {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		p.Add(key, "must be host:port", value)
		return
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		p.Add(key, "must have a port from 0 to 65535", value)
	}
}

func port(p *setting.Problems, key string, n int) {
	if n < 0 || n > 65535 {
		p.Add(key, "must be a port from 0 to 65535", strconv.Itoa(n))
	}
}

// ownBounds are durations whose sections bound them, because 0 means something.
var ownBounds = []string{"doctor.every", "doctor.whole_every", "doctor.whole_at"}

func (c *Config) checkTimes(p *setting.Problems) {
	for key, d := range setting.Durations(setting.Keys(c)) {
		if d < time.Millisecond && !slices.Contains(ownBounds, key) && (key != "lock_timeout" || d < 0) {
			p.Add(key, "must be at least 1ms", d.String())
		}
	}
	if d := c.PlacementTimeout; d < 100*time.Millisecond || d > 30*time.Second {
		p.Add("placement_timeout", "must be from 100ms to 30s", d.String())
	}
	c.Saga.Check(p, c.LockTimeout)
}
