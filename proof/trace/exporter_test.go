package trace_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// exporter keeps spans in memory.
type exporter struct {
	mu    sync.Mutex
	spans []sdktrace.ReadOnlySpan
}

// register makes e the exporter that OTEL_TRACES_EXPORTER names so.
func (e *exporter) register() (name string) {
	autoexport.RegisterSpanExporter("memory", func(context.Context) (sdktrace.SpanExporter, error) { return e, nil })
	return "memory"
}

// ExportSpans implements [sdktrace.SpanExporter].
func (e *exporter) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spans = append(e.spans, spans...)
	return nil
}

// Shutdown implements [sdktrace.SpanExporter].
func (e *exporter) Shutdown(context.Context) error { return nil }

// all returns the spans that were exported.
func (e *exporter) all() tree {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.spans)
}

// tree are spans.
type tree []sdktrace.ReadOnlySpan

// of returns the spans of a trace.
func (t tree) of(id trace.TraceID) tree {
	return slices.DeleteFunc(slices.Clone(t), func(s sdktrace.ReadOnlySpan) bool { return s.SpanContext().TraceID() != id })
}

// named returns the spans with a name, in the order of their starts.
func (t tree) named(name string) tree {
	all := slices.DeleteFunc(slices.Clone(t), func(s sdktrace.ReadOnlySpan) bool { return s.Name() != name })
	slices.SortFunc(all, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	return all
}

// linked returns the spans with a link to one of a trace.
func (t tree) linked(id trace.TraceID) (roots tree) {
	for _, s := range t {
		if slices.ContainsFunc(s.Links(), func(l sdktrace.Link) bool { return l.SpanContext.TraceID() == id }) {
			roots = append(roots, s)
		}
	}
	return roots
}

// paths returns of each span the names from the root to it. That of a span whose parent
// was not exported begins with the parent's id.
func (t tree) paths() (all []string) {
	byID := map[trace.SpanID]sdktrace.ReadOnlySpan{}
	for _, s := range t {
		byID[s.SpanContext().SpanID()] = s
	}
	for _, s := range t {
		var path []string
		for s != nil {
			path = append(path, s.Name())
			parent := s.Parent().SpanID()
			if s = byID[parent]; s == nil && parent.IsValid() {
				path = append(path, parent.String())
			}
		}
		slices.Reverse(path)
		all = append(all, strings.Join(path, " > "))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// text returns everything that the spans say.
func (t tree) text() string {
	var b strings.Builder
	for _, s := range t {
		fmt.Fprintln(&b, s.Name(), s.Attributes(), s.Status())
		for _, e := range s.Events() {
			fmt.Fprintln(&b, e.Name, e.Attributes)
		}
	}
	return b.String()
}
