package config

import "github.com/amends/amends/internal/config/edge"

// Guests reports whether callers without a token may order. c must be valid.
func (c *Config) Guests() bool { return c.Auth == edge.Optional }

// LetGuestsIn makes Auth optional if it is empty and HTTPAddr is one of this machine.
func (c *Config) LetGuestsIn() {
	if c.Auth == "" && edge.Local(c.HTTPAddr) {
		c.Auth = edge.Optional
	}
}
