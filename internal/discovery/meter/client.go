package meter

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/amends/amends/internal/discovery"
	"github.com/amends/amends/internal/discovery/resolve"
)

var (
	instances = prometheus.NewDesc("amends_discovery_instances", "Instances of a service that this process calls.", []string{"service"}, nil)
	kept      = prometheus.NewDesc("amends_discovery_instances_kept", "Instances whose leases have ended, kept because most leases ended at once.", []string{"service"}, nil)
	stale     = prometheus.NewDesc("amends_discovery_stale", "1 while the registry does not answer and the last known instances are used.", []string{"service"}, nil)
	ejections = prometheus.NewDesc("amends_discovery_ejections_total", "Ejections of instances that failed repeatedly.", []string{"service"}, nil)
	ejected   = prometheus.NewDesc("amends_discovery_ejected", "Instances that get no calls of this process for now.", []string{"service"}, nil)
)

// Client collects the instances and ejections that the connections of a process see, as
// Prometheus metrics. The zero Client is ready to use.
type Client struct {
	mu       sync.Mutex
	services map[string]*seen
}

var _ interface {
	prometheus.Collector
	resolve.Observer
} = (*Client)(nil)

// seen is the view of one service.
type seen struct {
	instances, kept, ejections int
	stale                      bool
	until                      map[string]time.Time // the ends of ejections, by instance
}

func (c *Client) change(service string, f func(*seen)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.services == nil {
		c.services = map[string]*seen{}
	}
	s := c.services[service]
	if s == nil {
		s = &seen{until: map[string]time.Time{}}
		c.services[service] = s
	}
	f(s)
}

// Listed implements [resolve.Observer].
func (c *Client) Listed(service string, list discovery.Snapshot) {
	c.change(service, func(s *seen) {
		s.instances, s.kept, s.stale = len(list.Instances), list.Kept, list.Stale
		maps.DeleteFunc(s.until, func(id string, _ time.Time) bool {
			return !slices.ContainsFunc(list.Instances, func(i discovery.Instance) bool { return i.ID == id })
		})
	})
}

// Ejected implements [resolve.Observer].
func (c *Client) Ejected(service, instance string, until time.Time) {
	c.change(service, func(s *seen) {
		s.ejections++
		s.until[instance] = until
	})
}

// Describe implements [prometheus.Collector].
func (*Client) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{instances, kept, stale, ejections, ejected} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *Client) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for service, s := range c.services {
		gauge := func(d *prometheus.Desc, n int) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), service)
		}
		gauge(instances, s.instances)
		gauge(kept, s.kept)
		gauge(stale, boolean(s.stale))
		gauge(ejected, s.ejected(time.Now()))
		to <- prometheus.MustNewConstMetric(ejections, prometheus.CounterValue, float64(s.ejections), service)
	}
}

func (s *seen) ejected(now time.Time) (n int) {
	for _, until := range s.until {
		if now.Before(until) {
			n++
		}
	}
	return n
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
