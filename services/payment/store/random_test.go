package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/payment"
	"github.com/amends/amends/services/payment/outside"
	"github.com/amends/amends/services/payment/provider/simulator"
	"github.com/amends/amends/services/payment/transfer"
)

var tokens = []string{
	simulator.TokenVisa, simulator.TokenVisa, simulator.TokenDeclined, simulator.TokenSlow, simulator.TokenUnavailable,
	simulator.TokenTimeoutAfterCharge, simulator.TokenCaptureDeclined, simulator.TokenAuthExpired,
	simulator.TokenCaptureLost, simulator.TokenUnknown,
}

// run is one saga under a random schedule of steps, repeats and faults.
type run struct {
	*testBundle
	service *outside.Outside
	dying   *dying
	saga    string
	token   string
	answers map[string]any // first final answer of each do
	settled *bool
}

// once requires that every final answer of a do is the first one, or SUSPENDED.
func (r *run) once(t *rapid.T, do string, out any, err error) {
	f := fault.Of(err)
	if f != nil && f.Kind != fault.Business {
		if f.Kind == fault.Bug {
			require.Contains(t, []fault.Code{payment.NothingAuthorized, payment.NothingCaptured}, f.Code, "%s: %v", do, err)
		}
		return
	}
	answer := out
	if f != nil {
		answer = f.Code
	}
	if first, ok := r.answers[do]; ok {
		require.Equal(t, first, answer, do)
	}
	r.answers[do] = answer
}

func (r *run) authorize(t *rapid.T) {
	out, err := r.service.Authorize(t.Context(), authorizeKey(r.saga), payment.AuthorizeRequest{Amount: total, Token: r.token})
	r.once(t, "authorize", out, err)
}

func (r *run) capture(t *rapid.T) {
	out, err := r.service.Capture(t.Context(), captureKey(r.saga), payment.CaptureRequest{Amount: total})
	if r.settled != nil && !*r.settled {
		require.Error(t, err, "captured after it was settled as not happened")
	}
	r.once(t, "capture", out, err)
}

func (r *run) refund(t *rapid.T) {
	n := rapid.IntRange(0, 2).Draw(t, "refund")
	out, err := r.service.Refund(t.Context(), refundKey(r.saga, n), payment.RefundRequest{Amount: eur(total.Minor / 2)})
	r.once(t, fmt.Sprint("refund", n), out, err)
}

func (r *run) settle(t *rapid.T) error {
	_, happened, err := r.service.SettleCapture(t.Context(), captureKey(r.saga))
	if err != nil {
		return err
	}
	if r.settled != nil {
		require.Equal(t, *r.settled, happened)
	}
	r.settled = &happened
	return nil
}

// void follows the kernel's rule: only after the pivot was settled.
func (r *run) void(t *rapid.T) error {
	if err := r.settle(t); err != nil || *r.settled {
		return err
	}
	return r.service.Void(t.Context(), authorizeKey(r.saga))
}

// end lets everything heal and brings the saga to one of its two ends.
func (r *run) end(t *rapid.T) {
	r.wire.Heal()
	r.dying.before.Store(false)
	r.dying.after.Store(false)
	r.clock.Forward(2 * time.Minute)
	require.NoError(t, r.void(t))
	transfers, err := r.store.Transfers(t.Context())
	require.NoError(t, err)
	for _, tr := range transfers { // a refund on its way is retried until it is there
		if tr.Kind == transfer.Refund && tr.State == transfer.Intent {
			_, err := r.service.Refund(t.Context(), tr.Key, payment.RefundRequest{Amount: tr.Amount})
			require.NoError(t, err)
		}
	}
}

func TestAfterRandomRunsTheBooksAgreeRowByRow(t *testing.T) {
	t.Parallel()

	each(t, func(t *testing.T, b *testBundle) {
		rapid.Check(t, func(rt *rapid.T) {
			b.reset(rt)
			d := &dying{Store: b.store}
			r := &run{
				testBundle: b, service: outside.New(d, b.wire, outside.Options{}), dying: d,
				saga: "s", token: rapid.SampledFrom(tokens).Draw(rt, "token"),
				answers: map[string]any{},
			}
			calls := rapid.SampledFrom([]call{authorize, capture, void, refund, find, forbid})
			rt.Repeat(map[string]func(*rapid.T){
				"authorize": r.authorize,
				"capture":   r.capture,
				"refund":    r.refund,
				"settle":    func(t *rapid.T) { _ = r.settle(t) },
				"void":      func(t *rapid.T) { _ = r.void(t) },
				"lose":      func(t *rapid.T) { b.wire.Lose(calls.Draw(t, "call"), 1) },
				"down":      func(t *rapid.T) { b.wire.Down(calls.Draw(t, "call"), 1) },
				"dieBefore": func(*rapid.T) { d.before.Store(true) },
				"dieAfter":  func(*rapid.T) { d.after.Store(true) },
				"wait":      func(*rapid.T) { b.clock.Forward(time.Minute) },
			})
			r.end(rt)
			r.requireEnded(rt)
		})
	})
}

// requireEnded requires that the books agree, that nothing is held, and that money
// was taken only if the capture was settled as happened.
func (r *run) requireEnded(t *rapid.T) {
	r.requireBooksAgree(t.Context(), t)
	want := []payment.State{payment.Declined, payment.Voided}
	if *r.settled {
		want = []payment.State{payment.Captured, payment.Refunded}
	}
	payments, err := r.store.Payments(t.Context())
	require.NoError(t, err)
	for _, p := range payments {
		require.Contains(t, want, p.State)
	}
}
