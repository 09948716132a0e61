// Package orders places, reads, cancels, repairs and acknowledges orders by calling
// their Temporal workflows. It knows neither HTTP nor a database.
//
// # Placing
//
// Package place places an order once, however often the request is repeated.
//
// # Reading
//
// Package read reads an order, package repair lets operators repair one, and package refund
// pays back; [Client] has the methods of all four. The order's workflow answers, or the
// record of an order without one, and the engine adds the attempts that run right now.
// While no worker answers, the engine's own description of the workflow is the answer.
//
// # Errors
//
// A refusal, and an engine that does not answer, are faults: a [fault.Error] with a
// code and a message that a client may see. Its cause is for logs. Every other error
// is a bug.
package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/amends/amends/internal/orders/admission"
	"github.com/amends/amends/internal/orders/attribute"
	"github.com/amends/amends/internal/orders/call"
	"github.com/amends/amends/internal/orders/place"
	"github.com/amends/amends/internal/orders/pollers"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/internal/orders/records"
	"github.com/amends/amends/internal/orders/refund"
	"github.com/amends/amends/internal/orders/repair"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows"
)

// Config configures a [Client]. Start from [DefaultConfig].
type Config struct {
	// Queue is the task queue of the order service's workers, which run the order
	// workflow. It has no default.
	Queue string
	// Namespace is the client's Temporal namespace, where [Client.Ready] looks for
	// the search attributes. Default "default".
	Namespace string
	// Queues are the task queues of all services, whose backlog is watched. Empty: none.
	Queues []string
	// Admission bounds the placements in flight. Default: [admission.DefaultConfig].
	Admission admission.Config
	// Style is that of the orders whose placement names none. Default: orchestrated.
	Style order.Style
	// Placed is called for each order that is new, with its style and the time until it was
	// stored. It must not block. Nil: no one counts.
	Placed func(style string, took time.Duration)
	// DecideAfter is how long an order may stay undecided before it is cancelled.
	// Default 10 min.
	DecideAfter time.Duration
	// Express lets the worker of a new order's workflow make the first try of its steps,
	// see [workflows.ExpressSteps]. Default false.
	Express bool
	// Records has the order service's records, in which a placement finds that its order
	// is stored. Nil: it asks the order's workflow.
	Records Records
	// Retry has a service try its step of a choreographed order again. Nil: that is not
	// available.
	Retry Retrier
	// PlacementTimeout is how long a placement waits until the order is stored; then
	// its error is [place.PlacementUnknown]. Default 10 s.
	PlacementTimeout time.Duration
	// QueryTimeout is how long an order's workflow may take to answer. Questions to
	// the engine after that take at most half as long again. Default 1 s.
	QueryTimeout time.Duration
	// CancelTimeout is how long a cancel waits for its effect. Default 5 s.
	CancelTimeout time.Duration
	// RepairTimeout is how long a repair, or a refund, waits for its effect. Default 5 s.
	RepairTimeout time.Duration
	// DataConverter reads the inputs of workflows from histories. It must be the
	// Temporal client's. Nil is the SDK's default.
	DataConverter converter.DataConverter
	// Now is the clock. Nil is [time.Now].
	Now func() time.Time
}

// DefaultConfig returns the defaults; Queue is left to set.
func DefaultConfig() Config {
	return Config{
		Namespace:        "default",
		Admission:        admission.DefaultConfig(),
		DecideAfter:      10 * time.Minute,
		PlacementTimeout: 10 * time.Second,
		QueryTimeout:     time.Second,
		CancelTimeout:    5 * time.Second,
		RepairTimeout:    5 * time.Second,
	}
}

