package gather

import (
	"fmt"
	"runtime/debug"

	"github.com/amends/amends/fault"
)

// Guard returns f with a panic as [ErrBroken], a bug whose cause has the stack. Goroutines that
// work for a request need it: the edge recovers the panics of the request's own, and one of any
// other goroutine ends the process.
func Guard(f func() error) func() error {
	return func() (err error) {
		defer func() {
			if r := recover(); r != nil {
				cause := fmt.Errorf("panic of type %T: %w\n%s", r, ErrBroken, debug.Stack()) // its value may hold anything
				err = fault.Wrap(cause, fault.Bug, fault.Internal, "a part of the answer panicked")
			}
		}()
		return f()
	}
}
