package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/workflows"
)

// maxComplete bounds how long the engine may take to complete an answer. A run that
// is awaited may take minutes to end.
const maxComplete = 2 * time.Second

// Find returns an order as its workflow knows it or, if no worker answers, as the
// engine does, within one and a half query timeouts. Codes: NOT_FOUND, UNAVAILABLE.
func (c *Client) Find(ctx context.Context, id string) (Snapshot, error) {
	// Every reader of an order comes here. So acknowledgements, one more question, are
	// read only of flagged orders, whose flags they take down.
	view, err := c.ask(ctx, id, func(v workflows.OrderView) bool { return v.NeedsAttention })
	switch {
	case err == nil:
		return Snapshot{view, FromWorkflow}, nil
	case fault.CodeOf(err) == fault.NotFound:
		return Snapshot{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.QueryTimeout/2)
	defer cancel()
	found, err := c.describe(ctx, id)
	switch {
	case err == nil:
		return found, nil
	case isUnknownWorkflow(err):
		return Snapshot{}, notFound(err)
	default:
		return Snapshot{}, unavailable("The order cannot be read right now.", err)
	}
}

// Ask returns an order as its workflow knows it, with every acknowledgement. Its
// error is a fault with code NOT_FOUND, or means that no worker answers.
func (c *Client) Ask(ctx context.Context, id string) (workflows.OrderView, error) {
	return c.ask(ctx, id, func(workflows.OrderView) bool { return true })
}

// ask queries the order's workflow and completes its answer by the engine's, which may
// take half a query timeout, at most 2 s.
func (c *Client) ask(ctx context.Context, id string, acknowledged func(workflows.OrderView) bool) (workflows.OrderView, error) {
	view, err := c.query(ctx, id)
	if err != nil {
		if isUnknownWorkflow(err) {
			err = notFound(err)
		}
		return workflows.OrderView{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, min(c.config.QueryTimeout/2, maxComplete))
	defer cancel()
	decided := view.Status != workflows.StatusPending
	if !decided || view.NeedsAttention {
		c.observe(ctx, &view)
	}
	if decided && acknowledged(view) {
		c.addAcknowledged(ctx, &view)
	}
	return view, nil
}

// query asks the order's workflow, which answers also after it has closed.
func (c *Client) query(ctx context.Context, id string) (workflows.OrderView, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.QueryTimeout)
	defer cancel()
	var view workflows.OrderView
	answer, err := c.temporal.QueryWorkflow(ctx, workflows.WorkflowID(id), "", workflows.QueryOrder)
	if err != nil {
		return view, fmt.Errorf("query the order's workflow: %w", err)
	}
	c.alive()
	if err := answer.Get(&view); err != nil {
		return view, fmt.Errorf("read the query's answer: %w", err)
	}
	return view, nil
}

// addAcknowledged adds to a decided order the acknowledgements made since its
// workflow closed. Without an answer it adds nothing.
func (c *Client) addAcknowledged(ctx context.Context, view *workflows.OrderView) {
	var newest workflows.OrderView
	if err := c.temporal.GetWorkflow(ctx, workflows.AcknowledgementID(view.ID), "").Get(ctx, &newest); err == nil {
		view.Acknowledge(newest.Acknowledgements)
	}
}

func notFound(err error) error { return fault.Wrap(err, fault.Business, fault.NotFound, "") }

// isUnknownWorkflow reports whether the engine has no such workflow. A namespace
// that it does not know is another error.
func isUnknownWorkflow(err error) bool {
	var missing *serviceerror.NotFound
	return errors.As(err, &missing)
}
