// Package cases answers the operations on cases: of customers about their orders, and of
// support. It asks the support service; whose an order is, package orders knows.
package cases

import (
	"context"

	"github.com/google/uuid"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/edge/caller"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/orders/read"
	"github.com/amends/amends/services/support"
)

// Service is the support service; see [support.Service].
type Service = support.Service

// Orders finds orders for those who may see them; see [orders.Access].
type Orders interface {
	// Find returns an order for its owner, or for support; Own for its owner alone.
	Find(ctx context.Context, id string) (read.Snapshot, error)
	Own(ctx context.Context, id string) (read.Snapshot, error)
}

// Handlers answers the operations of customers. Who may read the order may read its cases,
// and only its owner writes.
type Handlers struct {
	service Service
	orders  Orders
}

// New returns handlers that ask s about orders of o. s is nil in a server that is not
// configured where the service is: every request that may be made is answered UNAVAILABLE.
func New(s Service, o Orders) *Handlers { return &Handlers{s, o} }

// may returns the order and the case of a request, "" for none, whose caller access lets in.
func (h *Handlers) may(ctx context.Context, access func(context.Context, string) (read.Snapshot, error), order, id string) (string, string, error) {
	order, err := orders.ParseID(order)
	if err != nil {
		return "", "", err //nolint:wrapcheck // a problem
	}
	if _, err := access(ctx, order); err != nil {
		return "", "", err
	}
	if h.service == nil {
		return "", "", missing()
	}
	if id != "" {
		id, err = parseID(id)
	}
	return order, id, err
}

// author returns the caller as the author of a command.
func author(ctx context.Context) support.Author {
	return support.Author{Side: support.Customer, ID: caller.From(ctx).Account}
}

// ListOrderCases returns the cases of an order.
func (h *Handlers) ListOrderCases(ctx context.Context, r contract.ListOrderCasesRequestObject) (contract.ListOrderCasesResponseObject, error) {
	order, _, err := h.may(ctx, h.orders.Find, r.Id, "")
	if err != nil {
		return nil, err
	}
	all, err := h.service.OfOrder(ctx, order)
	if err != nil {
		return nil, answered(err)
	}
	out := contract.ListOrderCases200JSONResponse{Cases: []contract.Case{}}
	for _, c := range all {
		out.Cases = append(out.Cases, render(c))
	}
	return out, nil
}

// GetOrderCase returns a case with its messages.
func (h *Handlers) GetOrderCase(ctx context.Context, r contract.GetOrderCaseRequestObject) (contract.GetOrderCaseResponseObject, error) {
	order, id, err := h.may(ctx, h.orders.Find, r.Id, r.Case)
	if err != nil {
		return nil, err
	}
	c, err := h.service.Get(ctx, id, order)
	if err != nil {
		return nil, answered(err)
	}
	return contract.GetOrderCase200JSONResponse(render(c)), nil
}

// OpenCase opens a case.
func (h *Handlers) OpenCase(ctx context.Context, r contract.OpenCaseRequestObject) (contract.OpenCaseResponseObject, error) {
	order, _, err := h.may(ctx, h.orders.Own, r.Id, "")
	if err != nil {
		return nil, err
	}
	c, err := h.service.Open(ctx, support.Opening{
		Order: order, Key: r.Params.IdempotencyKey, Author: author(ctx), Subject: r.Body.Subject, Text: r.Body.Text,
	})
	if err != nil {
		return nil, answered(err)
	}
	at := "/v1/orders/" + order + "/cases/" + c.ID
	return contract.OpenCase201JSONResponse{Body: render(c), Headers: contract.OpenCase201ResponseHeaders{Location: &at}}, nil
}

// AnswerOrderCase writes another message.
func (h *Handlers) AnswerOrderCase(ctx context.Context, r contract.AnswerOrderCaseRequestObject) (contract.AnswerOrderCaseResponseObject, error) {
	order, id, err := h.may(ctx, h.orders.Own, r.Id, r.Case)
	if err != nil {
		return nil, err
	}
	c, err := h.service.Answer(ctx, support.Command{Case: id, Order: order, Key: r.Params.IdempotencyKey, Author: author(ctx)}, r.Body.Text)
	if err != nil {
		return nil, answered(err)
	}
	return contract.AnswerOrderCase200JSONResponse(render(c)), nil
}

// CloseOrderCase closes a case.
func (h *Handlers) CloseOrderCase(ctx context.Context, r contract.CloseOrderCaseRequestObject) (contract.CloseOrderCaseResponseObject, error) {
	order, id, err := h.may(ctx, h.orders.Own, r.Id, r.Case)
	if err != nil {
		return nil, err
	}
	c, err := h.service.Close(ctx, support.Command{Case: id, Order: order, Key: r.Params.IdempotencyKey, Author: author(ctx)})
	if err != nil {
		return nil, answered(err)
	}
	return contract.CloseOrderCase200JSONResponse(render(c)), nil
}

// parseID returns a case's id in its one spelling, or NOT_FOUND.
func parseID(s string) (string, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != len(id.String()) {
		return "", noCase()
	}
	return id.String(), nil
}

func noCase() error { return problem.New(fault.NotFound, "There is no such case.") }

func missing() error {
	return problem.New(fault.Unavailable, "The support service is not configured here.")
}

// answered returns an error of the service as it is answered. A command has a key, so an
// unknown outcome is one that a repeat finds out.
func answered(err error) error {
	switch fault.KindOf(err) {
	case fault.Transient, fault.Unknown:
		return &problem.Problem{Code: fault.Unavailable, Detail: "Cases cannot be reached right now. Repeat the request with the same Idempotency-Key.", Cause: err}
	default:
		return err
	}
}

// render renders a case for its customer, who does not see the names of support.
func render(c support.Case) contract.Case {
	out := contract.Case{
		Id: c.ID, OrderId: c.Order, Subject: c.Subject, State: contract.CaseState(c.State), CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
	if c.Messages == nil {
		return out
	}
	messages := []contract.CaseMessage{}
	for _, m := range c.Messages {
		messages = append(messages, contract.CaseMessage{Author: contract.CaseSide(m.Author.Side), Text: m.Text, At: m.At})
	}
	out.Messages = &messages
	return out
}
