package engine

import (
	"context"
	"log/slog"
)

// calmly lowers the SDK's message about a failed attempt from ERROR to INFO:
// failed attempts are normal, and the engine retries them. The saga flags lasting
// failures, and errors outside of services are logged where they happen.
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
