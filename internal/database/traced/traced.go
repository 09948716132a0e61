// Package traced makes OpenTelemetry spans of the statements of a database.
package traced

import (
	"context"
	"database/sql/driver"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Options returns how a pool makes spans on the global tracer: one for each statement
// within a trace that is sampled, with its text, without its values, and with the class
// of its error (see [class]). Statements outside of a trace, such as those of a poll, make
// none. system is the database's.
func Options(system attribute.KeyValue) []otelsql.Option {
	discreet := otelsql.WithTracerProvider(provider{otel.GetTracerProvider()})
	return []otelsql.Option{discreet, otelsql.WithAttributes(system), otelsql.WithSpanOptions(otelsql.SpanOptions{
		OmitConnResetSession: true, OmitConnectorConnect: true, OmitRows: true, OmitConnPrepare: true, DisableErrSkip: true,
		SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
			return trace.SpanContextFromContext(ctx).IsSampled()
		},
	})}
}
