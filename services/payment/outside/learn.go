package outside

import (
	"context"
	"time"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/provider"
)

// authorizing is the step whose money a capture takes.
const authorizing = "payment.authorize"

// young is the age of a payment below which its books count as whole while the provider does not
// answer and the caller does not know more: no backup that was restored is so recent that an
// operator has settled the order since.
const young = time.Hour

// learn records a capture that the provider has made and our books do not have. No call is made
// without an intent, so they have lost it, as the restore of an older backup does: a settle
// would block the capture, and the saga undo an order that is paid.
//
// The provider is asked only where our books may have lost one: a saga whose first run has not
// started the capture has none, so that an outage of the provider holds no stock of refused
// orders. Of a saga that has tried it, or may have in a run before, no payment is so young that
// a failover cannot have lost its last seconds: it waits for the answer. A caller that does not
// know which of them it is, as a choreographed order, does not wait for that of a young payment.
func (o *Outside) learn(ctx context.Context, k key.Key) error {
	tried := key.TriedOf(ctx)
	if tried == key.Never {
		return nil
	}
	hold := key.Key{Saga: k.Saga, Step: authorizing}
	b, err := o.store.Known(ctx, k, hold)
	if err != nil || b.Recorded || b.Payment.State == payment.Declined || b.Payment.State == payment.Voided {
		return err
	}
	taken, found, err := o.find(ctx, k)
	switch {
	case err != nil && tried == key.Unsaid && b.Payment.ID != "" && b.Age < young:
		return nil
	case err != nil || !found || taken.State != provider.Captured:
		return err
	case taken.Target != hold.String():
		return fault.Errorf(fault.Bug, fault.Conflict, "the provider has taken money of %s for %s", taken.Target, k)
	}
	if err := o.learnHold(ctx, hold, b.Payment); err != nil {
		return err
	}
	t, err := o.store.IntendCapture(ctx, k, payment.CaptureRequest{Amount: taken.Amount})
	if err != nil || t.Done {
		return err
	}
	_, err = o.store.ConcludeCapture(ctx, k, t.Intended, taken.Reference)
	return err
}

// learnHold records the authorization that was captured, of which our books have p.
func (o *Outside) learnHold(ctx context.Context, k key.Key, p payment.Payment) error {
	if p.ID != "" && p.State != payment.Intent {
		return nil
	}
	held, found, err := o.find(ctx, k)
	switch {
	case err != nil:
		return err
	case !found:
		return fault.Errorf(fault.Bug, fault.Conflict, "the provider has taken money of %s, which it does not have", k)
	case p.ID != "":
		_, err := o.store.ConcludeAuthorize(ctx, k, payment.Intended{}, held.Reference)
		return err
	}
	return o.store.LearnAuthorize(ctx, k, held.Amount, held.Reference)
}
