package config

import (
	"slices"
	"strings"

	"github.com/amends/amends/internal/config/setting"
)

// Log says which records are logged, and how. Logs go to standard error.
type Log struct {
	// Level is the lowest level that is logged: debug, info, warn or error. Empty:
	// warn in `amends dev`, whose terminal is for people, and info elsewhere.
	// Default: empty.
	Level string `key:"level" help:"debug, info, warn or error"`

	// Format is text or json. Default: text.
	Format string `key:"format" help:"text or json"`
}

// Check reports the rules that the section breaks.
func (l Log) Check(p *setting.Problems) {
	if l.Level != "" {
		oneOf(p, "log.level", l.Level, "debug", "info", "warn", "error")
	}
	oneOf(p, "log.format", l.Format, "text", "json")
}

func oneOf(p *setting.Problems, key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.Add(key, "must be one of "+strings.Join(allowed, ", "), value)
	}
}
