package files

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/amends/amends/fault"
)

// A certificate should have been renewed when a third of its life is left. Readiness
// degrades when a tenth is left: time to look, and too late to wait.
const lastPart = 10

// Ready returns nil while every certificate is valid. Its error is a fault that names
// the certificate.
func (f *Files) Ready() error {
	for _, name := range f.config.Names {
		pair, err := f.Certificate(name)
		if err != nil {
			return fault.Errorf(fault.Transient, fault.Unavailable, "%w", err)
		}
		if now := f.Now(); now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
			return fault.Errorf(fault.Transient, fault.Unavailable, "the certificate of %s is valid from %s to %s only", name,
				pair.Leaf.NotBefore.UTC().Format(time.RFC3339), pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// Warnings returns a text for each certificate that ends soon, and for files that are
// not used.
func (f *Files) Warnings() (all []string) {
	for _, name := range f.config.Names {
		pair, err := f.Certificate(name)
		if err != nil {
			continue
		}
		left, life := pair.Leaf.NotAfter.Sub(f.Now()), pair.Leaf.NotAfter.Sub(pair.Leaf.NotBefore)
		if left < life/lastPart {
			all = append(all, fmt.Sprintf("the certificate of %s ends in %s and has not been renewed", name, left.Round(time.Second)))
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refused != "" {
		all = append(all, "a certificate file is not used: "+f.refused)
	}
	return all
}

// Measure registers the metrics: when each certificate ends, in Unix seconds
// (amends_certificate_end_seconds), and how many looks found a content that could not be
// used (amends_certificate_reload_failures_total).
func (f *Files) Measure(to metric.MeterProvider) error {
	meter := to.Meter("amends/identity")
	ends, err := meter.Float64ObservableGauge("amends_certificate_end_seconds",
		metric.WithDescription("When the certificate in use ends, in Unix seconds."))
	if err != nil {
		return fmt.Errorf("metrics of certificates: %w", err)
	}
	failures, err := meter.Int64ObservableCounter("amends_certificate_reload_failures_total",
		metric.WithDescription("Looks at the files that found a content that could not be used."))
	if err != nil {
		return fmt.Errorf("metrics of certificates: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for name, value := range f.pairs {
			pair := value.Get()
			o.ObserveFloat64(ends, float64(pair.Leaf.NotAfter.Unix()), metric.WithAttributes(attribute.String("name", name)))
		}
		o.ObserveInt64(failures, f.failed.Load())
		return nil
	}, ends, failures)
	if err != nil {
		return fmt.Errorf("metrics of certificates: %w", err)
	}
	return nil
}
