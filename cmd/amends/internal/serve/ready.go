package serve

import (
	"cmp"
	"context"

	"github.com/amends/amends/cmd/amends/internal/peers"
	"github.com/amends/amends/internal/probe"
)

// Readiness is that of a process that does some work, calls others, and has warnings.
func Readiness(work func(context.Context) error, others *peers.Peers, warnings ...func() []string) probe.Probe {
	return probe.Probe{
		Ready: func(ctx context.Context) error { return cmp.Or(work(ctx), others.Ready()) },
		Warnings: func() []string {
			all := others.Warnings()
			for _, more := range warnings {
				all = append(all, more()...)
			}
			return all
		},
	}
}
