package engine

import (
	"context"
	"log/slog"

	"google.golang.org/protobuf/proto"
)

// calmly lowers the SDK's messages about failed attempts to INFO: failed attempts are
// normal, and the engine retries them. The saga flags lasting failures, and errors
// outside of services are logged where they happen. A poll that the end of its worker
// cuts off is normal too.
type calmly struct{ slog.Handler }

// attemptFailed has the SDK's messages: of every failed attempt, and of a local one that
// took longer than its limit, as the first try of an express step may.
var attemptFailed = map[string]slog.Level{
	"Activity error.": slog.LevelError,
	"LocalActivity completed after activity deadline.": slog.LevelWarn,
}

// Handle implements [slog.Handler].
func (h calmly) Handle(ctx context.Context, r slog.Record) error {
	if level, ok := attemptFailed[r.Message]; ok && r.Level == level || stopped(r) {
		r.Level = slog.LevelInfo
		if !h.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return h.Handler.Handle(ctx, r)
}

// stopped reports whether r says that a poll has failed because its worker stops. The SDK
// does not export that error.
func stopped(r slog.Record) (is bool) {
	if r.Message != "Failed to poll for task." {
		return false
	}
	r.Attrs(func(a slog.Attr) bool {
		err, ok := a.Value.Any().(error)
		is = is || ok && err.Error() == "worker stopping"
		return !is
	})
	return is
}

// WithAttrs implements [slog.Handler].
func (h calmly) WithAttrs(attrs []slog.Attr) slog.Handler { return calmly{h.Handler.WithAttrs(attrs)} }

// WithGroup implements [slog.Handler].
func (h calmly) WithGroup(name string) slog.Handler { return calmly{h.Handler.WithGroup(name)} }

// discreet takes the engine's messages out of the SDK's log lines. One of them, about
// an activity that ended after its time, has the activity's whole result; others may
// get a payload in a later version. Payloads may hold personal data.
type discreet struct{ slog.Handler }

// withheld stands for a message of the engine.
var withheld = slog.StringValue("withheld")

// Handle implements [slog.Handler].
func (h discreet) Handle(ctx context.Context, r slog.Record) error {
	all := make([]slog.Attr, 0, r.NumAttrs())
	r.Attrs(func(a slog.Attr) bool {
		all = append(all, a)
		return true
	})
	clean := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	clean.AddAttrs(withhold(all)...)
	return h.Handler.Handle(ctx, clean)
}

// WithAttrs implements [slog.Handler].
func (h discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return discreet{h.Handler.WithAttrs(withhold(attrs))}
}

// WithGroup implements [slog.Handler].
func (h discreet) WithGroup(name string) slog.Handler { return discreet{h.Handler.WithGroup(name)} }

// withhold replaces the messages of the engine in attrs, also in groups.
func withhold(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		a.Value = a.Value.Resolve()
		if a.Value.Kind() == slog.KindGroup {
			a.Value = slog.GroupValue(withhold(a.Value.Group())...)
		} else if _, ok := a.Value.Any().(proto.Message); ok {
			a.Value = withheld
		}
		clean[i] = a
	}
	return clean
}
