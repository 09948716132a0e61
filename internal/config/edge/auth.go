package edge

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/amends/amends/internal/config/setting"
)

// Who may order: callers with a token, or also guests.
const (
	Required = "required"
	Optional = "optional"
)

// leastGuestSecret is the shortest secret of guests, in bytes.
const leastGuestSecret = 24

// CheckAuth reports the rules that the settings of orders' callers break; api: this process
// serves them, with the secret that is configured.
func CheckAuth(p *setting.Problems, auth, guestSecret string, api bool) {
	if auth != "" && auth != Required && auth != Optional {
		p.Add("auth", "must be required or optional", auth)
	}
	switch n := len(guestSecret); {
	case n > 0 && n < leastGuestSecret:
		p.Add("guest_secret", "must have at least "+strconv.Itoa(leastGuestSecret)+" characters", "")
	case n == 0 && api && auth == Optional:
		p.Add("guest_secret", "must be set where auth is optional", "")
	}
}

// Local reports whether only this machine reaches an address, host:port.
func Local(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
