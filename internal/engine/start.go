package engine

import (
	"context"
	"errors"
	"sync"

	"go.temporal.io/api/serviceerror"
	sdkworker "go.temporal.io/sdk/worker"

	"github.com/amends/amends/fault"
)

// NotStarted returns why the worker of a service did not start, as a transient fault if retrying
// can fix it.
func NotStarted(name string, err error) error {
	kind, code := fault.Bug, fault.Internal
	var unavailable *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	var busy *serviceerror.ResourceExhausted
	if errors.As(err, &unavailable) || errors.As(err, &late) || errors.As(err, &busy) || errors.Is(err, context.DeadlineExceeded) {
		kind, code = fault.Transient, fault.Unavailable
	}
	return fault.Errorf(kind, code, "start worker of %s: %w", name, err)
}

// Stop drains the workers, all at the same time: each has the whole drain time.
func Stop(workers []sdkworker.Worker) {
	var drained sync.WaitGroup
	for _, w := range workers {
		drained.Go(w.Stop)
	}
	drained.Wait()
}
