package state

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"go.temporal.io/sdk/temporal"
)

// maxText is the longest text of a failure, in bytes: an environment that gives up prints
// the stacks of all coroutines.
const maxText = 2000

// Brief returns the beginning of a text.
func Brief(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + " …"
}

// Last keeps the last failure of an activity, for a saga that does not end. As the
// handler of the log it sees the causes that the kernel hides from clients.
type Last struct{ activity, text, cause string }

// Note notes how a call of an activity ended.
func (l *Last) Note(activity string, err error) {
	if err == nil {
		*l = Last{}
		return
	}
	text := texts(err)
	if l.cause != "" {
		text += ": " + l.cause
	}
	*l = Last{activity: activity, text: text}
}

// texts returns the code and the message of an activity's error.
func texts(err error) string {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return app.Type() + ": " + app.Message()
	}
	return err.Error()
}

// Suffix returns the failure as the end of a sentence; "" without one.
func (l *Last) Suffix() string {
	if l.text == "" {
		return ""
	}
	return "; the last error, of " + l.activity + ": " + Brief(l.text)
}

// Enabled implements [slog.Handler].
func (*Last) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

// Handle implements [slog.Handler].
func (l *Last) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" {
			l.cause = a.Value.String()
		}
		return true
	})
	return nil
}

// WithAttrs implements [slog.Handler].
func (l *Last) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements [slog.Handler].
func (l *Last) WithGroup(string) slog.Handler { return l }
