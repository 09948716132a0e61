// Package desk serves the dead letters of a process to operators.
package desk

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator/letters"
	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/database"
)

// Letters has the dead letters of services for the admin address of their process.
type Letters struct {
	// Services are the names of the services.
	Services []string
	// Desk returns that of a service; its error is a fault.
	Desk func(service string) (*waiting.Desk, error)
}

var _ letters.Desk = Letters{}

// Groups implements [letters.Desk]: a group has the name of its service.
func (l Letters) Groups() []string { return l.Services }

// Dead implements [letters.Desk].
func (l Letters) Dead(ctx context.Context, group, key string, after int64, limit int) (page []contract.DeadLetter, next int64, err error) {
	desk, err := l.Desk(group)
	if err != nil {
		return nil, 0, err
	}
	found, err := desk.List(ctx, waiting.Query{Group: group, Key: key, State: waiting.Parked, After: after, Limit: limit})
	if err != nil {
		return nil, 0, database.Fault(err) //nolint:wrapcheck // it names the operation
	}
	for _, l := range found.Letters {
		shown, err := deadLetter(l)
		if err != nil {
			return nil, 0, err
		}
		page = append(page, shown)
	}
	return page, found.Next, nil
}

// Redrive implements [letters.Desk].
func (l Letters) Redrive(ctx context.Context, d letters.Decision) (contract.LetterDecision, error) {
	return l.decide(d, func(desk *waiting.Desk, r waiting.Request) (waiting.Redrive, error) {
		made, _, err := desk.Redrive(ctx, r)
		return made, err //nolint:wrapcheck // decide
	})
}

// RedriveAll implements [letters.Desk].
func (l Letters) RedriveAll(ctx context.Context, d letters.Decision) (contract.Redrive, error) {
	desk, err := l.Desk(d.Group)
	if err != nil {
		return contract.Redrive{}, err
	}
	made, n, err := desk.Redrive(ctx, waiting.Request{
		Selection: waiting.Selection{Group: d.Group, Key: d.Key, All: d.Key == ""}, Reason: d.Reason, Operator: d.Operator, Rate: d.Rate,
	})
	if err != nil {
		return contract.Redrive{}, database.Fault(err) //nolint:wrapcheck // it names the operation
	}
	return redrive(waiting.Progress{Redrive: made, Items: map[string]int64{"requested": n}}), nil
}

// Progress implements [letters.Desk].
func (l Letters) Progress(ctx context.Context, group, id string) (contract.Redrive, error) {
	desk, err := l.Desk(group)
	if err != nil {
		return contract.Redrive{}, err
	}
	p, err := desk.Progress(ctx, id)
	switch {
	case err != nil:
		return contract.Redrive{}, database.Fault(err) //nolint:wrapcheck // it names the operation
	case p.Group != group:
		return contract.Redrive{}, fault.Errorf(fault.Business, fault.NotFound, "%s has no redrive %s", group, id)
	}
	return redrive(p), nil
}

// redrive returns how far a redrive is, as the contract shows it.
func redrive(p waiting.Progress) contract.Redrive {
	out := contract.Redrive{
		Id: p.ID, Group: p.Group, Selection: p.Selection, Reason: p.Reason, Operator: p.Operator, Rate: p.Rate, State: p.State,
		CreatedAt: p.CreatedAt.UTC(), Handled: p.Items["handled"], Failed: p.Items["failed"], Skipped: p.Items["skipped"],
	}
	for _, n := range p.Items {
		out.Requested += n
	}
	if p.EndedAt != nil {
		out.EndedAt = new(p.EndedAt.UTC())
	}
	if p.Failed != "" {
		out.FailedEvent = &p.Failed
	}
	return out
}

// Discard implements [letters.Desk].
func (l Letters) Discard(ctx context.Context, d letters.Decision) (contract.LetterDecision, error) {
	return l.decide(d, func(desk *waiting.Desk, r waiting.Request) (waiting.Redrive, error) {
		return desk.Discard(ctx, r) //nolint:wrapcheck // decide
	})
}

func (l Letters) decide(d letters.Decision, decide func(*waiting.Desk, waiting.Request) (waiting.Redrive, error)) (contract.LetterDecision, error) {
	desk, err := l.Desk(d.Group)
	if err != nil {
		return contract.LetterDecision{}, err
	}
	made, err := decide(desk, waiting.Request{
		Selection: waiting.Selection{Group: d.Group, ID: d.ID}, Reason: d.Reason, Operator: d.Operator, Rate: d.Rate,
	})
	if err != nil {
		return contract.LetterDecision{}, database.Fault(err) //nolint:wrapcheck // it names the operation
	}
	return contract.LetterDecision{
		Id: made.ID, Group: made.Group, Action: made.Action, EventId: d.ID, Reason: made.Reason, Operator: made.Operator,
		State: made.State, CreatedAt: made.CreatedAt.UTC(),
	}, nil
}

// deadLetter returns a letter as the contract shows it.
func deadLetter(l waiting.Letter) (contract.DeadLetter, error) {
	data, err := l.Data.MarshalJSON()
	if err != nil {
		return contract.DeadLetter{}, fmt.Errorf("show event %s: %w", l.ID, err)
	}
	shown := contract.DeadLetter{
		Id: l.ID, Group: l.Group, Type: l.Type, Key: l.Key, Urgent: l.Urgent, Attempts: l.Attempts,
		Code: string(l.Code), Message: l.Message, Since: l.Since.UTC(), TriedAt: l.TriedAt, Data: json.RawMessage(data),
	}
	// A letter that is no event, which is why it is dead, has no correlation.
	if e, err := event.Decode(l.Original()); err == nil && e.Correlation != "" {
		shown.CorrelationId = &e.Correlation
	}
	return shown, nil
}
