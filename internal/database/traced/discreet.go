package traced

import (
	"context"
	"errors"
	"fmt"

	semconv "go.opentelemetry.io/otel/semconv/v1.37.0"
	"go.opentelemetry.io/otel/trace"
)

// provider gives out tracers whose spans keep the class of an error. The text of an error
// may quote a value of the statement.
type provider struct{ trace.TracerProvider }

// Tracer implements [trace.TracerProvider].
func (p provider) Tracer(name string, o ...trace.TracerOption) trace.Tracer {
	return tracer{p.TracerProvider.Tracer(name, o...)}
}

type tracer struct{ trace.Tracer }

// Start implements [trace.Tracer].
func (t tracer) Start(ctx context.Context, name string, o ...trace.SpanStartOption) (context.Context, trace.Span) {
	ctx, s := t.Tracer.Start(ctx, name, o...)
	return ctx, span{s}
}

type span struct{ trace.Span }

// RecordError implements [trace.Span].
func (s span) RecordError(err error, _ ...trace.EventOption) {
	s.SetAttributes(semconv.ErrorTypeKey.String(class(err)))
}

// class returns the SQLSTATE of an error of PostgreSQL, the result code of one of SQLite,
// otherwise the Go type.
func class(err error) string {
	var postgres interface{ SQLState() string }
	var sqlite interface{ Code() int }
	switch {
	case errors.As(err, &postgres):
		return postgres.SQLState()
	case errors.As(err, &sqlite):
		return fmt.Sprintf("SQLITE_%d", sqlite.Code())
	default:
		return fmt.Sprintf("%T", err)
	}
}
