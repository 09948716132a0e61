package serve

import (
	"github.com/amends/amends/api"
	"github.com/amends/amends/internal/config"
)

// configureEdge sets the part of o that is about every request.
func configureEdge(o *api.Config, c *config.Config) {
	o.Hosts, o.Origins, o.TrustedProxies = c.HTTP.Lists()
	o.Limits.Shadow, o.Exempt = c.Limits.Lists()
	o.Limits.Classes, o.Limits.Callers = c.Limits.Classes(), c.Limits.Callers
}
