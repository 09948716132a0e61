package activities

import (
	"context"
	"fmt"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/services/order"
)

// Steps of the order service in the saga of a refund. They are local, too.
var (
	// OpenRefund records that money of the order is to be paid back, before it is.
	OpenRefund = saga.Step[order.RefundOpening, saga.None]{
		Name: "order.open_refund", Kind: saga.Recorded,
		Summary: func(o order.RefundOpening) string { return "record a refund of " + o.Amount.String() },
	}
	// NoteRefund records the flags and the repairs of a refund's saga with the order. Like
	// [NoteOrder] it is not part of the saga's plan.
	NoteRefund = saga.Step[order.RefundNote, saga.None]{
		Name: "order.note_refund", Kind: saga.Recorded,
		Summary: func(n order.RefundNote) string { return fmt.Sprintf("%d steps need attention", len(n.Attention)) },
	}
	// CloseRefund is the last step of a refund that was made.
	CloseRefund = saga.Step[order.RefundClosing, saga.None]{
		Name: "order.close_refund", Kind: saga.Closing,
		Summary: func(order.RefundClosing) string { return "record that the refund is made" },
	}
	// RefuseRefund is the last step of a refund that was not.
	RefuseRefund = saga.Step[order.RefundClosing, saga.None]{
		Name: "order.refuse_refund", Kind: saga.Closing,
		Summary: func(order.RefundClosing) string { return "record that the refund is refused" },
	}
)

// bindOrderRefunds binds these steps.
func bindOrderRefunds(r saga.Registry, s order.Service) {
	bindNothing(r, OpenRefund, s.OpenRefund)
	bindNothing(r, NoteRefund, s.NoteRefund)
	bindNothing(r, CloseRefund, s.CloseRefund)
	bindNothing(r, RefuseRefund, s.CloseRefund)
}

// bindNothing binds a step that answers nothing and has no undo.
func bindNothing[In any](r saga.Registry, step saga.Step[In, saga.None], do func(context.Context, saga.Key, In) error) {
	saga.Bind(r, step, func(ctx context.Context, k saga.Key, in In) (saga.None, error) { return saga.None{}, do(ctx, k, in) }, nil)
}
