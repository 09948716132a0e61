package engine

import (
	"context"
	"log/slog"
)

// calmly lowers what the SDK says about an attempt that failed from ERROR to
// INFO: attempts fail and are retried, that is what the engine is for. What lasts
// is flagged by the saga, and what is no fault of a service is logged as an
// error where it happens.
type calmly struct{ slog.Handler }

// attemptFailed is the SDK's message for every failed attempt.
const attemptFailed = "Activity error."

// Handle implements [slog.Handler].
func (h calmly) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == attemptFailed && r.Level == slog.LevelError {
		r.Level = slog.LevelInfo
		if !h.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h calmly) WithAttrs(attrs []slog.Attr) slog.Handler { return calmly{h.Handler.WithAttrs(attrs)} }

// WithGroup implements [slog.Handler].
func (h calmly) WithGroup(name string) slog.Handler { return calmly{h.Handler.WithGroup(name)} }
