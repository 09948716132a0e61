package rpc

import (
	"context"
	"math"

	"google.golang.org/grpc"

	"github.com/amends/amends/internal/rpc/wire"
	"github.com/amends/amends/services/support"
	pb "github.com/amends/amends/services/support/rpc/supportpb"
)

// Client calls the service over a connection. Every call needs a deadline.
type Client struct{ remote pb.SupportClient }

var _ support.Service = (*Client)(nil)

// NewClient returns a client on conn.
func NewClient(conn grpc.ClientConnInterface) *Client { return &Client{pb.NewSupportClient(conn)} }

// Open implements [support.Service].
func (c *Client) Open(ctx context.Context, o support.Opening) (support.Case, error) {
	by, err := toAuthor(o.Author)
	if err != nil {
		return support.Case{}, err
	}
	return had(c.remote.OpenCase(ctx, &pb.OpenCaseRequest{Order: o.Order, Key: o.Key, Author: by, Subject: o.Subject, Text: o.Text}))
}

// Get implements [support.Service].
func (c *Client) Get(ctx context.Context, id, order string) (support.Case, error) {
	return had(c.remote.GetCase(ctx, &pb.GetCaseRequest{Case: id, Order: order}))
}

// OfOrder implements [support.Service].
func (c *Client) OfOrder(ctx context.Context, order string) ([]support.Case, error) {
	out, err := c.remote.ListOrderCases(ctx, &pb.ListOrderCasesRequest{Order: order})
	if err != nil {
		return nil, err
	}
	return wire.Each(out.GetCases(), fromCase)
}

// List implements [support.Service].
func (c *Client) List(ctx context.Context, f support.Filter) ([]support.Case, error) {
	if err := f.Validate(); err != nil { // of a state that the contract does not have
		return nil, err
	}
	state, err := states.Number(f.State)
	if err != nil {
		return nil, err
	}
	limit := int32(min(f.Limit, math.MaxInt32)) //nolint:gosec // it is valid
	out, err := c.remote.ListCases(ctx, &pb.ListCasesRequest{State: state, Assignee: f.Assignee, After: f.After, Limit: limit})
	if err != nil {
		return nil, err
	}
	return wire.Each(out.GetCases(), fromCase)
}

// Answer implements [support.Service].
func (c *Client) Answer(ctx context.Context, cmd support.Command, text string) (support.Case, error) {
	in, err := toCommand(cmd)
	if err != nil {
		return support.Case{}, err
	}
	return had(c.remote.AnswerCase(ctx, &pb.AnswerCaseRequest{Command: in, Text: text}))
}

// Assign implements [support.Service].
func (c *Client) Assign(ctx context.Context, cmd support.Command, assignee string) (support.Case, error) {
	in, err := toCommand(cmd)
	if err != nil {
		return support.Case{}, err
	}
	return had(c.remote.AssignCase(ctx, &pb.AssignCaseRequest{Command: in, Assignee: assignee}))
}

// Close implements [support.Service].
func (c *Client) Close(ctx context.Context, cmd support.Command) (support.Case, error) {
	in, err := toCommand(cmd)
	if err != nil {
		return support.Case{}, err
	}
	return had(c.remote.CloseCase(ctx, &pb.CloseCaseRequest{Command: in}))
}

// had returns the case of an answer.
func had(out interface{ GetCase() *pb.Case }, err error) (support.Case, error) {
	if err != nil {
		return support.Case{}, err
	}
	return fromCase(out.GetCase())
}