// Validate returns every problem at once, or nil.
func (c Config) Validate() error {
	var problems []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	between := func(name string, d, low, high time.Duration) {
		check(d >= low && d <= high, "%s %s is not between %s and %s", name, d, low, high)
	}
	check(c.Queue != "", "order queue is missing")
	check(c.Namespace != "", "namespace is missing")
	between("decide-after", c.DecideAfter, time.Second, 30*24*time.Hour)
	between("placement timeout", c.PlacementTimeout, 100*time.Millisecond, 30*time.Second)
	between("query timeout", c.QueryTimeout, 10*time.Millisecond, 1300*time.Millisecond) // a read is answered within 2 s
	between("cancel timeout", c.CancelTimeout, 100*time.Millisecond, 30*time.Second)
	between("repair timeout", c.RepairTimeout, 100*time.Millisecond, 30*time.Second)
	return errors.Join(append(problems, c.Admission.Validate())...)
}

// Records are the order service's records.
type Records = records.Records

// Retrier has a service try its step of a choreographed order again.
type Retrier = repair.Retrier

// Client asks an engine about orders. It is safe for concurrent use.
type Client struct {
	*place.Placer
	*read.Reader
	*repair.Repairs
	*refund.Refunds

	engine  *call.Engine
	records *records.Reader
	pollers *pollers.Pollers
	gate    *admission.Gate
	config  Config
}

// New returns a client that asks t. It does not validate c, see [Config.Validate].
func New(c Config, t client.Client) *Client {
	if c.DataConverter == nil {
		c.DataConverter = converter.GetDefaultDataConverter()
	}
	if c.Now == nil {
		c.Now = time.Now //nolint:forbidigo // for durations, and for workers of v0.1.0
	}
	if c.Placed == nil {
		c.Placed = func(string, time.Duration) {}
	}
	e := call.New(t, c.Now)
	recorded := records.New(c.Records, c.QueryTimeout)
	r := read.New(e, recorded, c.QueryTimeout, c.DataConverter)
	workers := pollers.New(e, c.Queue, c.Now)
	gate := admission.New(c.Admission, c.backlog(t).Estimate, c.Now)
	var express []string
	if c.Express {
		express = workflows.ExpressSteps()
	}
	p := place.New(e, r, recorded, workers, gate, place.Config{
		Queue: c.Queue, Express: express, Style: c.Style, Placed: c.Placed, DecideAfter: c.DecideAfter, Timeout: c.PlacementTimeout, PingTimeout: c.QueryTimeout, Now: c.Now,
	})
	return &Client{p, r, repair.New(e, r, recorded, c.Retry, repair.Config{Queue: c.Queue, Namespace: c.Namespace, Timeout: c.RepairTimeout, Payloads: c.DataConverter}), refund.New(e, r, c.Queue, c.RepairTimeout), e, recorded, workers, gate, c}
}

// backlog watches the steps of all services, and the decisions of the orders.
func (c Config) backlog(t client.Client) *admission.Backlog {
	var queues []admission.Queue
	for _, name := range c.Queues {
		queues = append(queues, admission.Queue{Name: name, Kind: enumspb.TASK_QUEUE_TYPE_ACTIVITY})
	}
	if len(queues) > 0 {
		queues = append(queues, admission.Queue{Name: c.Queue, Kind: enumspb.TASK_QUEUE_TYPE_WORKFLOW})
	}
	return admission.NewBacklog(func(ctx context.Context, r *workflowservice.DescribeTaskQueueRequest) (*workflowservice.DescribeTaskQueueResponse, error) {
		return t.WorkflowService().DescribeTaskQueue(ctx, r)
	}, c.Namespace, queues, c.Now)
}

// Admission returns how many placements are let in, and have been refused.
func (c *Client) Admission(ctx context.Context) admission.State { return c.gate.State(ctx) }

// Ready returns nil if the engine answers within a query timeout, its namespace has
// the search attributes of orders, it takes placements there, and a worker polls their
// queue; otherwise a fault with code UNAVAILABLE.
func (c *Client) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.config.QueryTimeout)
	defer cancel()
	if err := attribute.Check(ctx, c.engine, c.config.Namespace); err != nil {
		return err
	}
	if err := c.Able(ctx, c.config.Namespace); err != nil {
		return err
	}
	c.engine.Answered()
	if c.pollers.Silent(ctx, 0) {
		return call.Unavailable(fmt.Sprintf("No worker polls the task queue %q, on which orders start.", c.config.Queue), nil)
	}
	return nil
}
