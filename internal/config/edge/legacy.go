package edge

import (
	"strconv"
	"time"

	"github.com/amends/amends/internal/config/secret"
	"github.com/amends/amends/internal/config/setting"
)

// leastLegacySecret is the shortest secret between the API and programs behind it, in bytes.
const leastLegacySecret = 24

// Legacy leads some requests to a program behind the API, which the services replace route by
// route.
type Legacy struct {
	// File is a YAML file of upstreams and routes, which the admin address rewrites: its folder
	// must be writable. It is read again when it changes. APIs that share it have the same
	// routes. Empty: there are none. Default: empty.
	File string `key:"file" help:"YAML file of routes that lead to a program behind the API"`

	// Every is the time between two looks at File. Default: 1s.
	Every time.Duration `key:"every"`

	// Secret signs the account of a request for the programs, in the header Amends-Account: at
	// least 24 characters, the same for every API. Empty: they are not told. Default: empty.
	Secret secret.Text `key:"secret"`
}

// DefaultLegacy returns the defaults.
func DefaultLegacy() Legacy { return Legacy{Every: time.Second} }

// Check reports the rules that the section breaks.
func (l Legacy) Check(p *setting.Problems) {
	if n := len(l.Secret); n > 0 && n < leastLegacySecret {
		p.Add("legacy.secret", "must have at least "+strconv.Itoa(leastLegacySecret)+" characters", "")
	}
}
