package platform

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// servicesData fills in the page of services.
type servicesData struct {
	Instances []contract.ServiceInstance
	Wrong     string
	Warnings  []string // of this process
	Ready     bool
	Own       own
}

// own is the view that this process has of others, as it measures it.
type own struct {
	Ejected      []ejected
	Certificates []certificate // in use
}

// ejected are the instances of a service that get no calls of this process for now.
type ejected struct {
	Service string
	Count   int
}

// certificate is one that this process proves itself by.
type certificate struct {
	Name string
	Ends time.Time
}

// ownOf reads the metrics of this process.
func ownOf(metrics string) (o own) {
	for line := range strings.Lines(metrics) {
		name, labels, value, ok := sample(strings.TrimSpace(line))
		switch {
		case !ok || value <= 0:
		case name == "amends_discovery_ejected":
			o.Ejected = append(o.Ejected, ejected{labels["service"], int(value)})
		case name == "amends_certificate_end_seconds":
			o.Certificates = append(o.Certificates, certificate{labels["name"], time.Unix(int64(value), 0)})
		}
	}
	return o
}

// Services answers with the page of instances.
func Services(v *visit.Visit) error {
	var d servicesData
	var all contract.ServiceInstances
	var health contract.Health
	var unlisted, unready error
	err := v.Admin.Together(
		func() { unlisted = v.Admin.Get(v.Ctx(), "/v1/services", nil, &all) },
		func() { unready = v.Admin.Get(v.Ctx(), "/readyz", nil, &health) },
		func() {
			if metrics, err := v.Admin.Text(v.Ctx(), "/metrics"); err == nil {
				d.Own = ownOf(metrics)
			}
		})
	if err != nil {
		return err //nolint:wrapcheck // it names the failure
	}
	if unlisted != nil {
		d.Wrong = visit.Wrong(unlisted)
	}
	d.Instances = all.Instances
	slices.SortStableFunc(d.Instances, func(a, b contract.ServiceInstance) int { return cmp.Compare(a.Service, b.Service) })
	if unready != nil {
		d.Warnings = []string{visit.Wrong(unready)}
	} else {
		d.Ready, d.Warnings = true, words.Deref(health.Warnings)
	}
	return v.Show("services", "Services", d)
}
