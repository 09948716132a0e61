package activities

import (
	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

// Steps of the order service. They are local: its worker runs the workflow.
var (
	// CreateOrder makes the order durable. It has no undo: an order that exists
	// ends by ConfirmOrder or CancelOrder.
	CreateOrder = saga.Step[order.Placement, order.Record]{
		Name: "order.create", Kind: saga.Recorded,
		Summary: func(order.Placement) string { return "make the order durable" },
	}
	// ConfirmOrder is the last step of an order that goes well.
	ConfirmOrder = saga.Step[order.Closing, order.Record]{
		Name: "order.confirm", Kind: saga.Closing,
		Summary: func(order.Closing) string { return "confirm the order" },
	}
	// CancelOrder is the last step of one that does not.
	CancelOrder = saga.Step[order.Closing, order.Record]{
		Name: "order.cancel", Kind: saga.Closing,
		Summary: func(c order.Closing) string { return "cancel the order: " + string(c.Reason) },
	}
)

// BindOrder binds the order service's steps.
func BindOrder(r saga.Registry, s order.Service) {
	saga.Bind(r, CreateOrder, s.Create, nil)
	saga.Bind(r, ConfirmOrder, s.Confirm, nil)
	saga.Bind(r, CancelOrder, s.Cancel, nil)
}
