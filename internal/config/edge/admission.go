package edge

import (
	"fmt"
	"strconv"
	"time"

	"github.com/amends/amends/internal/config/setting"
)

// Admission bounds the orders that the API lets in: more than the platform decides in
// time are refused with OVERLOADED before anything starts.
type Admission struct {
	// MinInFlight is how many placements each API process lets in at a time, however
	// slow they are; up to MaxInFlight the number follows Latency. 1 to 100000.
	// Default: 4.
	MinInFlight int `key:"min_in_flight"`

	// MaxInFlight is the upper bound; MinInFlight to 100000. Default: 256.
	MaxInFlight int `key:"max_in_flight"`

	// Latency is how long a placement may take before fewer are let in; 10ms to 15s, and
	// half of placement_timeout if that is less. Default: 1s.
	Latency time.Duration `key:"latency"`

	// Wait is how long a placement waits for its turn before it is refused; 1ms to 10s.
	// Default: 1s.
	Wait time.Duration `key:"wait"`

	// Backlog is how long the steps of a new order may have to wait for workers, as the
	// engine's task queues tell: behind so long a wait no more orders are let in than
	// workers take, and behind twice as long a one none; 1s to 1h. If twice the value is
	// above stuck.not_taken, orders that wait count as stuck. Default: 10s.
	Backlog time.Duration `key:"backlog"`
}

// DefaultAdmission returns the defaults.
func DefaultAdmission() Admission {
	return Admission{MinInFlight: 4, MaxInFlight: 256, Latency: time.Second, Wait: time.Second, Backlog: 10 * time.Second}
}

// Check reports the rules that the section breaks.
func (a Admission) Check(p *setting.Problems) {
	const most = 100_000
	if a.MinInFlight < 1 || a.MinInFlight > most {
		p.Add("admission.min_in_flight", "must be from 1 to 100000", strconv.Itoa(a.MinInFlight))
	}
	if a.MaxInFlight < a.MinInFlight || a.MaxInFlight > most {
		p.Add("admission.max_in_flight", "must be from admission.min_in_flight to 100000", strconv.Itoa(a.MaxInFlight))
	}
	between := func(key string, d, least, most time.Duration) {
		if d < least || d > most {
			p.Add(key, fmt.Sprintf("must be from %s to %s", least, most), d.String())
		}
	}
	between("admission.latency", a.Latency, 10*time.Millisecond, 15*time.Second)
	between("admission.wait", a.Wait, time.Millisecond, 10*time.Second)
	between("admission.backlog", a.Backlog, time.Second, time.Hour)
}
