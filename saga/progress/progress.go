// Package progress carries the progress of a long step from the service that takes it
// to the kernel that waits for it. A service reports without knowing the kernel.
package progress

import "context"

type listenerKey struct{}

// With returns a context whose reports go to listen, which several goroutines may call
// at the same time.
func With(ctx context.Context, listen func(done int)) context.Context {
	return context.WithValue(ctx, listenerKey{}, listen)
}

// Report says that the step's attempt is alive, and that done parts of its work are
// recorded, by this attempt and those before it: a later attempt does not repeat them.
// A do and an undo each count for themselves. Without a listener it does nothing.
func Report(ctx context.Context, done int) {
	if listen, ok := ctx.Value(listenerKey{}).(func(int)); ok {
		listen(done)
	}
}
