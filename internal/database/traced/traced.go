// Package traced makes OpenTelemetry spans of the statements of a database.
package traced

import (
	"context"
	"database/sql/driver"

	"github.com/XSAM/otelsql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// Options returns how a pool makes spans on the global tracer: one for each statement
// within a trace, with its text and without its values. Statements outside of a trace,
// such as those of a poll, make none. system is the database's.
func Options(system attribute.KeyValue) []otelsql.Option {
	return []otelsql.Option{otelsql.WithAttributes(system), otelsql.WithSpanOptions(otelsql.SpanOptions{
		OmitConnResetSession: true, OmitConnectorConnect: true, OmitRows: true, OmitConnPrepare: true, DisableErrSkip: true,
		SpanFilter: func(ctx context.Context, _ otelsql.Method, _ string, _ []driver.NamedValue) bool {
			return trace.SpanContextFromContext(ctx).IsValid()
		},
	})}
}
