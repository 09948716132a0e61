// Package edge has the settings of the API's edge: the requests that it takes, and how many
// of a caller.
package edge

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/amends/amends/internal/config/setting"
	"github.com/amends/amends/internal/quota"
)

// HTTP says which requests the API takes. Its lists have commas between their entries.
type HTTP struct {
	// Hosts are the names that clients reach the API under, such as shop.example,
	// *.shop.example, or * for any; a request for another one is answered 421. Addresses and
	// localhost need no name. Default: empty.
	Hosts string `key:"hosts" help:"names that the API answers for, beside localhost"`

	// Origins are sites, such as https://shop.example, whose pages may change anything
	// although they are of another host than the API. Default: empty.
	Origins string `key:"origins"`

	// TrustedProxies are networks, such as 10.0.0.0/8, whose X-Forwarded-For has the
	// client's address. Empty: the address is that of the connection. Default: empty.
	TrustedProxies string `key:"trusted_proxies"`
}

// hostName matches a name, or all names below one.
var hostName = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)

// Lists returns the entries of the settings. The section must be valid.
func (h HTTP) Lists() (hosts, origins []string, proxies []netip.Prefix) {
	return list(h.Hosts), list(h.Origins), prefixes(h.TrustedProxies)
}

// Check reports the rules that the section breaks.
func (h HTTP) Check(p *setting.Problems) {
	for _, entry := range list(h.Hosts) {
		if entry != "*" && !hostName.MatchString(entry) {
			p.Add("http.hosts", "must be names such as shop.example or *.shop.example, with commas between them", entry)
		}
	}
	for _, entry := range list(h.Origins) {
		if err := http.NewCrossOriginProtection().AddTrustedOrigin(entry); err != nil {
			p.Add("http.origins", "must be sites such as https://shop.example, with commas between them", entry)
		}
	}
	networks(p, "http.trusted_proxies", h.TrustedProxies)
}

// Limits are the quotas of one caller: an account, an API key, a certificate, or else an
// address. All gateways together grant a quota, each an equal share. A quota such as
// "burst=10/1s, sustained=300/1m" has a name, a number and a window; with several, a
// request needs room in all. Empty: no limit.
type Limits struct {
	// Browse is for questions about products, stock, and whole orders. Default:
	// burst=50/1s, sustained=1200/1m.
	Browse string `key:"browse"`
	// Read is for reading an order. Default: burst=50/1s, sustained=1200/1m.
	Read string `key:"read"`
	// Place is for placing orders. Default: burst=20/1s, sustained=300/1m.
	Place string `key:"place"`
	// Cancel is for cancelling orders. Default: burst=20/1s, sustained=300/1m.
	Cancel string `key:"cancel"`
	// Enter is for registrations, log-ins, the tokens of mails, and, by address, credentials
	// that are refused. Default: burst=10/1s, sustained=60/1m.
	Enter string `key:"enter"`
	// Account is for the caller's own account, and for refreshing a session. Default:
	// burst=50/1s, sustained=600/1m.
	Account string `key:"account"`

	// Shadow are classes whose limits are only counted: browse, read, place, cancel, enter,
	// account, with commas between them. Default: empty.
	Shadow string `key:"shadow"`

	// Exempt are networks that are not limited, with commas between them. Default:
	// 127.0.0.0/8, ::1/128, this machine. Behind a proxy on this machine, which makes every
	// caller look local, set http.trusted_proxies.
	Exempt string `key:"exempt"`

	// Streams is how many streams of events of orders one caller may have open at one
	// API at a time. 1 to 1000. Default: 16.
	Streams int `key:"streams"`

	// Callers is how many callers are remembered; of more, the one that called least
	// recently is forgotten. 1 to 10000000. Default: 100000, at about 400 bytes each.
	Callers int `key:"callers"`
}

// DefaultLimits returns the defaults.
func DefaultLimits() Limits {
	const questions, orders = "burst=50/1s, sustained=1200/1m", "burst=20/1s, sustained=300/1m"
	return Limits{
		Browse: questions, Read: questions, Place: orders, Cancel: orders, Enter: "burst=10/1s, sustained=60/1m", Account: "burst=50/1s, sustained=600/1m",
		Exempt: "127.0.0.0/8, ::1/128", Streams: 16, Callers: 100_000,
	}
}

func (l Limits) texts() map[string]string {
	return map[string]string{"browse": l.Browse, "read": l.Read, "place": l.Place, "cancel": l.Cancel, "enter": l.Enter, "account": l.Account}
}

// Lists returns the entries of the settings. The section must be valid.
func (l Limits) Lists() (shadow []string, exempt []netip.Prefix) {
	return list(l.Shadow), prefixes(l.Exempt)
}

// Classes returns the quotas of each class. The section must be valid.
func (l Limits) Classes() map[string][]quota.Quota {
	all := map[string][]quota.Quota{}
	for class, text := range l.texts() {
		all[class], _ = quota.Parse(text)
	}
	return all
}

// Check reports the rules that the section breaks.
func (l Limits) Check(p *setting.Problems) {
	classes := []string{"browse", "read", "place", "cancel", "enter", "account"}
	for _, class := range classes {
		if _, err := quota.Parse(l.texts()[class]); err != nil {
			p.Add("limits."+class, "must be quotas such as burst=10/1s, sustained=300/1m: "+err.Error(), "")
		}
	}
	for _, entry := range list(l.Shadow) {
		if !slices.Contains(classes, entry) {
			p.Add("limits.shadow", "must be of "+strings.Join(classes, ", "), entry)
		}
	}
	networks(p, "limits.exempt", l.Exempt)
	if l.Streams < 1 || l.Streams > 1000 {
		p.Add("limits.streams", "must be from 1 to 1000", strconv.Itoa(l.Streams))
	}
	if l.Callers < 1 || l.Callers > 10_000_000 {
		p.Add("limits.callers", "must be from 1 to 10000000", strconv.Itoa(l.Callers))
	}
}

func networks(p *setting.Problems, key, text string) {
	for _, entry := range list(text) {
		if _, err := netip.ParsePrefix(entry); err != nil {
			p.Add(key, "must be networks such as 10.0.0.0/8, with commas between them", entry)
		}
	}
}

func prefixes(text string) (all []netip.Prefix) {
	for _, entry := range list(text) {
		if p, err := netip.ParsePrefix(entry); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// list returns the entries of a setting, which commas separate.
func list(text string) (all []string) {
	for entry := range strings.SplitSeq(text, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, entry)
		}
	}
	return all
}
