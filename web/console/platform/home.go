// Package platform has the pages that are about no single order: what needs a person, events
// and dead letters, instances, the doctor, cases, the list of requests, and those that only
// `amends dev` has.
package platform

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/internal/recent"
	"github.com/amends/amends/web/console/visit"
)

// homeData fills in the home page.
type homeData struct {
	Overview *contract.Overview // nil: it cannot be made now
	Trouble  string             // why
	Letters  *contract.Tally    // nil: this process has none to show
	Lag      *contract.Projection
	Stuck    *stuck // nil: this process does not look for them
	Calm     bool
}

// stuck are the undecided orders that make no progress, as the worker of the order service
// measures them.
type stuck struct {
	Count    int
	Causes   string
	Oldest   time.Time // zero: not known
	LastHour int
	Trend    []int64 // of the last hour; nil: not known
}

// Home answers with the home page.
func Home(v *visit.Visit) error {
	d, err := readHome(v)
	if err != nil {
		return err
	}
	return v.ShowLive("home", "Home", visit.Below+"/stream", d)
}

// readHome asks for all parts of the page. A part that is not there is left out, and said to
// be: the page is needed most when something is down.
func readHome(v *visit.Visit) (d homeData, err error) {
	var o contract.Overview
	var unread error
	err = v.Admin.Together(
		func() { unread = v.Admin.Get(v.Ctx(), "/v1/overview", nil, &o) }, func() { d.Letters = countLetters(v) },
		func() { d.Lag = worst(v) }, func() { d.Stuck = countStuck(v) })
	if err != nil {
		return d, err //nolint:wrapcheck // it names the failure
	}
	if unread != nil {
		d.Trouble = unread.Error()
	} else {
		d.Overview = &o
	}
	d.Calm = d.Overview != nil && (d.Stuck == nil || d.Stuck.Count == 0) && o.Flagged.Count == 0 && o.Overdue.Count == 0 && (d.Letters == nil || d.Letters.Count == 0) &&
		(d.Lag == nil || d.Lag.LagSeconds < late)
	return d, nil
}

// worst returns the part of the read model that is behind the most, nil if that is not known.
func worst(v *visit.Visit) *contract.Projection {
	var p contract.Projections
	if err := v.Admin.Get(v.Ctx(), "/v1/projections", nil, &p); err != nil || len(p.Projections) == 0 {
		return nil
	}
	return new(slices.MaxFunc(p.Projections, func(a, b contract.Projection) int { return cmp.Compare(a.LagSeconds, b.LagSeconds) }))
}

// countStuck reads the measurement of this process.
func countStuck(v *visit.Visit) *stuck {
	metrics, err := v.Admin.Text(v.Ctx(), "/metrics")
	if err != nil {
		return nil
	}
	found, measured := &stuck{}, false
	for line := range strings.Lines(metrics) {
		name, labels, value, ok := sample(strings.TrimSpace(line))
		switch {
		case !ok || value <= 0 && name != "amends_orders_stuck":
		case name == "amends_orders_stuck_since_timestamp_seconds":
			found.Oldest = time.UnixMilli(int64(value * 1000))
		case name == "amends_orders_stuck_last_hour":
			found.LastHour = int(value)
		case name == "amends_orders_stuck_arrived":
			found.arrived(labels["minutes_ago"], value)
		case name == "amends_orders_stuck":
			measured = true
			if value > 0 {
				found.Count += int(value)
				found.Causes = strings.TrimPrefix(found.Causes+", "+strings.ReplaceAll(labels["cause"], "_", " "), ", ")
			}
		}
	}
	if !measured {
		return nil
	}
	return found
}

// arrived counts those that stopped some minutes ago.
func (s *stuck) arrived(minutesAgo string, n float64) {
	minutes, err := strconv.Atoi(minutesAgo)
	for now := time.Now(); err == nil && n > 0; n-- {
		s.Trend = recent.Add(s.Trend, now.Add(-time.Duration(minutes)*time.Minute), now)
	}
}

// late is the lag, in seconds, from which on the read model is behind.
const late = 5

// countLetters counts the dead letters of this process, at most 100 of them.
func countLetters(v *visit.Visit) *contract.Tally {
	var page contract.DeadLetters
	if err := v.Admin.Get(v.Ctx(), "/v1/dead-letters", url.Values{"limit": {"100"}}, &page); err != nil {
		return nil
	}
	t := &contract.Tally{Count: int64(len(page.DeadLetters))}
	var trend []int64
	for _, l := range page.DeadLetters {
		trend = recent.Add(trend, l.Since, v.Config.Now())
		if v.Config.Now().Sub(l.Since) <= time.Hour {
			t.LastHour++
		}
		if t.Oldest == nil || l.Since.Before(*t.Oldest) {
			t.Oldest = new(l.Since)
		}
	}
	t.Trend = &trend
	return t
}

// HomeStream keeps the home page up to date.
func HomeStream(v *visit.Visit) error {
	return v.Follow(2*time.Second, func() (string, bool, error) {
		d, err := readHome(v)
		if err != nil {
			return "", false, err
		}
		html, err := v.Part("home", d)
		return html, false, err
	})
}
