package key

import "context" //nolint:depguard // of the services that are asked, not of workflows

// Tried says whether the step of a key that is settled may have been tried before. Records that
// lack it are trusted the more, the less it may have been.
type Tried int

const (
	// Unsaid is for callers that do not know.
	Unsaid Tried = iota
	// Never is for the first run of a saga, in which the step did not start.
	Never
	// Maybe is for a run that has started the step, or that follows another one, such as a
	// saga that is resumed or reset.
	Maybe
)

type triedKey struct{}

// WithTried returns a context that carries t.
func WithTried(ctx context.Context, t Tried) context.Context {
	return context.WithValue(ctx, triedKey{}, t)
}

// TriedOf returns what ctx carries.
func TriedOf(ctx context.Context) Tried {
	t, _ := ctx.Value(triedKey{}).(Tried)
	return t
}
