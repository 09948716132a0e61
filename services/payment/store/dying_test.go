package store_test

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/payment"
)

var errDied = errors.New("the process died")

// dying is a store whose process dies just before, or just after, it commits
// the answer of the provider.
type dying struct {
	payment.Store
	before, after atomic.Bool // the next time; then never again
}

func die[Out any](d *dying, commit func() (Out, error)) (Out, error) {
	var nothing Out
	if d.before.Swap(false) {
		return nothing, errDied
	}
	out, err := commit()
	if d.after.Swap(false) {
		return nothing, errDied
	}
	return out, err
}

func dieErr(d *dying, commit func() error) error {
	_, err := die(d, func() (struct{}, error) { return struct{}{}, commit() })
	return err
}

func (d *dying) ConcludeAuthorize(ctx context.Context, k key.Key, in payment.Intended, ref string) (payment.Authorization, error) {
	return die(d, func() (payment.Authorization, error) { return d.Store.ConcludeAuthorize(ctx, k, in, ref) })
}

func (d *dying) ConcludeCapture(ctx context.Context, k key.Key, in payment.Intended, ref string) (payment.Capture, error) {
	return die(d, func() (payment.Capture, error) { return d.Store.ConcludeCapture(ctx, k, in, ref) })
}

func (d *dying) ConcludeRefund(ctx context.Context, k key.Key, in payment.Intended, ref string) (payment.Refund, error) {
	return die(d, func() (payment.Refund, error) { return d.Store.ConcludeRefund(ctx, k, in, ref) })
}

func (d *dying) RefuseAuthorize(ctx context.Context, k key.Key, f *fault.Error) error {
	return dieErr(d, func() error { return d.Store.RefuseAuthorize(ctx, k, f) })
}

func (d *dying) RefuseCapture(ctx context.Context, k key.Key, f *fault.Error) error {
	return dieErr(d, func() error { return d.Store.RefuseCapture(ctx, k, f) })
}

func (d *dying) EndVoid(ctx context.Context, k key.Key) error {
	return dieErr(d, func() error { return d.Store.EndVoid(ctx, k) })
}

func (d *dying) BlockAuthorize(ctx context.Context, k key.Key) error {
	return dieErr(d, func() error { return d.Store.BlockAuthorize(ctx, k) })
}

func (d *dying) BlockCapture(ctx context.Context, k key.Key) error {
	return dieErr(d, func() error { return d.Store.BlockCapture(ctx, k) })
}
