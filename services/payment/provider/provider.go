package provider

import (
	"context"
	"errors"

	"github.com/amends/amends/internal/money"
)

// The errors that prove what happened. After any other error,
// [context.DeadlineExceeded] included, the call may have taken effect and the
// caller has to [Provider.Find] out.
var (
	// ErrUnavailable: the provider did nothing; it may later.
	ErrUnavailable = errors.New("the payment provider is unavailable")
	// ErrForbidden: Forbid ruled the key out; it never has an effect.
	ErrForbidden = errors.New("the key is forbidden at the payment provider")
	// ErrKeyReused: the key already names another request.
	ErrKeyReused = errors.New("the key names another request at the payment provider")
	// ErrNotFound: there is no effect under the key to act on.
	ErrNotFound = errors.New("nothing to act on at the payment provider")
	// ErrCaptured: the money was captured, so a void comes too late.
	ErrCaptured = errors.New("the authorization is captured at the payment provider")
	// ErrInvalid: the request makes no sense to any provider.
	ErrInvalid = errors.New("the payment provider cannot read the request")
)

// Authorization asks to hold an amount.
type Authorization struct {
	Key    string
	Amount money.Amount
	Token  string // names the customer's card; a secret
}

// String omits the token, so that no log line leaks it.
func (a Authorization) String() string { return a.Key + " " + a.Amount.String() }

// Capture asks to capture an authorization, or a part of it; the rest is released.
type Capture struct {
	Key           string
	Authorization string // the key it was made under
	Amount        money.Amount
}

// Refund asks to pay back all or a part of a capture.
type Refund struct {
	Key     string
	Capture string // the key it was made under
	Amount  money.Amount
}

// Provider moves money. Every method honours ctx's deadline, may be called at
// any time any number of times, and may fail with [ErrUnavailable].
type Provider interface {
	// Authorize holds an amount: the effect is authorized, or declined. A repeat
	// returns the effect as it stands now, which may be captured or voided. It
	// fails with [ErrForbidden], [ErrKeyReused] or [ErrInvalid].
	Authorize(ctx context.Context, a Authorization) (Effect, error)

	// Capture takes held money: the effect is captured, or declined. An expired or
	// voided authorization is declined with [AuthorizationExpired]. It fails with
	// [ErrForbidden], [ErrKeyReused], [ErrNotFound] if there is no such
	// authorization, and [ErrInvalid] if it holds less or was captured by another key.
	Capture(ctx context.Context, c Capture) (Effect, error)

	// Void releases the authorization under key. It succeeds also if no money is held
	// any more: voided, expired or declined. It fails with [ErrCaptured], or
	// [ErrNotFound] if the key has no authorization.
	Void(ctx context.Context, key string) error

	// Refund pays back: the effect is refunded, or declined with
	// [RefundExceedsCapture]. It fails with [ErrForbidden], [ErrKeyReused], and
	// [ErrNotFound] if there is no such capture.
	Refund(ctx context.Context, r Refund) (Effect, error)

	// Find returns the effect under key, a declined one included, and whether
	// there is one. A forbidden key has none.
	Find(ctx context.Context, key string) (Effect, bool, error)

	// Forbid makes sure that key has no effect, now and for ever, and returns false;
	// or, if it has one, changes nothing and returns it with true, as Find.
	Forbid(ctx context.Context, key string) (Effect, bool, error)
}
