package cases

import (
	"context"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/services/support"
)

// Desk is what support does at the admin address. It implements [operator.Cases].
type Desk struct{ service Service }

var _ operator.Cases = (*Desk)(nil)

// NewDesk returns a desk that asks s, nil as for [New].
func NewDesk(s Service) *Desk { return &Desk{s} }

// List implements [operator.Cases].
func (d *Desk) List(ctx context.Context, q operator.CaseQuery) (page []contract.SupportCase, next string, err error) {
	if d.service == nil {
		return nil, "", missing()
	}
	// One more than the page, to know whether it is the last.
	all, err := d.service.List(ctx, support.Filter{State: support.State(q.State), Assignee: q.Assignee, After: q.After, Limit: q.Limit + 1})
	if err != nil {
		return nil, "", err //nolint:wrapcheck // a fault
	}
	page = []contract.SupportCase{}
	for _, c := range all[:min(len(all), q.Limit)] {
		page = append(page, renderForSupport(c))
	}
	if len(all) > q.Limit {
		next = page[q.Limit-1].Id
	}
	return page, next, nil
}

// Get implements [operator.Cases].
func (d *Desk) Get(ctx context.Context, id string) (contract.SupportCase, error) {
	return d.shown(id, func(id string) (support.Case, error) { return d.service.Get(ctx, id, "") })
}

// Answer implements [operator.Cases].
func (d *Desk) Answer(ctx context.Context, c operator.CaseCommand, text string) (contract.SupportCase, error) {
	return d.shown(c.Case, func(id string) (support.Case, error) { return d.service.Answer(ctx, command(id, c), text) })
}

// Assign implements [operator.Cases].
func (d *Desk) Assign(ctx context.Context, c operator.CaseCommand, assignee string) (contract.SupportCase, error) {
	return d.shown(c.Case, func(id string) (support.Case, error) { return d.service.Assign(ctx, command(id, c), assignee) })
}

// Close implements [operator.Cases].
func (d *Desk) Close(ctx context.Context, c operator.CaseCommand) (contract.SupportCase, error) {
	return d.shown(c.Case, func(id string) (support.Case, error) { return d.service.Close(ctx, command(id, c)) })
}

// TextRules implements [operator.Cases].
func (d *Desk) TextRules(ctx context.Context, value any) []contract.FieldError {
	return TextRules(ctx, value)
}

func command(id string, c operator.CaseCommand) support.Command {
	return support.Command{Case: id, Key: c.Key, Author: support.Author{Side: support.Staff, ID: c.Operator}}
}

// shown asks about the case of an id and renders the answer.
func (d *Desk) shown(id string, ask func(id string) (support.Case, error)) (contract.SupportCase, error) {
	if d.service == nil {
		return contract.SupportCase{}, missing()
	}
	id, err := parseID(id)
	if err != nil {
		return contract.SupportCase{}, err
	}
	c, err := ask(id)
	if err != nil {
		return contract.SupportCase{}, answered(err)
	}
	return renderForSupport(c), nil
}

// renderForSupport renders a case with everything in it.
func renderForSupport(c support.Case) contract.SupportCase {
	out := contract.SupportCase{
		Id: c.ID, OrderId: c.Order, CustomerId: orders.Optional(c.Customer), Subject: c.Subject, State: contract.CaseState(c.State),
		Assignee: orders.Optional(c.Assignee), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
	if c.Messages == nil {
		return out
	}
	messages := []contract.SupportMessage{}
	for _, m := range c.Messages {
		messages = append(messages, contract.SupportMessage{Author: contract.CaseSide(m.Author.Side), By: orders.Optional(m.Author.ID), Text: m.Text, At: m.At})
	}
	out.Messages = &messages
	return out
}
