package background

import "context"

// signalBuffer is how many values a signal keeps for a test that is slow.
const signalBuffer = 100

// Signal reports events of background work to a test, which waits for them
// instead of sleeping. The zero Signal is off: production code pays one comparison.
type Signal[T any] struct{ values chan T }

// Enable turns the signal on. It must precede the work that emits.
func (s *Signal[T]) Enable() { s.values = make(chan T, signalBuffer) }

// Emit records a value. It does nothing on a signal that is off, and drops the
// value if the test has left too many unread.
func (s *Signal[T]) Emit(value T) {
	if s.values == nil {
		return
	}
	select {
	case s.values <- value:
	default:
	}
}

// Wait returns the oldest value that has not been read, or the error of ctx, which
// limits the wait.
func (s *Signal[T]) Wait(ctx context.Context) (value T, err error) {
	select {
	case value = <-s.values:
		return value, nil
	case <-ctx.Done():
		return value, context.Cause(ctx)
	}
}
