package worker

import (
	"context"

	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/worker/registry"
)

// WithLetters opens the database of a listening service for f, which gets the desk of its
// letters. o needs no other service.
func WithLetters(ctx context.Context, o Options, service string, f func(*waiting.Desk) error) error {
	return with(ctx, o, service, func(s *registry.Stores) error { return f(waiting.NewDesk(s.Own)) })
}
