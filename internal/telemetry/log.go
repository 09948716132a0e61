// Package telemetry sets up logging and metrics of a process. Neither contains
// personal data: ids are opaque, and messages are those of package fault.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/amends/amends/internal/identity"
)

// NewLogger returns a logger that writes to w. level is debug, info, warn or error;
// format is text or json.
func NewLogger(w io.Writer, level, format string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: must be debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: least}
	switch format {
	case "text":
		return slog.New(placed{slog.NewTextHandler(w, options)}), nil
	case "json":
		return slog.New(placed{slog.NewJSONHandler(w, options)}), nil
	default:
		return nil, fmt.Errorf("log format %q: must be text or json", format)
	}
}

// placed adds to a record the span in which it is logged, by its ids, and the caller of
// the call in which it is.
type placed struct{ slog.Handler }

// Handle implements [slog.Handler].
func (p placed) Handle(ctx context.Context, r slog.Record) error {
	r = r.Clone()
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	if caller := identity.Caller(ctx); caller != "" {
		r.AddAttrs(slog.String("caller", caller))
	}
	return p.Handler.Handle(ctx, r) //nolint:wrapcheck // it implements the same interface
}

// WithAttrs implements [slog.Handler].
func (p placed) WithAttrs(attrs []slog.Attr) slog.Handler { return placed{p.Handler.WithAttrs(attrs)} }

// WithGroup implements [slog.Handler].
func (p placed) WithGroup(name string) slog.Handler { return placed{p.Handler.WithGroup(name)} }
