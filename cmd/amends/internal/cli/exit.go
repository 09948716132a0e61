package cli

import "errors"

// exit is an error with an exit code of its own.
type exit struct {
	error

	code int
}

func (e exit) Unwrap() error { return e.error }

// WithCode returns err with an exit code for the process; nil stays nil.
func WithCode(err error, code int) error {
	if err == nil {
		return nil
	}
	return exit{err, code}
}

// ExitCode returns the exit code of a process that ends with err: that of
// [WithCode], otherwise 1.
func ExitCode(err error) int {
	if e, ok := errors.AsType[exit](err); ok {
		return e.code
	}
	return 1
}
