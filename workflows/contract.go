package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
)

// Names for callers. Histories record them, so they never change.
const (
	// PlaceOrder is the type name of the order workflow.
	PlaceOrder = "PlaceOrder"
	// UpdatePlace is the update that waits until the order is durable in the
	// order service's database. Its id is the constant [PlaceUpdateID].
	UpdatePlace = "place"
	// PlaceUpdateID is the id of every placement's update: the second call for one
	// order attaches to the first one's outcome.
	PlaceUpdateID = "place"
	// CancelUpdateID is the id of every customer's cancel: two cancels are one.
	CancelUpdateID = "cancel"
	// QueryOrder returns an [OrderView], also after the workflow closed.
	QueryOrder = "order"
)

// Search attributes of an order's workflow, declared here alone.
var (
	AttributeOrderStatus    = temporal.NewSearchAttributeKeyKeyword("AmendsOrderStatus") // PENDING, CONFIRMED, CANCELLED
	AttributeCustomer       = temporal.NewSearchAttributeKeyKeyword("AmendsCustomer")    // an opaque id
	AttributeNeedsAttention = temporal.NewSearchAttributeKeyBool("AmendsNeedsAttention")
)

// WorkflowID returns the id of an order's workflow.
func WorkflowID(orderID string) string { return "order-" + orderID }

// Types of the order's domain, for callers.
type (
	Placement = order.Placement
	Line      = order.Line
	Address   = order.Address
	Status    = order.Status
	Reason    = order.Reason
)

// The statuses of an order.
const (
	StatusPending   = order.Pending
	StatusConfirmed = order.Confirmed
	StatusCancelled = order.Cancelled
)

// ReasonCustomerRequest is the reason of a customer's cancel.
const ReasonCustomerRequest = order.CustomerRequest

// Input starts the order workflow. Beside the inputs of payment.authorize and
// shipping.book it is the only part of a history that may hold the customer's address
// or payment token.
type Input struct {
	OrderID   string    `json:"order_id"`
	Placement Placement `json:"placement"`
	// DecideAfter is how long the order may stay undecided, from the workflow's start;
	// see [Input.OnEngineClock]. Workers of v0.1.0 use Placement.DecideBy instead.
	DecideAfter time.Duration `json:"decide_after,omitzero"`
	// Express names the steps whose first try the order's own worker makes, see
	// [saga.Options.Express]; none: every step is durable at once.
	Express []string `json:"express,omitempty"`
	// Undo resumes an order whose workflow is lost: it is aborted unless its payment
	// was captured, see [saga.Options.Against].
	Undo bool `json:"undo,omitempty"`
	// Resumed is the request of the operator who has resumed it; nil: the doctor has.
	Resumed *saga.Repair `json:"resumed,omitempty"`
}

// ExpressSteps returns the names of the steps that a new order may take express.
func ExpressSteps() []string { return plan.Express() }

// OnEngineClock returns the input with the times of the order by the engine's clock:
// placed when the workflow started, to be decided DecideAfter later. The times in
// the input are the caller's, whose clock may be wrong. A reset keeps the start, so
// it begins no new period. An input of v0.1.0 has no DecideAfter and keeps its times:
// the history of its first run depends on them.
func (in Input) OnEngineClock(start time.Time) Input {
	if in.DecideAfter > 0 {
		at := start.UTC().Truncate(time.Microsecond) // the precision of the databases
		in.Placement.PlacedAt, in.Placement.DecideBy = at, at.Add(in.DecideAfter)
	}
	return in
}

// Resume returns the input that resumes an order whose workflow is lost. Like every
// run, it reads the waivers, and the reason for which the order was aborted, in the
// order's record. It has no payment token, which an undo does not need, nor an order
// that is paid.
func Resume(r order.Record) Input {
	return Input{OrderID: r.ID, Placement: r.Placement, Undo: true}
}

// PlaceRequest is the argument of [UpdatePlace].
type PlaceRequest struct {
	Fingerprint string `json:"fingerprint"`
	Nonce       string `json:"nonce"`
}

// PlaceResult is the outcome of [UpdatePlace]. It has the fingerprint and the nonce of
// the call that placed the order: a caller whose nonce differs made a replay, and a
// caller whose fingerprint differs used its key for another request.
type PlaceResult struct {
	Fingerprint string    `json:"fingerprint"`
	Nonce       string    `json:"nonce"`
	Order       OrderView `json:"order"`
}

// OrderView is an order with its saga, as operators see it; a client does not see
// the operators' texts. It is the result of the order workflow and the answer of
// [QueryOrder], and the record of a decided order keeps it.
type OrderView struct {
	ID             string           `json:"id"`
	CustomerID     string           `json:"customer_id"`
	Status         Status           `json:"status"`
	Style          order.Style      `json:"style,omitempty"`  // empty: orchestrated
	Origin         string           `json:"origin,omitempty"` // where it was imported from; only its record tells
	Reason         Reason           `json:"reason,omitempty"`
	Currency       money.Currency   `json:"currency"`
	Total          *money.Amount    `json:"total,omitempty"`    // once quoted
	Refunded       *money.Amount    `json:"refunded,omitempty"` // the part of it that was paid back
	Lines          []LineView       `json:"lines"`
	NeedsAttention bool             `json:"needs_attention"`
	Attention      []saga.Attention `json:"attention"`
	Waivers        []saga.Waiver    `json:"waivers"`
	Repairs        []saga.Repair    `json:"repairs"`
	Steps          []saga.StepView  `json:"steps"`
	Parcels        []ParcelView     `json:"parcels"`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
	// Acknowledgements are the reviews of flags, the oldest first; see [OrderView.Acknowledge].
	Acknowledgements []ledger.Acknowledgement `json:"acknowledgements,omitempty"`
}

// LineView is one line of an order; its unit price appears once quoted.
type LineView struct {
	SKU       string        `json:"sku"`
	Quantity  int64         `json:"quantity"`
	UnitPrice *money.Amount `json:"unit_price,omitempty"`
}

// ParcelView is one parcel of an order.
type ParcelView struct {
	Warehouse      string `json:"warehouse"`
	TrackingNumber string `json:"tracking_number"`
	State          string `json:"state"`
}

// CheckSkip refuses to give up on the undo of an order's step, as [saga.Plan.CheckSkip] does.
func CheckSkip(step, reference string) error {
	return plan.CheckSkip(step, reference) //nolint:wrapcheck // a fault
}

// Forward returns the names of the steps that take an order forward, and Back those that take it
// back, see [saga.Plan.Back]: of every style.
func Forward() []string { return plan.Forward() }

// Back is described at [Forward].
func Back() []string { return plan.Back() }

// Pivot returns the name of the step from which on an order only goes forward.
func Pivot() string { return plan.Pivot() }
